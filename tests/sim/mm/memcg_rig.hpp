// A machine with memory cgroups, for tests.
#pragma once

#include "sim/mm/memcg.hpp"
#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {

/// A machine of 64 MiB with a group of `limit` pages, "box", and one of half as many in it,
/// "inner".
struct MemcgRig {
  explicit MemcgRig(const Rules& rules = {}, Pages limit = 256, bool oom_kill_disable = false,
                    std::uint64_t swap = 0)
      : m(spec(rules, limit, oom_kill_disable, swap)), files(m) {}

  static MachineSpec spec(const Rules& rules, Pages limit, bool disable, std::uint64_t swap) {
    MachineSpec s;
    s.rules = rules;
    s.memory.swap = swap;
    s.memory.memcgs = {{"box", limit * page_size, "", disable},
                       {"inner", limit / 2 * page_size, "box", disable}};
    s.time_limit = 20 * seconds;
    return s;
  }
  Memcgs& groups() { return *m.memory.memcgs(); }
  Pages usage(const char* name) { return groups().usage(groups().find(name)); }
  Machine::Process& process(const char* group, std::function<void(Machine::Process&)> main) {
    Machine::Process& p = m.process(std::move(main));
    groups().join(*p.task, groups().find(group));
    return p;
  }
  void run() {
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }

  Machine m;
  FakeFiles files;
};

inline Address map(Machine::Process& p, Pages pages) {
  return static_cast<Address>(p.mm->mmap_anonymous(pages * page_size));
}

}  // namespace brink::test
