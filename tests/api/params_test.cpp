// Keys as a policy, fault or program reads them: what is accepted, and the exact words for what is
// not.

#include "brink/params.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <limits>

namespace brink {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

/// A value that was written in line 12, column `column`, of x.toml.
Value at(std::uint32_t column, Value value) {
  if (const auto* integer = value.get<std::int64_t>()) return {*integer, {"x.toml", 12, column}};
  if (const auto* text = value.get<std::string>()) return {*text, {"x.toml", 12, column}};
  if (const auto* number = value.get<double>()) return {*number, {"x.toml", 12, column}};
  if (const auto* truth = value.get<bool>()) return {*truth, {"x.toml", 12, column}};
  return {std::make_shared<List>(*value.list()), {"x.toml", 12, column}};
}

/// What is said when `read` reads a table with this one key `k`.
std::string complaint(Value value, const std::function<void(Params&)>& read) {
  Params params(Table{{"k", at(5, std::move(value))}}, "policy.alloc", {"x.toml", 10, 1});
  try {
    read(params);
    params.done();
  } catch (const ConfigError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("x.toml:12:5: error: policy.alloc.k", 0), 0u)
        << error.what();
    return error.message().substr(std::string("policy.alloc.k: ").size());
  }
  return "accepted";
}

std::string integer_complaint(Value value) {
  return complaint(std::move(value), [](Params& p) { p.integer("k", 0, {-1, 1000}, ""); });
}

TEST(ConfigError, SaysWhere) {
  EXPECT_STREQ(ConfigError({"a/b.toml", 3, 14}, "no").what(), "a/b.toml:3:14: error: no");
  EXPECT_STREQ(ConfigError({"a.toml", 3, 0}, "no").what(), "a.toml:3: error: no");
  EXPECT_STREQ(ConfigError({"a.toml", 0, 0}, "no").what(), "a.toml: error: no");
  EXPECT_STREQ(ConfigError({}, "no").what(), "error: no");
}

TEST(Params, TakesDefaultsForKeysThatAreNotThere) {
  Params params(Table{}, "machine");
  EXPECT_EQ(params.integer("retries", 7, {0, 10}, ""), 7);
  EXPECT_TRUE(params.boolean("x", true, ""));
  EXPECT_EQ(params.text("name", "random", ""), "random");
  EXPECT_EQ(params.choice("counts", 1, {"all", "none"}, ""), 1u);
  EXPECT_EQ(params.size("memory", 5 * MiB, 0, GiB, ""), 5 * MiB);
  EXPECT_EQ(params.duration("settle", never, 0, never, ""), never);
  EXPECT_EQ(params.probability("p", 17, ""), 17u);
  EXPECT_TRUE(params.integers("orders", {0, 10}, "").empty());
  EXPECT_TRUE(params.texts("sites", "").empty());
  EXPECT_FALSE(params.table("lookup", "").has("path"));
  EXPECT_FALSE(params.has("retries"));
  params.done();
}

TEST(Params, ReadsIntegersWithinTheirRange) {
  Params params(Table{{"low", -1}, {"high", 1000}, {"max", highest}}, "");
  EXPECT_EQ(params.integer("low", 0, {-1, 1000}, ""), -1);
  EXPECT_EQ(params.integer("high", 0, {-1, 1000}, ""), 1000);
  EXPECT_EQ(params.integer("max", 0, {lowest, highest}, ""), highest);
  params.done();
}

TEST(Params, RefusesIntegersOutOfRangeAndOtherKinds) {
  EXPECT_EQ(integer_complaint(1001), "1001 is out of range; it must be from -1 to 1000");
  EXPECT_EQ(integer_complaint(lowest),
            "-9223372036854775808 is out of range; it must be from -1 to 1000");
  EXPECT_EQ(integer_complaint("12"), "expected an integer, found a string, \"12\"");
  EXPECT_EQ(integer_complaint(1.0), "expected an integer, found a float, 1.0");
  EXPECT_EQ(integer_complaint(true), "expected an integer, found a boolean, true");
  EXPECT_EQ(integer_complaint(List{1}), "expected an integer, found a list");
}

TEST(Params, RefusesOtherKindsOfWordsAndTables) {
  EXPECT_EQ(complaint(1, [](Params& p) { p.boolean("k", true, ""); }),
            "expected true or false, found an integer, 1");
  EXPECT_EQ(complaint(1, [](Params& p) { p.text("k", "", ""); }),
            "expected a string, found an integer, 1");
  EXPECT_EQ(complaint("x", [](Params& p) { p.table("k", ""); }),
            "expected a table, found a string, \"x\"");
}

TEST(Params, ReadsOneOfAFewWords) {
  Params params(Table{{"counts", "all"}}, "");
  EXPECT_EQ(params.choice("counts", 0, {"oom_only", "no_progress", "all"}, ""), 2u);
  const auto read = [](Params& p) { p.choice("k", 0, {"oom_only", "no_progress", "all"}, ""); };
  EXPECT_EQ(complaint("oom-olny", read),
            "\"oom-olny\" is not one of oom_only, no_progress, all; did you mean \"oom_only\"?");
  EXPECT_EQ(complaint("never", read), "\"never\" is not one of oom_only, no_progress, all");
  EXPECT_EQ(complaint(2, read), "expected a string, found an integer, 2");
}

TEST(Params, ReadsListsAndTakesOneValueForAListOfOne) {
  Params params(Table{{"orders", List{0, 3}}, {"one", 4}, {"sites", List{"a", "b"}}, {"s", "c"}},
                "");
  EXPECT_EQ(params.integers("orders", {0, 10}, ""), (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(params.integers("one", {0, 10}, ""), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(params.texts("sites", ""), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(params.texts("s", ""), (std::vector<std::string>{"c"}));
  params.done();
}

TEST(Params, PointsAtTheElementThatIsWrong) {
  Params params(Table{{"orders", List{0, at(9, 11)}}, {"sites", List{"a", 1}}}, "t",
                {"x.toml", 10, 1});
  try {
    params.integers("orders", {0, 10}, "");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "x.toml:12:9: error: t.orders[1]: 11 is out of range; it must be from 0 to 10");
  }
  try {
    params.texts("sites", "");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "x.toml:10:1: error: t.sites[1]: expected a string, found an integer, 1");
  }
}

std::string unknown_key(Table table) {
  Params params(std::move(table), "policy.alloc", {"x.toml", 10, 1});
  params.integer("retries", 0, {0, 1}, "");
  params.text("counts", "", "");
  try {
    params.done();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Params, RefusesKeysThatNobodyReads) {
  EXPECT_EQ(unknown_key({{"retries", 1}}), "accepted");
  EXPECT_EQ(unknown_key({{"retires", at(1, 1)}}),
            "x.toml:12:1: error: policy.alloc: unknown key \"retires\"; did you mean \"retries\"?");
  EXPECT_EQ(unknown_key({{"zone", 1}}),
            "x.toml:10:1: error: policy.alloc: unknown key \"zone\"; the keys are counts, retries");
  EXPECT_EQ(unknown_key({{"a", at(20, 1)}, {"b", at(7, 1)}}).substr(0, 12), "x.toml:12:7:")
      << "the first in the file, not in the alphabet";
}

TEST(Params, KeysOfInnerTablesAreTheirOwn) {
  Params params(Table{{"lookup", Table{{"path", "/"}, {"evry", 1}}}}, "args");
  Params lookup = params.table("lookup", "");
  params.done();
  EXPECT_EQ(lookup.text("path", "", ""), "/");
  lookup.text("every", "", "");
  try {
    lookup.done();
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "error: args.lookup: unknown key \"evry\"; did you mean \"every\"?");
  }
}

TEST(Params, RejectsWithTheNameAndPlaceOfTheKey) {
  Params params(Table{{"nth", at(3, 1)}}, "fault", {"x.toml", 10, 1});
  EXPECT_EQ(params.where("nth").column, 3u);
  EXPECT_EQ(params.where("times").line, 10u);
  try {
    params.reject("nth", "needs a task");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "x.toml:12:3: error: fault.nth: needs a task");
  }
}

TEST(Params, DescribeCollectsWhatIsReadAndReturnsDefaults) {
  Params params = Params::describe();
  EXPECT_EQ(params.integer("retries", -1, {-1, 1'000'000}, "rounds before it fails"), -1);
  params.size("memory", 64 * MiB, MiB, 4 * GiB, "");
  params.choice("counts", 1, {"all", "oom_only"}, "");
  params.duration("settle", 300 * seconds, 0, never, "");
  params.probability("rate", 500, "");
  params.table("lookup", "").text("path", "/", "");
  params.done();
  ASSERT_EQ(params.docs().size(), 7u);
  EXPECT_EQ(params.docs()[0].type, "integer -1 … 1000000");
  EXPECT_EQ(params.docs()[0].value, "-1");
  EXPECT_EQ(params.docs()[0].meaning, "rounds before it fails");
  EXPECT_EQ(params.docs()[1].type, "size 1 MiB … 4 GiB");
  EXPECT_EQ(params.docs()[1].value, "64 MiB");
  EXPECT_EQ(params.docs()[2].type, "one of all|oom_only");
  EXPECT_EQ(params.docs()[2].value, "oom_only");
  EXPECT_EQ(params.docs()[3].type, "duration from 0 ns");
  EXPECT_EQ(params.docs()[3].value, "5 min");
  EXPECT_EQ(params.docs()[4].value, "500 ppm");
  EXPECT_EQ(params.docs()[6].key, "lookup.path");
}

RC_GTEST_PROP(Params, TakesAnIntegerExactlyIfItIsInRange,
              (std::int64_t a, std::int64_t b, std::int64_t number)) {
  const Params::Range range{std::min(a, b), std::max(a, b)};
  Params params(Table{{"k", number}}, "");
  bool taken = true;
  try {
    RC_ASSERT(params.integer("k", a, range, "") == number);
  } catch (const ConfigError&) {
    taken = false;
  }
  RC_ASSERT(taken == (range.low <= number && number <= range.high));
}

}  // namespace
}  // namespace brink
