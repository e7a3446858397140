// Memory cgroups: what is charged and given back, and what happens at the limit.

#include "tests/sim/mm/memcg_rig.hpp"

namespace brink::test {
namespace {

using Oom = Rules::MemcgOom;
using Rig = MemcgRig;

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
  r.m.kernel([&] {
    EXPECT_TRUE(r.files.fill(1'000, 300, false));
    r.m.core.sleep(1 * seconds);
    EXPECT_GT(r.usage("box"), 200u) << "pages stay charged after their task, until they are freed";
    r.files.mapping.truncate(0);
  });
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
  EXPECT_EQ(r.usage("box"), 0u);
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
