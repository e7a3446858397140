// One run told: the closed set, the escapes, the point of no return.

#include "report/explain_text.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace brink {
namespace {

/// A victim that waits for whoever loops for memory.
Lockup example_lockup() {
  Lockup lockup;
  LockupMember victim, holder;
  victim.id = 5;
  victim.task = "anon_hog-2";
  victim.waits_for = "mutex ext4.dir.i_mutex:/srv";
  victim.holder = 3;
  victim.victim = victim.obliged = true;
  victim.since = 290 * seconds;
  victim.syscall = "stat";
  holder.id = 3;
  holder.task = "mkdir_loop-1";
  holder.waits_for = "memory: order 0, GFP_NOFS, site buffer.block.page";
  holder.memory = holder.obliged = true;
  holder.since = 300 * seconds;
  holder.holder = 5;
  holder.site = "buffer.block.page";
  holder.on_failure = OnFailure::nofail;
  holder.syscall = "mkdir";
  holder.locks_held = {"mutex ext4.dir.i_mutex:/srv", "jbd2.handle"};
  holder.suppliers = {{"free pages", "none above the mark"}, {"reclaim", "exhausted"}};
  holder.frames = {"sys_mkdir", "ext4_mkdir"};
  lockup.absolute = true;
  lockup.closed_at = 300 * seconds;
  lockup.closed_at_choice = 998;
  lockup.members = {victim, holder};
  return lockup;
}

Escapes example_escapes() {
  Escapes escapes;
  escapes.first_question = 17;
  escapes.summary = "N ≤ 0";
  escapes.tries.resize(2);
  EscapeTry& zero = escapes.tries[0];
  zero.escaped = true;
  zero.task = "mkdir_loop-1";
  zero.site = "ext4.inode.alloc";
  zero.syscall = "mkdir";
  zero.error = "ENOMEM";
  zero.fate = Fate::returned;
  zero.waited = 3 * ms;
  zero.run_id = "x@1-0:seed=1:policy=bounded_retry,retries=0@17";
  escapes.tries[1].retries = 1;
  escapes.tries[1].verdict = Verdict::memory_deadlock;
  escapes.tries[1].run_id = "x@1-0:seed=1:policy=bounded_retry,retries=1@17";
  escapes.tries[1].blocked_site = "buffer.block.page";
  escapes.tries[1].blocked_why = "never: __GFP_NOFAIL";
  escapes.tries.push_back(escapes.tries[1]);
  escapes.tries[2].retries = 2;
  return escapes;
}

Explanation example() {
  Explanation explanation;
  Outcome& outcome = explanation.outcome;
  outcome.run_id = "x@1-0:seed=1";
  outcome.verdict = Verdict::memory_deadlock;
  outcome.reason = "2 tasks wait for each other and for memory";
  outcome.virtual_time = 912'300 * ms;
  outcome.counters.steps = 1'234'567;
  outcome.counters.choices = 1'000;
  outcome.trace_hash = 0xabc;
  outcome.story = {"0.1 s  one", "0.2 s  two"};
  outcome.findings = {{Finding::Kind::hung_task, 120 * seconds, 0, "anon_hog blocked"},
                      {Finding::Kind::stall, seconds, 2 * seconds, "opened again"}};
  FailureRecord failure;
  failure.began = 5 * ms;
  failure.task = "hog";
  failure.site = "mm.fault.anon_page";
  failure.gfp = GFP_NOFS;
  failure.cause = Cause::give_up;
  failure.fate = Fate::returned;
  failure.syscall = "mkdir";
  failure.result = -12;
  outcome.failures = {failure};
  outcome.has_lockup = true;
  outcome.lockup = example_lockup();
  explanation.escapes = example_escapes();
  explanation.no_return = {
      true, true, 990, 998, 12, 200, 4, Verdict::completed, "x@1-0:seed=1:resched=990/2"};
  return explanation;
}

std::string golden() {
  std::ostringstream text;
  text << std::ifstream(BRINK_SOURCE_DIR "/tests/report/explain.golden.txt").rdbuf();
  return text.str();
}

TEST(ExplainText, IsThis) { EXPECT_EQ(explain_text(example()), golden()); }

TEST(ExplainText, OfARunThatCompletedEndsWithItsStory) {
  Explanation explanation = example();
  explanation.outcome.has_lockup = false;
  const std::string text = explain_text(explanation);
  EXPECT_EQ(text.find("closed set"), std::string::npos);
  EXPECT_EQ(text.find("Escapes"), std::string::npos);
}

TEST(ExplainText, SaysFirstThatFaultsWereInjected) {
  Explanation explanation = example();
  explanation.outcome.faults = {{5, 0, 2}, {5, 0, 1}};
  EXPECT_TRUE(explain_text(explanation).starts_with("FAULTS WERE INJECTED: 3 of them.\nx@1-0"));
}

TEST(ClosedSetText, FollowsTheKnotUntilSomebodyComesAgain) {
  Lockup lockup = example().outcome.lockup;
  lockup.members[1].holder = no_task;
  EXPECT_NE(closed_set_text(lockup).find("\n  mkdir_loop-1 (task 3) loops for memory\n"),
            std::string::npos);
  lockup.members.erase(lockup.members.begin() + 1);
  lockup.members[0].holder = 77;  // Not a member.
  EXPECT_NE(closed_set_text(lockup).find(
                "\n  anon_hog-2 (task 5) waits for mutex ext4.dir.i_mutex:/srv\n"),
            std::string::npos);
  lockup.members.clear();
  lockup.absolute = false;
  EXPECT_EQ(closed_set_text(lockup),
            "Closed at 300.0 s, choice 998: unless a bystander had helped, and none did\n");
}

TEST(EscapesText, SaysWhyNothingWasTried) {
  Escapes escapes;
  escapes.summary = "none: no member asked the policy for anything";
  EXPECT_EQ(escapes_text(escapes), "Escapes: none: no member asked the policy for anything\n");
}

TEST(NoReturnText, SaysWhenNothingWasFoundOrSought) {
  PointOfNoReturn none;
  EXPECT_EQ(no_return_text(none), "");
  none.searched = true;
  none.reruns = none.budget = 50;
  none.seeds = 4;
  EXPECT_EQ(
      no_return_text(none),
      "Point of no return: no continuation was found that escapes (50 of at most 50 reruns, 4 "
      "continuations from a choice)\n");
}

}  // namespace
}  // namespace brink
