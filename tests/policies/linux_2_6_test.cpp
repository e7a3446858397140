// linux_2_6 against kernel.md's rows for 2.6.30 to 2.6.32: what each kind of request is told at the
// end of a round without a page.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

using Kind = Action::Kind;

std::unique_ptr<AllocPolicy> policy(Table table) {
  Params params(std::move(table), "policy.alloc");
  auto made = make_linux_2_6_alloc(params);
  params.done();
  return made;
}

AllocAttempt idle(Gfp gfp, unsigned order = 0) {
  AllocAttempt attempt;
  attempt.gfp = gfp;
  attempt.order = order;
  attempt.rounds = attempt.no_progress_rounds = attempt.idle_rounds = 1;
  return attempt;
}

AllocAttempt busy(Gfp gfp, unsigned order = 0) {
  AllocAttempt attempt = idle(gfp, order);
  attempt.no_progress_rounds = attempt.idle_rounds = 0;
  attempt.progress = true;
  attempt.reclaimed = 1;
  return attempt;
}

TEST(Linux26Alloc, AnswersEachKindOfRequestAs2631DoesWithoutALimit) {
  const auto linux_2_6 = policy({});
  AllocAttempt enough = busy(GFP_KERNEL | Gfp::retry_mayfail, 4);
  enough.reclaimed = 16;
  AllocAttempt idle_short = idle(GFP_NOFS | Gfp::retry_mayfail, 4);
  idle_short.reclaimed = 15;
  const struct {
    const char* what;
    AllocAttempt attempt;
    Kind kind;
    std::uint64_t left;
  } rows[] = {
      {"small, no progress", idle(GFP_KERNEL), Kind::oom, unlimited},
      {"small, progress", busy(GFP_KERNEL), Kind::retry, unlimited},
      {"NOFS never comes to the OOM path", idle(GFP_NOFS), Kind::retry, unlimited},
      {"NORETRY", idle(GFP_KERNEL | Gfp::noretry), Kind::fail, 0},
      {"may not sleep", idle(GFP_ATOMIC), Kind::fail, 0},
      {"costly, no progress: the OOM path ends it", idle(GFP_KERNEL, 4), Kind::oom, 0},
      {"costly, progress", busy(GFP_KERNEL, 4), Kind::fail, 0},
      {"costly NOFS, no progress", idle(GFP_NOFS, 4), Kind::fail, 0},
      {"costly NOFAIL, no progress", idle(GFP_KERNEL | Gfp::nofail, 4), Kind::oom, unlimited},
      {"costly NOFAIL NOFS", idle(GFP_NOFS | Gfp::nofail, 4), Kind::retry, unlimited},
      {"REPEAT, enough reclaimed", enough, Kind::fail, 0},
      {"REPEAT NOFS, one page short for ever", idle_short, Kind::retry, unlimited},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(linux_2_6->decide(row.attempt).kind, row.kind) << row.what;
    EXPECT_EQ(linux_2_6->rounds_left(row.attempt), row.left) << row.what;
  }
}

TEST(Linux26Alloc, ReallySleepsBeforeItReclaimsAgainAndNotBeforeItStartsAfresh) {
  EXPECT_EQ(policy({})->decide(idle(GFP_NOFS)).pause, Pause::congestion_sleep);
  EXPECT_EQ(policy({})->decide(idle(GFP_NOFS)).max_pause, 20 * ms);
  EXPECT_EQ(policy({})->decide(idle(GFP_KERNEL)).pause, Pause::none);
}

TEST(Linux26Alloc, FailsCostlyRequestsThatMustNotIn2630) {
  const auto linux_2_6_30 = policy({{"costly_nofail", false}});
  EXPECT_EQ(linux_2_6_30->rounds_left(idle(GFP_KERNEL | Gfp::nofail, 4)), 0u);
  EXPECT_EQ(linux_2_6_30->rounds_left(idle(GFP_KERNEL | Gfp::nofail, 3)), unlimited);
  EXPECT_EQ(linux_2_6_30->rounds_left(idle(GFP_NOFS | Gfp::nofail, 4)), unlimited);
}

TEST(Linux26Alloc, TheLimitCountsRoundsInVainOfWhoeverNeverComesToTheOomPath) {
  const auto two = policy({{"retries", 2}});
  AllocAttempt nofs = idle(GFP_NOFS);
  EXPECT_EQ(two->rounds_left(nofs), 2u);
  nofs.rounds = nofs.no_progress_rounds = 3;  // This one, and two before it.
  EXPECT_EQ(two->decide(nofs).kind, Kind::fail);
  AllocAttempt kernel = idle(GFP_KERNEL);
  kernel.rounds = kernel.no_progress_rounds = 3;
  kernel.oom_rounds = 1;
  EXPECT_EQ(two->decide(kernel).kind, Kind::oom);
  kernel.oom_rounds = 2;
  EXPECT_EQ(two->decide(kernel).kind, Kind::fail);
}

}  // namespace
}  // namespace brink
