// Bad luck that lasts has no supplier: a caller that asks again for ever is locked up, and that is
// proved. Bad luck that passes is only that.

#include <gtest/gtest.h>

#include "brink/site_list.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// Slab objects of one cache fail, for two tasks that make directories.
Outcome run_with(const std::string& cache, const std::string& probability) {
  RunSpec spec = plain_spec("[[fault]]\nname = \"failslab\"\ncache_filter = \"" + cache +
                            "\"\nprobability = \"" + probability +
                            "\"\nignore_gfp_wait = false\ntimes = -1\n");
  add_task(spec, "maker",
           [](Syscalls& sys) {
             for (int i = 0; i < 20; ++i) {
               const std::string name =
                   "/srv/" + std::to_string(sys.instance()) + "." + std::to_string(i);
               if (sys.mkdir(name) < 0) sys.react(Reaction::checked);
             }
             return 0;
           },
           {"/srv/"})
      .count = 2;
  spec.keep_failures = true;
  return run_machine(spec);
}

/// The site whose objects come from this cache and whose caller loops, by 4.0's own rules.
void is_locked_up_for_ever(const char* cache, const char* site) {
  const Outcome outcome = run_with(cache, "100 %");
  EXPECT_EQ(outcome.verdict, Verdict::memory_deadlock) << cache << ": " << outcome.reason;
  ASSERT_TRUE(outcome.has_lockup) << cache;
  bool found = false;
  for (const LockupMember& member : outcome.lockup.members) {
    if (!member.memory) continue;
    found = true;
    EXPECT_EQ(member.site, site);
    EXPECT_EQ(member.on_failure, OnFailure::loop);
  }
  EXPECT_TRUE(found) << cache;
  EXPECT_EQ(outcome.lockup.never_refused, std::vector<std::string>{site});
  EXPECT_GT(fates(outcome, Fate::stuck), 0u);
  // The proof takes no settling phase to wait for.
  EXPECT_LT(outcome.virtual_time, 300 * seconds) << cache;
}

TEST(StickyFault, AtALoopOfTheJournalIsALockup) {
  is_locked_up_for_ever("jbd2_journal_head", "ext4.jbd2.journal_head");
  is_locked_up_for_ever("jbd2_transaction_s", "ext4.jbd2.transaction");
}

TEST(StickyFault, AtASiteThatMayBeRefusedIsEnomem) {
  const Outcome outcome = run_with("names_cache", "100 %");
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(count(outcome, "mkdir", 12), 40u);
  EXPECT_EQ(outcome.counters.enomem[static_cast<std::size_t>(Cause::injected)], 40u);
}

TEST(StickyFault, WhatExistsBeforeTheFirstSystemCallIsThereWhateverTheLuck) {
  RunSpec spec = plain_spec(
      "[[mount]]\nat = \"/data\"\nfs = \"ext4\"\n"
      "[[fault]]\nname = \"failslab\"\nprobability = \"100 %\"\nignore_gfp_wait = false\n"
      "times = -1\n");
  int result = 0;
  add_task(spec, "looker", [&result](Syscalls& sys) {
    result = sys.stat("/data");
    sys.react(Reaction::checked);
    return 0;
  });
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(result, -12);
}

TEST(StickyFault, NearlyForEverIsNotForEver) {
  const Outcome outcome = run_with("jbd2_journal_head", "90 %");
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_GT(fates(outcome, Fate::retried), 0u);
  EXPECT_EQ(count(outcome, "mkdir", 0), 40u);
}

}  // namespace
}  // namespace brink
