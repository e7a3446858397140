// bounded_retry against kernel.md's rows for Linux 4.0 and the knob of 2015: what each kind of
// request is told at the end of a round without a page.

#include <gtest/gtest.h>

#include <optional>

#include "brink/params.hpp"
#include "brink/site_list.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

using Kind = Action::Kind;

std::unique_ptr<AllocPolicy> policy(Table table) {
  Params params(std::move(table), "policy.alloc");
  auto made = make_bounded_retry(params);
  params.done();
  return made;
}

std::unique_ptr<AllocPolicy> retries(std::int64_t n) { return policy({{"retries", n}}); }

AllocAttempt idle(Gfp gfp, unsigned order = 0) {
  AllocAttempt attempt;
  attempt.gfp = gfp;
  attempt.order = order;
  attempt.rounds = attempt.no_progress_rounds = 1;
  return attempt;
}

AllocAttempt busy(Gfp gfp, unsigned order = 0) {
  AllocAttempt attempt = idle(gfp, order);
  attempt.no_progress_rounds = 0;
  attempt.progress = true;
  attempt.reclaimed = 1;
  return attempt;
}

TEST(BoundedRetry, AnswersEachKindOfRequestAsLinux40DoesWithoutALimit) {
  const auto linux_4_0 = policy({});
  struct Row {
    const char* what;
    AllocAttempt attempt;
    Kind kind;
  };
  AllocAttempt repeat_enough = busy(GFP_KERNEL | Gfp::retry_mayfail, 4);
  repeat_enough.reclaimed = 16;
  AllocAttempt repeat_short = repeat_enough;
  repeat_short.reclaimed = 15;
  const Row rows[] = {
      {"small, no progress", idle(GFP_KERNEL), Kind::oom},
      {"small, progress", busy(GFP_KERNEL), Kind::retry},
      {"order 3, no progress", idle(GFP_KERNEL, 3), Kind::oom},
      {"NOFS goes the same way", idle(GFP_NOFS), Kind::oom},
      {"NOIO goes the same way", idle(GFP_NOIO), Kind::oom},
      {"may not sleep", idle(GFP_ATOMIC), Kind::fail},
      {"may not sleep, not even with NOFAIL", idle(GFP_NOWAIT | Gfp::nofail), Kind::fail},
      {"NORETRY, progress", busy(GFP_KERNEL | Gfp::noretry), Kind::fail},
      {"NORETRY wins over NOFAIL", idle(GFP_KERNEL | Gfp::noretry | Gfp::nofail), Kind::fail},
      {"costly, no progress", idle(GFP_KERNEL, 4), Kind::fail},
      {"costly, progress", busy(GFP_KERNEL, 4), Kind::fail},
      {"costly with NOFAIL, no progress", idle(GFP_KERNEL | Gfp::nofail, 4), Kind::oom},
      {"costly with NOFAIL, progress", busy(GFP_KERNEL | Gfp::nofail, 9), Kind::retry},
      {"REPEAT, enough reclaimed", repeat_enough, Kind::fail},
      {"REPEAT, one page short", repeat_short, Kind::retry},
      {"REPEAT, no progress", idle(GFP_KERNEL | Gfp::retry_mayfail, 4), Kind::fail},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(linux_4_0->decide(row.attempt).kind, row.kind) << row.what;
    EXPECT_EQ(linux_4_0->rounds_left(row.attempt) == 0, row.kind == Kind::fail) << row.what;
  }
  EXPECT_EQ(linux_4_0->rounds_left(idle(GFP_NOFS)), unlimited);
  EXPECT_EQ(linux_4_0->rounds_left(repeat_short), 1u);
}

TEST(BoundedRetry, WaitsTwentyMillisecondsForCongestionBeforeEachFurtherRound) {
  for (const AllocAttempt& attempt : {idle(GFP_KERNEL), busy(GFP_KERNEL)}) {
    const Action action = retries(-1)->decide(attempt);
    EXPECT_EQ(action.pause, Pause::congestion);
    EXPECT_EQ(action.max_pause, 20 * ms);
  }
  EXPECT_EQ(retries(0)->decide(idle(GFP_KERNEL)).pause, Pause::none);
}

TEST(BoundedRetry, ZeroFailsTheFirstRoundWithoutProgressWhateverIsCounted) {
  for (const char* counts : {"oom_only", "no_progress", "all"}) {
    const auto zero = policy({{"retries", 0}, {"counts", counts}});
    AllocAttempt later = busy(GFP_NOFS);
    later.rounds = 50;
    EXPECT_EQ(zero->decide(later).kind, Kind::retry) << counts;
    EXPECT_EQ(zero->rounds_left(later), unlimited) << counts;
    EXPECT_EQ(zero->decide(idle(GFP_NOFS)).kind, Kind::fail) << counts;
    EXPECT_EQ(zero->decide(idle(GFP_KERNEL | Gfp::nofail)).kind, Kind::oom) << counts;
  }
}

TEST(BoundedRetry, CountsOomRoundsOnlyByDefaultAndThenFailsEvenWithProgress) {
  const auto three = retries(3);
  AllocAttempt attempt = idle(GFP_NOFS);
  attempt.rounds = 1'000;
  attempt.no_progress_rounds = 500;
  attempt.oom_rounds = 2;
  EXPECT_EQ(three->decide(attempt).kind, Kind::oom);
  EXPECT_EQ(three->rounds_left(attempt), 1u);
  attempt.oom_rounds = 3;
  EXPECT_EQ(three->decide(attempt).kind, Kind::fail);
  attempt.progress = true;
  EXPECT_EQ(three->decide(attempt).kind, Kind::fail);
  attempt.oom_rounds = 2;
  EXPECT_EQ(three->decide(attempt).kind, Kind::retry);
  EXPECT_EQ(three->rounds_left(attempt), unlimited);
}

TEST(BoundedRetry, OneRetryIsOneFurtherRoundWhateverIsCounted) {
  for (const char* counts : {"oom_only", "no_progress", "all"}) {
    const auto one = policy({{"retries", 1}, {"counts", counts}});
    AllocAttempt attempt = idle(GFP_KERNEL);
    EXPECT_EQ(one->decide(attempt).kind, Kind::oom) << counts;
    ++attempt.rounds;
    ++attempt.no_progress_rounds;
    ++attempt.oom_rounds;
    EXPECT_EQ(one->decide(attempt).kind, Kind::fail) << counts;
  }
}

TEST(BoundedRetry, CountsRoundsWithoutProgressOrAllRoundsIfTold) {
  AllocAttempt attempt = busy(GFP_KERNEL);
  attempt.rounds = 5;
  attempt.no_progress_rounds = 2;
  const auto idle_rounds = policy({{"retries", 2}, {"counts", "no_progress"}});
  EXPECT_EQ(idle_rounds->decide(attempt).kind, Kind::fail);
  attempt.progress = false;  // One of the two is this round.
  EXPECT_EQ(idle_rounds->decide(attempt).kind, Kind::oom);
  const auto all = [&](std::int64_t n) {
    return policy({{"retries", n}, {"counts", "all"}})->decide(attempt).kind;
  };
  EXPECT_EQ(all(4), Kind::fail);
  EXPECT_EQ(all(5), Kind::oom);
}

TEST(BoundedRetry, SmallEndsAtTheCostlyOrder) {
  const auto up_to_one = policy({{"costly_order", 1}});
  EXPECT_EQ(up_to_one->decide(idle(GFP_KERNEL, 1)).kind, Kind::oom);
  EXPECT_EQ(up_to_one->decide(idle(GFP_KERNEL, 2)).kind, Kind::fail);
}

TEST(BoundedRetry, OutsideOfItsScopeItNeverFailsASmallRequest) {
  const auto scoped = [](Table scope) {
    return policy({{"retries", 0}, {"scope", std::move(scope)}});
  };
  const auto fails = [](const AllocPolicy& p, const AllocAttempt& attempt) {
    const bool failed = p.decide(attempt).kind == Kind::fail;
    EXPECT_EQ(p.rounds_left(attempt), failed ? 0 : unlimited);
    return failed;
  };
  const auto small = scoped({{"max_order", 1}});
  EXPECT_TRUE(fails(*small, idle(GFP_KERNEL, 1)));
  EXPECT_FALSE(fails(*small, idle(GFP_KERNEL, 2)));
  const auto listed = scoped({{"orders", List{0, 3}}});
  EXPECT_TRUE(fails(*listed, idle(GFP_KERNEL, 3)));
  EXPECT_FALSE(fails(*listed, idle(GFP_KERNEL, 2)));
  // The 3.19 interlude: what may not call into the file system fails, the rest loops.
  const auto nofs = scoped({{"gfp", List{"nofs", "noio"}}});
  EXPECT_TRUE(fails(*nofs, idle(GFP_NOFS)));
  EXPECT_TRUE(fails(*nofs, idle(GFP_NOIO)));
  EXPECT_FALSE(fails(*nofs, idle(GFP_KERNEL)));
  const auto jbd2 = scoped({{"sites", "ext4.jbd2.*"}});
  AllocAttempt attempt = idle(GFP_NOFS);
  attempt.site = site::jbd2_handle;
  EXPECT_TRUE(fails(*jbd2, attempt));
  attempt.site = site::vfs_dentry;
  EXPECT_FALSE(fails(*jbd2, attempt));
  attempt.site = Site{site::builtin_count};  // A program's own.
  EXPECT_FALSE(fails(*jbd2, attempt));
  // A scope narrows the limit, not what was never small.
  EXPECT_TRUE(fails(*jbd2, idle(GFP_KERNEL, 4)));
}

std::string rejection(Table table) {
  try {
    policy(std::move(table));
  } catch (const ConfigError& error) {
    return error.message();
  }
  return {};
}

TEST(BoundedRetry, AsPostedItAcceptsWhatTheSysctlAccepted) {
  EXPECT_NE(rejection({{"posted", true}, {"retries", 0}}), "");
  EXPECT_NE(rejection({{"posted", true}, {"retries", -1}}), "");
  EXPECT_NE(rejection({{"posted", true}, {"retries", 1}, {"counts", "all"}}), "");
  EXPECT_NE(rejection({{"posted", true}, {"scope", Table{{"max_order", 0}}}}), "");
  EXPECT_EQ(rejection({{"posted", true}, {"retries", 1}}), "");
  // Unset, the sysctl was ULONG_MAX: for ever.
  EXPECT_EQ(policy({{"posted", true}})->rounds_left(idle(GFP_KERNEL)), unlimited);
}

TEST(BoundedRetry, RefusesWhatItCannotMean) {
  EXPECT_NE(rejection({{"retries", -2}}), "");
  EXPECT_NE(rejection({{"retries", 1'000'001}}), "");
  EXPECT_NE(rejection({{"scope", Table{{"gfp", "nfs"}}}}).find("did you mean \"nofs\""),
            std::string::npos);
  EXPECT_NE(rejection({{"scope", Table{{"sites", "ext4.jbd2.handel"}}}})
                .find("did you mean \"ext4.jbd2.handle\""),
            std::string::npos);
  EXPECT_NE(rejection({{"scope", Table{{"order", 1}}}}).find("unknown key"), std::string::npos);
}

}  // namespace
}  // namespace brink
