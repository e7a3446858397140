// The run's faults at their hooks: who is asked, in which order, and what their answers come to.

#include <cerrno>

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

struct Log {
  std::vector<std::string> calls;
};

class Talker final : public Fault {
 public:
  Talker(Log& log, std::string name, std::uint32_t points, bool fails, bool transient)
      : log_(log), name_(std::move(name)), points_(points), fails_(fails), transient_(transient) {}
  std::uint32_t points() const override { return points_; }
  bool fail_alloc(const AllocHook& hook) override {
    log_.calls.push_back(name_ + (hook.slab() ? ":slab " + std::string(hook.cache) : ":page") +
                         " " + hook.task.comm + (hook.task.stack.empty() ? "" : " in ") +
                         (hook.task.stack.empty() ? "" : hook.task.stack.back()));
    ++counters_.asked;
    return fails_;
  }
  BioAnswer at_bio(const BioHook& hook) override {
    log_.calls.push_back(name_ + ":bio " + hook.device);
    return {3 * ms, fails_};
  }
  std::optional<LockDemand> at_lock(const LockHook& hook) override {
    log_.calls.push_back(name_ + ":lock " + hook.syscall);
    if (!fails_) return std::nullopt;
    return LockDemand{name_, false};
  }
  bool transient() const override { return transient_; }

 private:
  Log& log_;
  const std::string name_;
  const std::uint32_t points_;
  const bool fails_, transient_;
};

TEST(Hooks, AskEachFaultInOrderUntilOneFailsTheRequest) {
  Log log;
  MachineSpec spec;
  spec.faults.push_back(std::make_unique<Talker>(log, "a", hook_alloc, false, true));
  spec.faults.push_back(std::make_unique<Talker>(log, "b", hook_bio, true, true));
  spec.faults.push_back(std::make_unique<Talker>(log, "c", hook_alloc, true, true));
  spec.faults.push_back(std::make_unique<Talker>(log, "d", hook_alloc, true, true));
  Machine m(std::move(spec));
  m.kernel([&] {
    const Frame frame(m.core.current(), "do_something");
    const std::uint64_t slow = m.counters().slow_path;
    EXPECT_EQ(m.memory.alloc_pages(site::mm_vma), no_page);
    EXPECT_EQ(log.calls, (std::vector<std::string>{"a:page kern in do_something",
                                                   "c:page kern in do_something"}));
    EXPECT_EQ(m.counters().slow_path, slow) << "before the allocator is entered";
    EXPECT_EQ(m.counters().questions, 0u);
    log.calls.clear();
    EXPECT_FALSE(static_cast<bool>(m.memory.kmalloc(64, site::mm_vma)));
    EXPECT_EQ(log.calls.size(), 2u);
    EXPECT_EQ(log.calls[0], "a:slab kmalloc-64 kern in do_something");
    EXPECT_TRUE(m.memory.hooks().listens(hook_bio));
    EXPECT_FALSE(m.memory.hooks().listens(hook_lock));
    EXPECT_FALSE(m.memory.failures().settle_syscall(m.core.current(), "x", -ENOMEM));
  });
  m.core.run();
  EXPECT_EQ(m.counters().enomem[static_cast<std::size_t>(Cause::injected)], 1u);
  const auto counters = m.memory.hooks().counters();
  ASSERT_EQ(counters.size(), 4u);
  EXPECT_EQ(counters[0].asked, 2u);
  EXPECT_EQ(counters[3].asked, 0u);
}

TEST(Hooks, AddUpWhatABioMeets) {
  Log log;
  MachineSpec spec;
  spec.faults.push_back(std::make_unique<Talker>(log, "a", hook_bio, true, true));
  spec.faults.push_back(std::make_unique<Talker>(log, "b", hook_bio, false, true));
  Machine m(std::move(spec));
  m.kernel([&] {
    BioHook hook;
    hook.device = "disk";
    const BioAnswer answer = m.memory.hooks().at_bio(hook);
    EXPECT_EQ(answer.delay, 6 * ms);
    EXPECT_TRUE(answer.fail);
  });
  m.core.run();
  EXPECT_EQ(log.calls, (std::vector<std::string>{"a:bio disk", "b:bio disk"}));
}

TEST(Hooks, StopTheTransientOnesWhenTheRunSettles) {
  Log log;
  MachineSpec spec;
  spec.faults.push_back(std::make_unique<Talker>(log, "passing", hook_alloc, true, true));
  spec.faults.push_back(std::make_unique<Talker>(log, "sticky", hook_lock, true, false));
  spec.faults.push_back(std::make_unique<Talker>(log, "stays", hook_alloc, false, false));
  Machine m(std::move(spec));
  m.kernel([&] {
    EXPECT_EQ(m.memory.hooks().at_lock(LockPoint::syscall, "mkdir").size(), 1u);
    m.memory.hooks().stop_transient();
    EXPECT_TRUE(m.memory.hooks().listens(hook_alloc));
    EXPECT_NE(m.memory.alloc_pages(site::mm_vma), no_page);
    const auto demands = m.memory.hooks().at_lock(LockPoint::exit_mm);
    ASSERT_EQ(demands.size(), 1u);
    EXPECT_EQ(demands[0].lock, "sticky");
  });
  m.core.run();
  EXPECT_EQ(log.calls, (std::vector<std::string>{"sticky:lock mkdir", "stays:page kern",
                                                 "sticky:lock "}));
}

TEST(Hooks, PutEachDrawIntoTheHash) {
  std::uint64_t hashes[2];
  for (const bool fails : {false, true}) {
    Log log;
    MachineSpec spec;
    spec.faults.push_back(std::make_unique<Talker>(log, "a", hook_bio, fails, true));
    Machine m(std::move(spec));
    m.kernel([&] { static_cast<void>(m.memory.hooks().at_bio({})); });
    m.core.run();
    hashes[fails] = m.core.hash();
  }
  EXPECT_NE(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace brink::test
