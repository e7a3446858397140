// linux_6_1 against kernel.md's steps of 6.1: reclaim's sixteen rounds in vain, compaction's
// retries, then the OOM path; and a limit on top of that.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

using Kind = Action::Kind;
using Compact = Action::Compact;

std::unique_ptr<AllocPolicy> policy(Table table = {}) {
  Params params(std::move(table), "policy.alloc");
  auto made = make_linux_6_1_alloc(params);
  params.done();
  return made;
}

/// After so many rounds in vain, where all that is reclaimable would be enough.
AllocAttempt hopeful(Gfp gfp, std::uint32_t rounds, unsigned order = 0) {
  AllocAttempt attempt;
  attempt.gfp = gfp;
  attempt.order = order;
  attempt.rounds = attempt.no_progress_rounds = attempt.idle_rounds = rounds;
  attempt.reclaimable_suffices = true;
  attempt.may_compact = has(gfp, Gfp::io);
  attempt.compaction = CompactResult::skipped;
  return attempt;
}

AllocAttempt hopeless(Gfp gfp, unsigned order = 0) {
  AllocAttempt attempt = hopeful(gfp, 1, order);
  attempt.reclaimable_suffices = false;
  return attempt;
}

constexpr Gfp mayfail = GFP_KERNEL | Gfp::retry_mayfail;

TEST(Linux61Alloc, ReclaimsUntilSixteenRoundsInARowWereInVain) {
  const auto linux_6_1 = policy();
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_KERNEL, 16)).kind, Kind::retry);
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_KERNEL, 17)).kind, Kind::oom);
  EXPECT_EQ(linux_6_1->decide(hopeless(GFP_KERNEL)).kind, Kind::oom);
  AllocAttempt progress = hopeful(GFP_KERNEL, 1000);
  progress.progress = true;
  progress.idle_rounds = 0;
  EXPECT_EQ(linux_6_1->decide(progress).kind, Kind::retry);
  EXPECT_EQ(linux_6_1->rounds_alike(progress), unlimited);
  // Progress of costly orders does not begin the count anew.
  AllocAttempt large = hopeful(mayfail, 17, 4);
  large.progress = true;
  large.idle_rounds = 0;
  EXPECT_EQ(linux_6_1->decide(large).kind, Kind::oom);
  EXPECT_EQ(linux_6_1->rounds_left(large), 0u);
  EXPECT_EQ(linux_6_1->rounds_alike(hopeful(GFP_NOFS, 3)), 14u);
}

TEST(Linux61Alloc, RetriesForNobodyWhoSaysSoOrAsksForTooMuch) {
  const auto linux_6_1 = policy();
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_KERNEL | Gfp::noretry, 1)).kind, Kind::fail);
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_KERNEL, 1, 4)).kind, Kind::fail);
  EXPECT_EQ(linux_6_1->decide(hopeful(mayfail, 1, 4)).kind, Kind::retry);
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_NOIO | Gfp::retry_mayfail, 1, 4)).kind, Kind::fail);
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_ATOMIC, 1)).kind, Kind::fail);
  // __GFP_NOFAIL wins over all of it but not being able to sleep.
  for (const Gfp gfp : {GFP_KERNEL, GFP_KERNEL | Gfp::noretry}) {
    const AllocAttempt attempt = hopeful(gfp | Gfp::nofail, 1, 4);
    EXPECT_EQ(linux_6_1->decide(attempt).kind, Kind::last_resort);
    EXPECT_EQ(linux_6_1->rounds_left(attempt), unlimited);
  }
  EXPECT_EQ(linux_6_1->decide(hopeful(GFP_NOWAIT | Gfp::nofail, 1)).kind, Kind::fail);
}

TEST(Linux61Alloc, RequestsThatMayFailDoSoWhereTheOomPathWouldKill) {
  EXPECT_EQ(policy()->rounds_left(hopeful(mayfail, 1)), 16u);
  EXPECT_EQ(policy()->rounds_left(hopeless(mayfail)), 0u);
  EXPECT_EQ(policy()->rounds_left(hopeful(GFP_KERNEL, 1)), unlimited);
}

TEST(Linux61Alloc, WorkersSleepSoThatOthersCanRun) {
  AllocAttempt attempt = hopeful(GFP_NOFS, 1);
  EXPECT_EQ(policy()->decide(attempt).pause, Pause::yield);
  attempt.worker = true;
  EXPECT_EQ(policy()->decide(attempt).pause, Pause::jiffy);
}

TEST(Linux61Alloc, GivesTheAtomicReserveBackBeforeItKills) {
  AllocAttempt attempt = hopeless(GFP_KERNEL);
  attempt.highatomic = true;
  EXPECT_EQ(policy()->decide(attempt).kind, Kind::release_highatomic);
  EXPECT_EQ(policy()->rounds_alike(attempt), 1u);
  attempt.gfp = mayfail;
  EXPECT_EQ(policy()->rounds_left(attempt), 1u);
}

TEST(Linux61Alloc, CompactsHarderAndHarderAsLongAsReclaimMakesProgress) {
  AllocAttempt attempt = hopeless(mayfail, 4);
  attempt.compaction = CompactResult::failed;
  const auto answer = [&] { return policy()->decide(attempt).compact; };
  EXPECT_EQ(answer(), Compact::no);  // Nothing to compact with.
  attempt.progress = true;
  EXPECT_EQ(answer(), Compact::no);  // Costly orders do not go beyond sync-light.
  attempt.compact_priority = CompactPriority::async;
  EXPECT_EQ(answer(), Compact::harder);
  attempt.compaction = CompactResult::success;
  EXPECT_EQ(answer(), Compact::again);
  attempt.compact_retries = 4;
  EXPECT_EQ(answer(), Compact::harder);
  EXPECT_EQ(policy()->rounds_left(attempt), 5u);
  attempt.order = 3;
  EXPECT_EQ(answer(), Compact::again);
  attempt.compact_retries = 16;
  EXPECT_EQ(policy()->rounds_left(attempt), 2u * 17);
  attempt.fatal_signal = true;
  EXPECT_EQ(answer(), Compact::no);
  attempt.fatal_signal = false;
  attempt.compaction = CompactResult::skipped;
  EXPECT_EQ(answer(), Compact::no);
  attempt.compaction_suitable = true;
  EXPECT_EQ(answer(), Compact::again);
}

TEST(Linux61Alloc, TheLimitIsOneOfOomRoundsAndZeroEndsTheFirstRoundInVain) {
  const auto zero = policy({{"retries", 0}});
  EXPECT_EQ(zero->decide(hopeful(GFP_NOFS, 1)).kind, Kind::fail);
  EXPECT_EQ(zero->decide(hopeful(GFP_NOFS | Gfp::nofail, 1)).kind, Kind::retry);
  const auto two = policy({{"retries", 2}});
  AllocAttempt attempt = hopeful(GFP_NOFS, 3);
  // Fourteen more in vain, the OOM path, sixteen in vain, the OOM path.
  EXPECT_EQ(two->rounds_left(attempt), 14u + 1 + 16 + 1);
  attempt.oom_rounds = 2;
  EXPECT_EQ(two->decide(attempt).kind, Kind::fail);
  // It has no say in what was never retried for ever.
  EXPECT_EQ(two->rounds_left(hopeful(mayfail, 1, 4)), 16u);
}

}  // namespace
}  // namespace brink
