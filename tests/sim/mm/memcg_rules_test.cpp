// Each rule of memory cgroups flipped alone, and what it changes.

#include "tests/sim/mm/memcg_rig.hpp"

namespace brink::test {
namespace {

using Oom = Rules::MemcgOom;
using Rig = MemcgRig;

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

}  // namespace
}  // namespace brink::test
