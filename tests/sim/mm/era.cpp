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
    answer_.hash = m_.core.hash();
    answer_.kills = m_.kills.size();
    answer_.counters = m_.counters();
    EXPECT_EQ(m_.memory.check(), "");
    return answer_;
  }

 private:
  void killable(Machine::Process& p) {
    const std::int64_t at = p.mm->mmap_anonymous(1 * MiB);
    EXPECT_EQ(p.mm->touch(static_cast<Address>(at), 1 * MiB), Access::done);
    const auto pinned = static_cast<std::uint32_t>(question_.pinned);
    const auto clean = static_cast<std::uint32_t>(question_.clean);
    EXPECT_TRUE(files_.fill(0, pinned + clean, false));
    for (std::uint32_t i = 0; i < pinned; ++i) m_.memory.cache().pin(files_.mapping.find(i));
    use_up();
    if (question_.process) {
      m_.process([this](Machine::Process&) { asks(); });
    } else {
      m_.kernel([this] { asks(); });
    }
    while (question_.exits && !p.task->has(FATAL_SIGNAL)) {
      static_cast<void>(m_.core.park(idle_wait, WaitMode::killable));
    }
    // A victim that never gets to its exit.
    while (!question_.exits) static_cast<void>(m_.core.park(idle_wait, WaitMode::uninterruptible));
  }

  void use_up() {
    for (int i = 0; i < 300; ++i) spare_.push_back(m_.memory.alloc_pages(site::kernel_boot));
    if (!question_.fragmented) return exhaust(m_, question_.dma, question_.dma32);
    exhaust(m_, 0, 0);
    for (Pfn page = 0; page < 64 * MiB / page_size; page += 2) {
      if (m_.memory.page(page).kind == PageKind::kernel && page != spare_.front()) {
        m_.memory.free_pages(page, 0);
      }
    }
  }

  static void one_second_later(void* self, std::uint64_t task) {
    Exhausted& me = *static_cast<Exhausted*>(self);
    if (me.question_.chosen) me.m_.core.task(static_cast<TaskId>(task)).set(TIF_MEMDIE);
    if (!me.question_.freed) return;
    for (const Pfn page : me.spare_) me.m_.memory.free_pages(page, 0);
  }

  void asks() {
    Task& me = m_.core.current();
    me.flags |= question_.flags;
    m_.core.at(m_.core.now() + 1'007 * ms, one_second_later, this, me.id);
    const Pfn page = m_.memory.alloc_pages(site::kernel_boot, question_.order, question_.gfp);
    answer_.returned = true;
    answer_.got = page != no_page;
    answer_.victim = me.has(TIF_MEMDIE);
    me.flags &= ~question_.flags;
    if (question_.chosen) me.clear(TIF_MEMDIE);
    m_.memory.unmark_oom_victim(me);
    m_.core.stop();
  }

  const Question question_;
  Answer answer_;
  std::vector<Pfn> spare_;
  Machine m_;
  FakeFiles files_;
};

}  // namespace

Answer ask(std::string_view name, const Question& question, Nanos time_limit) {
  const Era era(name, question.retries);
  MachineSpec spec = era.spec();
  spec.time_limit = time_limit;
  if (question.rules != nullptr) question.rules(spec.rules);
  return Exhausted(std::move(spec), question).run();
}

}  // namespace brink::test
