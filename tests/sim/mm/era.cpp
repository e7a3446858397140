// Asking an exhausted machine for memory.

#include "tests/sim/mm/era.hpp"

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

class Exhausted {
 public:
  Exhausted(MachineSpec spec, const Question& question)
      : question_(question), m_(std::move(spec)), files_(m_) {}

  Answer run() {
    m_.process([this](Machine::Process& p) { killable(p); });
    m_.core.run();
    answer_.time = m_.core.now();
    answer_.kills = m_.kills.size();
    answer_.counters = m_.counters();
    EXPECT_EQ(m_.memory.check(), "");
    return answer_;
  }

 private:
  void killable(Machine::Process& p) {
    const std::int64_t at = p.mm->mmap_anonymous(1 * MiB);
    EXPECT_EQ(p.mm->touch(static_cast<Address>(at), 1 * MiB), Access::done);
    EXPECT_TRUE(files_.fill(0, static_cast<std::uint32_t>(question_.dirty), true));
    EXPECT_TRUE(files_.fill(static_cast<std::uint32_t>(question_.dirty),
                            static_cast<std::uint32_t>(question_.clean), false));
    files_.refuse = true;
    exhaust(m_, question_.dma, question_.dma32);
    if (question_.process) {
      m_.process([this](Machine::Process&) { asks(); });
    } else {
      m_.kernel([this] { asks(); });
    }
    // A victim that never gets to its exit.
    for (;;) static_cast<void>(m_.core.park(idle_wait, WaitMode::uninterruptible));
  }

  void asks() {
    Task& me = m_.core.current();
    me.flags |= question_.flags;
    const Pfn page = m_.memory.alloc_pages(site::kernel_boot, question_.order, question_.gfp);
    answer_.returned = true;
    answer_.got = page != no_page;
    answer_.victim = me.has(TIF_MEMDIE);
    me.flags &= ~question_.flags;
    m_.memory.unmark_oom_victim(me);
    m_.core.stop();
  }

  const Question question_;
  Answer answer_;
  Machine m_;
  FakeFiles files_;
};

}  // namespace

Answer ask(std::string_view name, const Question& question, Nanos time_limit) {
  const Era era(name, question.retries);
  MachineSpec spec = era.spec();
  spec.time_limit = time_limit;
  return Exhausted(std::move(spec), question).run();
}

}  // namespace brink::test
