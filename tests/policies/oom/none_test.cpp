// none: what a request hears from a killer that kills nobody.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

TEST(NoOomKiller, KillsNobodyAndSaysWhatItWasToldToSay) {
  Params none;
  const auto pretends = make_no_oom_killer(none);
  EXPECT_EQ(pretends->gate({0, 0, GFP_KERNEL, false}), OomGate::pretend);
  Params refuse({{"answer", "refuse"}}, "");
  const auto refuses = make_no_oom_killer(refuse);
  EXPECT_EQ(refuses->gate({0, 0, GFP_KERNEL, false}), OomGate::refuse);
  EXPECT_EQ(refuses->gate({0, 0, GFP_KERNEL | Gfp::nofail, false}), OomGate::pretend);
  OomView view;
  TaskView task;
  task.has_mm = true;
  task.rss = 99;
  view.tasks = std::span(&task, 1);
  EXPECT_EQ(pretends->choose(view).kind, OomChoice::Kind::wait);
  EXPECT_EQ(pretends->would_kill(view), never);
  EXPECT_EQ(pretends->rights(), VictimRights::none);
}

}  // namespace
}  // namespace brink
