// Run ids: every id reads back as itself, and no other experiment's id is taken.

#include <rapidcheck/gtest.h>

#include "experiment/digest.hpp"
#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

/// UTF-8, as TOML's strings are.
rc::Gen<std::string> any_text() {
  std::vector<std::string> letters = {"é", "→"};
  for (const char c : std::string("ab9 ,:=@%'\"[]{}#$;&|\\-+._/\n\t1")) letters.emplace_back(1, c);
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(letters)),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& letter : chosen) text += letter;
                        return text;
                      });
}

Value any_value() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0: return Value(*rc::gen::arbitrary<bool>());
    case 1: return Value(*rc::gen::arbitrary<std::int64_t>());
    case 2: return Value(static_cast<double>(*rc::gen::arbitrary<int>()) / 8);
    case 3: return Value(List{Value(*any_text()), Value(*rc::gen::arbitrary<std::int64_t>())});
    case 4: return Value(Table{{"key", Value(*any_text())}});
    default: return Value(*any_text());
  }
}

bool same(const Axes& a, const Axes& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool kinds = a[i].second.kind() == std::string(b[i].second.kind());
    if (a[i].first != b[i].first || !kinds || a[i].second.text() != b[i].second.text())
      return false;
  }
  return true;
}

RunId any_id() {
  RunId id;
  id.name = "n" + *any_text();
  id.digest = "1-0123456789abcdef";
  const int axes = *rc::gen::inRange(0, 4);
  for (int i = 0; i < axes; ++i) id.axes.emplace_back("axis" + *any_text(), any_value());
  id.seed = *rc::gen::arbitrary<std::uint64_t>();
  if (*rc::gen::arbitrary<bool>()) id.faults = *rc::gen::arbitrary<std::vector<std::size_t>>();
  if (*rc::gen::arbitrary<bool>()) id.schedule = "00ff17";
  if (*rc::gen::arbitrary<bool>()) {
    id.policy = RunId::PolicySwitch{"bounded_retry", {{"retries", any_value()}}, 12};
  }
  if (*rc::gen::arbitrary<bool>()) {
    id.reschedule = RunId::Reschedule{*rc::gen::arbitrary<std::uint64_t>(), 3};
  }
  return id;
}

RC_GTEST_PROP(RunId, ReadsBackAsItself, ()) {
  const RunId id = any_id();
  const std::string text = run_id_text(id);
  const RunId back = parse_run_id(text);
  RC_ASSERT(back.name == id.name);
  RC_ASSERT(back.digest == id.digest);
  RC_ASSERT(same(back.axes, id.axes));
  RC_ASSERT(back.seed == id.seed);
  RC_ASSERT(back.faults == id.faults);
  RC_ASSERT(back.schedule == id.schedule);
  RC_ASSERT(back.policy.has_value() == id.policy.has_value());
  if (id.policy) RC_ASSERT(same(back.policy->params, id.policy->params));
  RC_ASSERT(back.reschedule.has_value() == id.reschedule.has_value());
  if (id.reschedule) RC_ASSERT(back.reschedule->choice == id.reschedule->choice);
  RC_ASSERT(run_id_text(back) == text);
}

RC_GTEST_PROP(RunId, HoldsNothingThatAShellWouldTake, ()) {
  const std::string text = run_id_text(any_id());
  RC_ASSERT(text.find_first_of(" \t\n'\"\\$`;&|<>(){}[]*?!#") == std::string::npos);
}

TEST(RunId, LooksAsDocumented) {
  const Experiment experiment = load_text(small_file());
  RunId id = run_id_of(experiment, 1, 6);
  EXPECT_EQ(run_id_text(id), "x@" + experiment.digest + ":policy.alloc.retries=-1:seed=7");
  EXPECT_EQ(sweep_spec(experiment, 1, 6, "").run_id, run_id_text(id));
  id.policy = RunId::PolicySwitch{"bounded_retry", {{"retries", Value(4)}}, 12};
  id.reschedule = RunId::Reschedule{99, 2};
  id.faults = std::vector<std::size_t>{};
  EXPECT_TRUE(run_id_text(id).ends_with(
      ":seed=7:faults=none:policy=bounded_retry,retries=4@12:resched=99/2"));
}

std::string parse_error(const std::string& text) {
  try {
    parse_run_id(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(RunId, MistakesAreNamedWithTheirColumn) {
  EXPECT_TRUE(parse_error("x").starts_with("run id:1:2: error: expected \"@\""));
  EXPECT_TRUE(parse_error("x@1-0:sed=1").starts_with("run id:1:12: error: expected \":\""));
  EXPECT_TRUE(parse_error("x@1-0:seed=").starts_with("run id:1:12: error: expected a number"));
  EXPECT_TRUE(parse_error("x@1-0:seed=1:shedule=00").starts_with("run id:1:13: error: expected f"));
  EXPECT_TRUE(parse_error("x@1-0:a=%2:seed=1").starts_with("run id:1:9: error: expected two hex"));
  EXPECT_TRUE(parse_error("x@1-0:seed=1:policy=p,k=1").starts_with("run id:1:26: error: expected"));
}

class Refusal : public testing::Test {
 protected:
  std::string refused(const RunId& asked) const {
    try {
      spec_of(experiment, asked, small_registries());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return {};
  }

  Experiment experiment = load_text(small_file());
  RunId id = run_id_of(experiment, 0, 0);
};

TEST_F(Refusal, OfAnotherExperimentStateOrFormatIsLoud) {
  EXPECT_EQ(refused(id), "");
  RunId foreign = id;
  foreign.name = "y";
  EXPECT_EQ(refused(foreign), "run id: error: it belongs to the experiment y, and x.toml is x");
  foreign = id;
  foreign.digest = "1-0000000000000000";
  EXPECT_NE(refused(foreign).find("made by another state of x.toml"), std::string::npos);
  foreign.digest = "0" + id.digest.substr(1);
  EXPECT_NE(refused(foreign).find("format version 0 and this brink has 1"), std::string::npos);
}

TEST_F(Refusal, OfWhatTheExperimentDoesNotHave) {
  RunId other = id;
  other.axes.clear();
  EXPECT_EQ(refused(other), "run id: error: it names no value of the axis policy.alloc.retries");
  other = id;
  other.faults = std::vector<std::size_t>{0};
  EXPECT_EQ(refused(other), "run id: error: it names fault 0, and there are 0");
  other = id;
  other.schedule = "abc";
  EXPECT_EQ(refused(other), "run id: error: schedule= must be an even number of hex digits");
}

TEST_F(Refusal, DoesNotMeetValuesThatTheSweepDoesNotList) {
  id.axes[0].second = Value(17);
  const RunSpec spec = spec_of(experiment, id, small_registries());
  EXPECT_EQ(retries_of(*spec.alloc_policy), 17);
}

TEST_F(Refusal, DoesNotMeetWhatIfs) {
  id.policy = RunId::PolicySwitch{"bounded_retry", {{"retries", Value(4)}}, 12};
  id.reschedule = RunId::Reschedule{99, 2};
  id.schedule = "00ff";
  const RunSpec spec = spec_of(experiment, id, small_registries());
  EXPECT_EQ(spec.switch_policy_at, 12u);
  EXPECT_EQ(retries_of(*spec.alloc_policy), 0);
  EXPECT_EQ(retries_of(*spec.alloc_policy_then), 4);
  EXPECT_EQ(spec.reschedule_at, 99u);
  EXPECT_EQ(spec.machine.scheduler.strategy, "replay");
  EXPECT_EQ(spec.machine.scheduler.choices, "00ff");
}

TEST(Digest, HangsOnWhatARunDependsOnAndOnNothingElse) {
  const std::string digest = load_text(small_file()).digest;
  EXPECT_EQ(load_text("# comment\n" + small_file()).digest, digest);
  EXPECT_EQ(load_text(small_file(), {{"experiment.question=why"}, 3}).digest, digest);
  EXPECT_EQ(load_text(expecting("all = 'lockups > 0'")).digest, digest);
  EXPECT_EQ(load_text(small_file(), {{"sweep.\"policy.alloc.retries\"=[5]"}, {}}).digest, digest);
  EXPECT_NE(load_text(small_file(), {{"machine.memory=64MiB"}, {}}).digest, digest);
  EXPECT_NE(load_text(small_file(), {{"task.hog.count=2"}, {}}).digest, digest);
  EXPECT_EQ(digest.substr(0, 2), std::to_string(format_version) + "-");
}

}  // namespace
}  // namespace brink
