// Memory cgroups: what is charged, what happens at the limit, and each of their rules flipped
// alone.

#include "sim/mm/memcg.hpp"

#include <cerrno>

#include "sim/mm/oom_kill.hpp"
#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

using Oom = Rules::MemcgOom;

/// A machine of 64 MiB with a group of `limit` pages, "box", and one of half as many in it,
/// "inner".
struct Rig {
  explicit Rig(const Rules& rules = {}, Pages limit = 256, bool oom_kill_disable = false,
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

Address map(Machine::Process& p, Pages pages) {
  return static_cast<Address>(p.mm->mmap_anonymous(pages * page_size));
}

TEST(Memcg, ChargesAnonymousPagesAndGivesThemBack) {
  Rig r;
  r.process("inner", [&](Machine::Process& p) {
    const Address at = map(p, 100);
    EXPECT_EQ(p.mm->touch(at, 100 * page_size), Access::done);
    EXPECT_EQ(r.usage("inner"), 100u);
    EXPECT_EQ(r.usage("box"), 100u) << "a page counts in all groups that its own is in";
    EXPECT_EQ(r.m.memory.check(), "");
    EXPECT_EQ(r.groups().lru_size(r.groups().find("inner"), Lru::active_anon), 100u);
    EXPECT_EQ(r.m.memory.zones()[ZoneType::dma32].lru_size(Lru::active_anon), 0u);
    EXPECT_EQ(r.m.memory.zones().lru_size(Lru::active_anon), 100u) << "the machine's are all";
    p.mm->munmap(at, 40 * page_size);
    EXPECT_EQ(r.usage("inner"), 60u);
  });
  r.run();
  EXPECT_EQ(r.usage("inner"), 0u);
  EXPECT_EQ(r.usage("box"), 0u);
}

TEST(Memcg, LeavesAloneWhoeverIsInNoGroup) {
  Rig r;
  r.m.process([&](Machine::Process& p) {
    EXPECT_EQ(p.mm->touch(map(p, 1'000), 1'000 * page_size), Access::done);
    EXPECT_EQ(r.usage("box"), 0u);
  });
  r.run();
}

TEST(Memcg, ReclaimsItsOwnPageCacheAtTheLimitAndNobodyElses) {
  Rig r;
  r.m.kernel([&] { EXPECT_TRUE(r.files.fill(1'000, 300, false)); });
  r.process("box", [&](Machine::Process&) {
    EXPECT_TRUE(r.files.fill(0, 600, false));
    EXPECT_LE(r.usage("box"), 256u);
    EXPECT_GT(r.usage("box"), 200u);
    EXPECT_EQ(r.files.mapping.find(0), no_page) << "the oldest went";
    EXPECT_NE(r.files.mapping.find(599), no_page);
    for (std::uint32_t i = 1'000; i < 1'300; ++i) EXPECT_NE(r.files.mapping.find(i), no_page);
    EXPECT_GT(r.groups().failcnt(r.groups().find("box")), 0u);
  });
  r.run();
  EXPECT_EQ(r.m.counters().oom_kills, 0u);
  r.m.kernel([&] { r.files.mapping.truncate(0); });
  r.run();
  EXPECT_EQ(r.usage("box"), 0u) << "pages stay charged after their task, until they are freed";
}

TEST(Memcg, SwapsItsOwnAndPaysForWhatComesBack) {
  Rig r({}, 256, false, 16 * MiB);
  r.process("box", [&](Machine::Process& p) {
    const Address at = map(p, 600);
    EXPECT_EQ(p.mm->touch(at, 600 * page_size), Access::done);
    EXPECT_LE(r.usage("box"), 256u);
    EXPECT_GE(p.mm->swap_entries(), 300u);
    EXPECT_EQ(p.mm->touch(at, 600 * page_size), Access::done);
    EXPECT_LE(r.usage("box"), 256u);
    EXPECT_EQ(r.m.memory.check(), "");
  });
  r.run();
  EXPECT_GT(r.m.counters().swap_ins, 0u);
  EXPECT_EQ(r.usage("box"), 0u);
}

TEST(Memcg, GlobalReclaimGoesThroughTheGroupsLists) {
  Rig r;
  r.process("box", [&](Machine::Process&) {
    EXPECT_TRUE(r.files.fill(0, 200, false));
    EXPECT_GT(r.m.memory.reclaim().direct(0, GFP_KERNEL), 0u);
    EXPECT_LT(r.usage("box"), 200u);
    r.files.mapping.truncate(0);
  });
  r.run();
}

/// How often a charge reclaimed before it failed.
std::uint64_t rounds(std::uint32_t retries) {
  Rules rules;
  rules.memcg_retries = retries;
  Rig r(rules, 64);
  std::uint64_t met = 0;
  r.process("box", [&](Machine::Process&) {
    EXPECT_TRUE(r.files.fill(0, 64, false));
    for (std::uint32_t i = 0; i < 64; ++i) r.m.memory.cache().pin(r.files.mapping.find(i));
    const std::uint64_t before = r.groups().failcnt(r.groups().find("box"));
    const Pfn page = r.m.memory.alloc_pages(site::pc_read);
    EXPECT_FALSE(r.groups().charge(page, GFP_KERNEL));
    met = r.groups().failcnt(r.groups().find("box")) - before;
    r.m.memory.free_pages(page, 0);
    EXPECT_EQ(r.usage("box"), 64u);
    for (std::uint32_t i = 0; i < 64; ++i) r.m.memory.cache().unpin(r.files.mapping.find(i));
    r.files.mapping.truncate(0);
  });
  r.run();
  EXPECT_EQ(r.m.fate(site::memcg_charge, Fate::killed), 1u) << "one failure, whatever the rounds";
  return met;
}

TEST(MemcgRules, RetriesAreANumber) {
  EXPECT_EQ(rounds(5), 6u);
  EXPECT_EQ(rounds(16), 17u);
}

/// What becomes of a charge in the kernel, with a larger process in the group that can be killed.
struct Charged {
  bool charged = false;
  std::size_t kills = 0;
  Nanos took = 0;
};

Charged charge_in_kernel(Oom rule, bool disable = false, Gfp gfp = GFP_KERNEL,
                         bool force_charge = false) {
  Rules rules;
  rules.memcg_oom = rule;
  rules.memcg_force_charge = force_charge;
  Rig r(rules, 64, disable);
  Charged out;
  r.process("box", [&](Machine::Process& p) {
    EXPECT_EQ(p.mm->touch(map(p, 64), 64 * page_size), Access::done);
    static_cast<void>(r.m.core.park(idle_wait, WaitMode::killable));
  });
  r.process("box", [&](Machine::Process&) {
    r.m.core.sleep(1 * seconds);
    const Pfn page = r.m.memory.alloc_pages(site::pc_read);
    const Nanos before = r.m.core.now();
    out.charged = r.groups().charge(page, gfp);
    out.took = r.m.core.now() - before;
    r.m.memory.free_pages(page, 0);
  });
  r.m.core.run();
  out.kills = r.m.kills.size();
  return out;
}

TEST(MemcgRules, OomIsInTheChargeOrAtTheEndOfAFault) {
  const Charged kill_and_fail = charge_in_kernel(Oom::kill_and_fail);
  EXPECT_FALSE(kill_and_fail.charged);
  EXPECT_EQ(kill_and_fail.kills, 1u);

  const Charged wait = charge_in_kernel(Oom::wait);
  EXPECT_TRUE(wait.charged);
  EXPECT_EQ(wait.kills, 1u);
  EXPECT_GE(wait.took, 4 * ms) << "it lets the victim get on";

  const Charged fault_end = charge_in_kernel(Oom::fault_end);
  EXPECT_FALSE(fault_end.charged) << "no fault, no kill";
  EXPECT_EQ(fault_end.kills, 0u);

  const Charged charge = charge_in_kernel(Oom::charge);
  EXPECT_TRUE(charge.charged);
  EXPECT_EQ(charge.kills, 1u);
}

TEST(MemcgRules, WithoutTheKillerAChargeWaitsOrFails) {
  const Charged wait = charge_in_kernel(Oom::wait, true);
  EXPECT_FALSE(wait.charged);
  EXPECT_EQ(wait.took, 0u) << "it never came back";
  EXPECT_EQ(wait.kills, 0u);
  const Charged charge = charge_in_kernel(Oom::charge, true);
  EXPECT_FALSE(charge.charged);
  EXPECT_GT(charge.took, 0u);
  EXPECT_EQ(charge.kills, 0u);
}

/// Pages of the group after a charge that may not fail.
Pages nofail_usage(bool force_charge, Gfp gfp, bool expected) {
  Rules rules;
  rules.memcg_force_charge = force_charge;
  Rig r(rules, 64);
  Pages usage = 0;
  r.process("box", [&](Machine::Process& p) {
    EXPECT_EQ(p.mm->touch(map(p, 64), 64 * page_size), Access::done);
    const Pfn page = r.m.memory.alloc_pages(site::pc_read);
    EXPECT_EQ(r.groups().charge(page, gfp), expected);
    usage = r.usage("box");
    r.m.memory.free_pages(page, 0);
    EXPECT_EQ(r.usage("box"), 64u);
  });
  r.run();
  return usage;
}

TEST(MemcgRules, WhatMayNotFailIsNobodysOrAboveTheLimit) {
  EXPECT_EQ(nofail_usage(false, GFP_KERNEL | Gfp::nofail, true), 64u);
  EXPECT_EQ(nofail_usage(true, GFP_KERNEL | Gfp::nofail, true), 65u);
  EXPECT_EQ(nofail_usage(false, GFP_ATOMIC, false), 64u);
  EXPECT_EQ(nofail_usage(true, GFP_ATOMIC, true), 65u);
}

/// A process that touches more than its group may have, beside one that already has most of it and
/// one outside that has more than both.
TEST(MemcgRules, AFaultKillsWithinTheGroupAlone) {
  for (const Oom rule : {Oom::kill_and_fail, Oom::wait, Oom::fault_end, Oom::charge}) {
    Rules rules;
    rules.memcg_oom = rule;
    Rig r(rules, 256);
    TaskId large = no_task;
    Access access = Access::killed;
    r.m.process([&](Machine::Process& p) {
      EXPECT_EQ(p.mm->touch(map(p, 2'000), 2'000 * page_size), Access::done);
      r.m.core.sleep(10 * seconds);
    });
    Machine::Process& first = r.process("box", [&](Machine::Process& p) {
      EXPECT_EQ(p.mm->touch(map(p, 150), 150 * page_size), Access::done);
      static_cast<void>(r.m.core.park(idle_wait, WaitMode::killable));
    });
    large = first.task->id;
    r.process("box", [&](Machine::Process& p) {
      r.m.core.sleep(1 * seconds);
      access = p.mm->touch(map(p, 120), 120 * page_size);
    });
    r.run();
    EXPECT_EQ(access, Access::done) << static_cast<int>(rule);
    EXPECT_EQ(r.m.kills, std::vector<TaskId>{large}) << static_cast<int>(rule);
    EXPECT_EQ(r.m.panicked, "");
  }
}

TEST(Memcg, NobodyToKillIsNoReasonToPanic) {
  Rules rules;
  rules.memcg_oom = Oom::charge;
  Rig r(rules, 64);
  const Task& kernel = r.m.kernel([&] {
    EXPECT_TRUE(r.files.fill(0, 64, false));
    for (std::uint32_t i = 0; i < 64; ++i) r.m.memory.cache().pin(r.files.mapping.find(i));
    const Pfn page = r.m.memory.alloc_pages(site::pc_read);
    EXPECT_FALSE(r.groups().charge(page, GFP_KERNEL));
    r.m.memory.free_pages(page, 0);
    for (std::uint32_t i = 0; i < 64; ++i) r.m.memory.cache().unpin(r.files.mapping.find(i));
    r.files.mapping.truncate(0);
  });
  r.groups().join(kernel, r.groups().find("box"));
  r.run();
  EXPECT_EQ(r.m.panicked, "");
}

TEST(Memcg, TheLimitOfAParentCounts) {
  Rig r({}, 100);
  r.process("box", [&](Machine::Process& p) {
    EXPECT_EQ(p.mm->touch(map(p, 80), 80 * page_size), Access::done);
    r.m.core.sleep(1 * seconds);
  });
  Machine::Process& inner = r.process("inner", [&](Machine::Process&) {
    EXPECT_TRUE(r.files.fill(0, 40, false));
    EXPECT_LE(r.usage("box"), 100u);
    EXPECT_LE(r.usage("inner"), 20u) << "room for 50, but not in the parent";
    r.files.mapping.truncate(0);
  });
  EXPECT_EQ(r.groups().path(r.groups().of(*inner.task)), "/box/inner");
  r.run();
}

}  // namespace
}  // namespace brink::test
