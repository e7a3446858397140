// Mempools: the allocator first, then the reserve, then waiting for what others give back.

#include "sim/mm/mempool.hpp"

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// While it is on, requests of one site fail, and their masks are kept.
class Refusing final : public Fault {
 public:
  struct State {
    bool on = false;
    std::vector<Gfp> masks;
  };
  explicit Refusing(State& state) : state_(state) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return true; }
  bool fail_alloc(const AllocHook& hook) override {
    if (!state_.on) return false;
    state_.masks.push_back(hook.gfp);
    return true;
  }

 private:
  State& state_;
};

class World {
 public:
  explicit World(MempoolSpec spec = {.name = "test", .min_nr = 3, .kmalloc = 100},
                 Rules rules = linux_4_0_rules(), std::uint32_t cpus = 2)
      : m(machine(rules, cpus)), pool(m.memory, std::move(spec)) {
    m.kernel([this] {
      ASSERT_TRUE(pool.fill(site::kernel_boot));
      refusing.on = true;
    });
  }
  void task(Nanos after, std::function<void()> body) {
    m.kernel([this, after, body] {
      m.core.sleep(after);
      body();
    });
  }
  MempoolElement alloc(Gfp gfp = GFP_NOIO) { return pool.alloc(site::bh_bio, gfp); }

  Refusing::State refusing;
  Machine m;
  Mempool pool;

 private:
  MachineSpec machine(const Rules& rules, std::uint32_t cpus) {
    MachineSpec spec;
    spec.kswapd = false;
    spec.rules = rules;
    spec.cpus = cpus;
    spec.faults.push_back(std::make_unique<Refusing>(refusing));
    return spec;
  }
};

TEST(Mempool, AsksTheAllocatorFirstAndLeavesTheReserveAlone) {
  World w;
  w.task(1 * ms, [&] {
    w.refusing.on = false;
    MempoolElement element = w.alloc();
    EXPECT_TRUE(element);
    EXPECT_FALSE(element.reserved);
    EXPECT_EQ(w.pool.reserve(), 3u);
    EXPECT_EQ(w.pool.in_use(), 1u);
    w.pool.free(element);
    EXPECT_FALSE(element);
    EXPECT_EQ(w.pool.in_use(), 0u);
  });
  w.m.core.run();
  EXPECT_EQ(w.m.memory.slab().kmalloc_cache(100)->objects_in_use(), 3u);
}

TEST(Mempool, TakesFromTheReserveWithoutSleepingAndSaysFallback) {
  World w;
  w.task(1 * ms, [&] {
    MempoolElement element = w.alloc(GFP_KERNEL);
    EXPECT_TRUE(element.reserved);
    EXPECT_EQ(w.pool.reserve(), 2u);
    ASSERT_EQ(w.refusing.masks.size(), 1u);
    EXPECT_EQ(w.refusing.masks[0], (GFP_KERNEL & ~(Gfp::direct_reclaim | Gfp::io)) | Gfp::noretry |
                                       Gfp::nowarn | Gfp::nomemalloc);
    EXPECT_LT(w.m.core.now(), 2 * ms) << "it did not sleep";
    EXPECT_EQ(w.m.fate(site::bh_bio, Fate::fallback), 1u);
    w.pool.free(element);
    EXPECT_EQ(w.pool.reserve(), 3u) << "the reserve is refilled first";
  });
  w.m.core.run();
  EXPECT_EQ(w.m.memory.failures().open_count(), 0u);
}

TEST(Mempool, GivesUpAtOnceIfItMustNotSleep) {
  World w;
  w.task(1 * ms, [&] {
    std::vector<MempoolElement> all;
    for (int i = 0; i < 3; ++i) all.push_back(w.alloc(GFP_NOWAIT));
    EXPECT_FALSE(w.alloc(GFP_NOWAIT));
    EXPECT_EQ(w.m.memory.failures().open_count(), 1u) << "for the caller to settle";
    w.m.memory.failures().settle_last(Fate::dropped);
    EXPECT_EQ(w.m.fate(site::bh_bio, Fate::fallback), 3u);
    for (MempoolElement& element : all) w.pool.free(element);
  });
  w.m.core.run();
  EXPECT_EQ(w.pool.reserve(), 3u);
}

TEST(Mempool, AsksWithTheWholeMaskBeforeItSleepsForFiveSeconds) {
  World w;
  w.task(1 * ms, [&] {
    std::vector<MempoolElement> all;
    for (int i = 0; i < 3; ++i) all.push_back(w.alloc());
    w.refusing.masks.clear();
    MempoolElement waited = w.alloc();
    EXPECT_FALSE(waited.reserved);
    EXPECT_EQ(w.refusing.masks.size(), 2u) << "without rights, and with all of them";
    EXPECT_FALSE(has(w.refusing.masks[0], Gfp::direct_reclaim));
    EXPECT_TRUE(has(w.refusing.masks[1], Gfp::direct_reclaim | Gfp::noretry));
    EXPECT_GE(w.m.core.now(), 5 * seconds);
    EXPECT_LT(w.m.core.now(), 6 * seconds);
    for (MempoolElement& element : all) w.pool.free(element);
    w.pool.free(waited);
  });
  // The allocator has something again meanwhile. Nobody is told.
  w.task(2 * seconds, [&] { w.refusing.on = false; });
  w.m.core.run();
  EXPECT_EQ(w.m.memory.failures().open_count(), 0u);
  EXPECT_EQ(w.pool.reserve(), 3u);
}

TEST(Mempool, MaySleepBeforeItAsksWithTheWholeMask) {
  Rules rules = linux_4_0_rules();
  for (const bool sleeps_first : {false, true}) {
    rules.mempool_sleeps_first = sleeps_first;
    World w({.name = "test", .min_nr = 1, .kmalloc = 100}, rules);
    w.task(1 * ms, [&] {
      MempoolElement first = w.alloc();
      w.refusing.masks.clear();
      MempoolElement second = w.alloc();
      EXPECT_EQ(w.refusing.masks.size(), sleeps_first ? 1u : 2u);
      w.pool.free(first);
      w.pool.free(second);
    });
    w.task(2 * seconds, [&] { w.refusing.on = false; });
    w.m.core.run();
    EXPECT_GE(w.m.core.now(), 5 * seconds);
  }
}

TEST(Mempool, WakesThoseWhoWaitInTheirOrder) {
  World w({.name = "test", .min_nr = 1, .order = 1}, linux_4_0_rules(), 1);
  MempoolElement held;
  std::vector<int> order;
  w.task(1 * ms, [&] { held = w.alloc(); });
  for (int i = 0; i < 4; ++i) {
    w.task((2 + i) * ms, [&, i] {
      MempoolElement mine = w.alloc();
      order.push_back(i);
      w.m.core.sleep(1 * ms);
      w.pool.free(mine);
    });
  }
  w.task(20 * ms, [&] {
    EXPECT_TRUE(w.pool.has_waiters());
    w.pool.free(held);
  });
  w.m.core.run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(w.pool.reserve(), 1u);
  EXPECT_EQ(w.pool.in_use(), 0u);
  EXPECT_EQ(w.m.memory.stat().of(PageKind::kernel), 2u) << "one block of two pages";
  EXPECT_EQ(w.m.memory.failures().open_count(), 0u);
  EXPECT_LT(w.m.core.now(), 1 * seconds);
}

/// Who a waiter says could help it.
struct Names final : public BlockerSink {
  void task(const Task& t) override { tasks.push_back(t.id); }
  void event() override { ++events; }
  void anyone() override { ++others; }
  std::vector<TaskId> tasks;
  int events = 0, others = 0;
};

TEST(Mempool, NamesThoseWhoHoldWhatIsOut) {
  World w({.name = "test", .min_nr = 3, .kmalloc = 64});
  TaskId holder = no_task;
  w.task(1 * ms, [&] {
    holder = w.m.core.current().id;
    MempoolElement mine = w.alloc(), at_hardware = w.alloc(), with_work = w.alloc();
    const WaitQueue work(w.m.core, "work");
    w.pool.returns_by_itself(at_hardware);
    w.pool.held_through(with_work, work);
    w.m.core.sleep(10 * ms);
    w.pool.held_by(with_work, w.m.core.current());
    w.pool.free(with_work);
    w.pool.free(mine);
    w.pool.free(at_hardware);
  });
  Task* waiter = nullptr;
  w.task(2 * ms, [&] {
    waiter = &w.m.core.current();
    MempoolElement mine = w.alloc();
    w.pool.free(mine);
  });
  w.task(5 * ms, [&] {
    ASSERT_NE(waiter, nullptr);
    ASSERT_NE(waiter->loop, nullptr);
    EXPECT_EQ(waiter->loop->describe(), "wait queue test mempool");
    EXPECT_EQ(waiter->loop->kind(), WaitKind::wakers);
    Names names;
    waiter->loop->blockers(*waiter, names);
    EXPECT_EQ(names.tasks, std::vector<TaskId>{holder});
    EXPECT_EQ(names.events, 1);
    EXPECT_EQ(names.others, 1) << "as the wait of the work says";
  });
  w.m.core.run();
  EXPECT_EQ(w.pool.reserve(), 3u);
}

TEST(Mempool, GivesBackWhatItTookIfItCannotBeFilled) {
  World w;
  w.task(1 * ms, [&] {
    w.refusing.on = false;
    const Pages free = w.m.memory.free_pages();
    Mempool large(w.m.memory, {.name = "large", .min_nr = 1000, .order = 6});
    EXPECT_FALSE(large.fill(site::mm_vma));
    EXPECT_EQ(large.reserve(), 0u);
    EXPECT_EQ(w.m.memory.free_pages(), free);
    EXPECT_EQ(w.m.memory.failures().open_count(), 1u);
    w.m.memory.failures().settle_last(Fate::returned);
  });
  w.m.core.run();
}

}  // namespace
}  // namespace brink::test
