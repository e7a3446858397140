// Expressions against numbers worked out by hand, and their mistakes against places.

#include "experiment/expr.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace brink {
namespace {

/// Two axes; retries 0 and -1, memory 64 MiB and 1 GiB.
const std::vector<AxisWords> axes = {
    {"policy.alloc.retries", {Value(0), Value(-1)}},
    {"machine.memory", {Value("64 MiB"), Value("1 GiB")}},
};

Outcome outcome(bool lockup, std::uint64_t enomem, std::uint64_t touches) {
  Outcome o;
  if (lockup) o.verdict = Verdict::memory_deadlock;
  o.counters.enomem[0] = enomem;
  o.counters.page_touches = touches;
  o.counters.rounds = 10 * enomem;
  o.virtual_time = touches * ms;
  o.syscalls = {{"mkdir", 0, 7}, {"mkdir", ENOMEM, enomem}};
  o.fates["ext4.inode.alloc"][static_cast<std::size_t>(Fate::returned)] = enomem;
  if (lockup) o.lockup.never_refused = {"ext4.jbd2.frozen_copy"};
  return o;
}

/// retries = 0, 64 MiB: 4 runs, 1 lockup; ENOMEM 0 1 2 5; touches 10 20 30 40.
/// retries = -1, 64 MiB: 5 runs, 4 lockups; no ENOMEM; touches 100.
/// retries = -1, 1 GiB: 1 run, no lockup.
class Expressions : public testing::Test {
 protected:
  Expressions() {
    add({Value(0), Value("64 MiB")}, {outcome(true, 0, 10), outcome(false, 1, 20),
                                      outcome(false, 2, 30), outcome(false, 5, 40)});
    std::vector<Outcome> locked(4, outcome(true, 0, 100));
    locked.push_back(outcome(false, 0, 100));
    add({Value(-1), Value("64 MiB")}, locked);
    add({Value(-1), Value("1 GiB")}, {outcome(false, 0, 1000)});
  }

  void add(std::vector<Value> values, const std::vector<Outcome>& outcomes) {
    PointStatistics point({{axes[0].name, values[0]}, {axes[1].name, values[1]}});
    for (const Outcome& o : outcomes) point.add(o);
    points.push_back(point);
  }

  Answer answer(const std::string& text, const std::string& filter = "") const {
    std::vector<const PointStatistics*> all;
    for (const PointStatistics& point : points) all.push_back(&point);
    Selection selection;
    if (!filter.empty()) selection = narrowed({}, parse_filter(filter, axes));
    const bool condition =
        text.find_first_of("<>=") != std::string::npos && parse(text).type == Expr::Type::truth;
    return evaluate(condition ? parse_condition(text, axes) : parse_amount(text, axes), all,
                    selection);
  }

  static Expr parse(const std::string& text) {
    try {
      return parse_condition(text, axes);
    } catch (const ExprError&) {
      return parse_amount(text, axes);
    }
  }

  double number(const std::string& text, const std::string& filter = "") const {
    const Answer a = answer(text, filter);
    EXPECT_TRUE(a.defined) << text << ": " << a.text;
    return a.number;
  }

  bool truth(const std::string& text, const std::string& filter = "") const {
    const Answer a = answer(text, filter);
    return a.defined && a.truth;
  }

  std::vector<PointStatistics> points;
};

TEST_F(Expressions, MetricsAreTotalsOverTheChosenRuns) {
  EXPECT_EQ(number("runs"), 10);
  EXPECT_EQ(number("lockups"), 5);
  EXPECT_EQ(number("memory_deadlock"), 5);
  EXPECT_EQ(number("completed", "retries = 0"), 3);
  EXPECT_EQ(number("enomem_give_up"), 8);
  EXPECT_EQ(number("errno.mkdir.ENOMEM"), 8);
  EXPECT_EQ(number("errno.mkdir.0"), 70);
  EXPECT_EQ(number("fate.ext4.inode.alloc.returned"), 8);
  EXPECT_EQ(number("lockups_at.ext4.jbd2.frozen_copy", "retries = -1"), 4);
  EXPECT_EQ(number("lockups_unattributed"), 0);
  EXPECT_EQ(number("errno.open.ENOMEM"), 0);
}

TEST_F(Expressions, FunctionsSummariseRuns) {
  EXPECT_EQ(number("mean(enomem)", "retries = 0"), 2);
  EXPECT_EQ(number("mean(errno.mkdir.ENOMEM)", "retries = 0"), 2);
  EXPECT_EQ(number("min(page_touches)"), 10);
  EXPECT_EQ(number("max(page_touches)"), 1000);
  EXPECT_EQ(number("max(rounds)"), 50);
  EXPECT_EQ(number("median(page_touches)", "retries = 0"), 20);
  EXPECT_EQ(number("median(page_touches)", "retries = -1 and memory = 64 MiB"), 100);
  EXPECT_EQ(number("quantile(page_touches, 0.75)", "retries = 0"), 30);
  EXPECT_EQ(number("quantile(enomem, 1)"), 5);
  EXPECT_EQ(number("count(enomem)"), 8);
  EXPECT_EQ(number("count(enomem > 0)"), 3);
  EXPECT_DOUBLE_EQ(number("rate(enomem >= 2)", "retries = 0"), 0.5);
}

TEST_F(Expressions, RatesHaveWilsonIntervals) {
  EXPECT_DOUBLE_EQ(number("rate(lockups)", "retries = 0"), 0.25);
  EXPECT_NEAR(number("lower(rate(lockups))", "retries = 0"), 0.0456, 5e-5);
  EXPECT_NEAR(number("upper(rate(lockups))", "retries = 0"), 0.6994, 5e-5);
  EXPECT_TRUE(truth("lower(rate(lockups | retries = -1)) > lower(rate(lockups | retries = 0))"));
  EXPECT_FALSE(truth("lower(rate(lockups | retries = -1)) > upper(rate(lockups | retries = 0))"));
}

TEST_F(Expressions, ArithmeticBindsAsUsual) {
  EXPECT_EQ(number("1 + 2 * 3 - 4 / 2"), 5);
  EXPECT_EQ(number("(1 + 2) * 3"), 9);
  EXPECT_EQ(number("-2 * -3"), 6);
  EXPECT_EQ(number("10 - 3 - 2"), 5);
  EXPECT_EQ(number("1_000 + 1e3"), 2000);
  EXPECT_DOUBLE_EQ(number("50 %"), 0.5);
  EXPECT_DOUBLE_EQ(
      number("rate(lockups | retries = -1 and memory = 64 MiB) / rate(lockups | retries "
             "= 0)"),
      3.2);
}

TEST_F(Expressions, TimesHaveUnits) {
  EXPECT_DOUBLE_EQ(number("mean(virtual_time)", "retries = 0"), 0.025);
  EXPECT_TRUE(truth("max(virtual_time) = 1000 ms"));
  EXPECT_TRUE(truth("max(virtual_time) < 1 min and max(virtual_time) > 999 ms"));
  EXPECT_EQ(number("count(virtual_time >= 100 ms)"), 6);
  EXPECT_DOUBLE_EQ(number("max(virtual_time) / 500 ms"), 2);
}

TEST_F(Expressions, ConditionsJoin) {
  EXPECT_TRUE(truth("lockups = 5 and enomem = 8"));
  EXPECT_TRUE(truth("lockups = 6 or enomem = 8"));
  EXPECT_TRUE(truth("not lockups = 6"));
  EXPECT_TRUE(truth("not (lockups = 6 or enomem = 9) and runs != 9"));
  EXPECT_TRUE(truth("lockups = 5 or lockups = 1 and lockups = 2"));  // `and` binds tighter.
}

TEST_F(Expressions, FiltersChooseByValueNotBySpelling) {
  EXPECT_EQ(number("runs", "memory = 65536 KiB"), 9);
  EXPECT_EQ(number("runs", "memory > 64 MiB"), 1);
  EXPECT_EQ(number("runs", "policy.alloc.retries < 0"), 6);
  EXPECT_EQ(number("runs", "retries = 0 or memory = '1 GiB'"), 5);
  EXPECT_EQ(number("runs", "not (retries = 0)"), 6);
  EXPECT_EQ(number("(runs | retries = 0 and memory = 64 MiB) + (runs | retries = -1)"), 10);
}

TEST_F(Expressions, AnInnerFilterReplacesWhatTheOuterSaysOfTheSameAxis) {
  EXPECT_EQ(number("(runs | retries = -1)", "retries = 0"), 6);
  EXPECT_EQ(number("(runs | retries = -1)", "retries = 0 and memory = 64 MiB"), 5);
  EXPECT_EQ(number("runs - (runs | retries = -1)", "retries = 0"), -2);
}

TEST_F(Expressions, WhatIsUndefinedIsNeitherTrueNorFalse) {
  const Answer ratio =
      answer("rate(lockups) / rate(lockups | retries = -1 and memory = 1 GiB) < 1");
  EXPECT_FALSE(ratio.defined);
  EXPECT_FALSE(ratio.truth);
  EXPECT_NE(ratio.text.find("undefined"), std::string::npos);
  EXPECT_FALSE(answer("not 1 / 0 = 1").defined);
  EXPECT_TRUE(truth("1 / 0 = 1 or lockups = 5"));
  EXPECT_FALSE(answer("1 / 0 = 1 and lockups = 5").defined);
  const Answer none = answer("lockups = 0", "retries = 0 and memory = 1 GiB");
  EXPECT_TRUE(none.no_runs);
  EXPECT_FALSE(none.defined);
}

TEST_F(Expressions, SayWhatDecidedThem) {
  EXPECT_EQ(answer("lockups > 3").text, "5");
  EXPECT_EQ(answer("rate(lockups | retries = 0) < rate(lockups | memory = 1 GiB)").text,
            "0.25 [0.04559, 0.6994] against 0 [0, 0.7935]");
  EXPECT_EQ(answer("max(virtual_time) > 1 s and lockups = 2").text, "1 s; 5");
}

TEST_F(Expressions, KnowWhetherAnyPointFits) {
  const std::vector<Axes> points_of = {{{axes[0].name, Value(0)}, {axes[1].name, Value("64 MiB")}}};
  EXPECT_TRUE(has_points(parse_condition("(lockups | retries = 0) > 0", axes), points_of, {}));
  EXPECT_FALSE(has_points(parse_condition("lockups > (runs | retries = -1)", axes), points_of, {}));
}

struct Mistake {
  const char* text;
  std::size_t offset;
  const char* message;
};

class ExprMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ExprMistakes, HaveTheirPlace) {
  const Mistake& m = GetParam();
  try {
    parse_condition(m.text, axes);
    ADD_FAILURE() << "no mistake in " << m.text;
  } catch (const ExprError& error) {
    EXPECT_EQ(error.offset(), m.offset) << m.text << ": " << error.what();
    EXPECT_NE(std::string(error.what()).find(m.message), std::string::npos)
        << m.text << ": " << error.what();
  }
}

const Mistake mistakes[] = {
    {"lockup > 0", 0, "unknown metric \"lockup\"; did you mean \"lockups\"?"},
    {"lockups > ", 10, "expected a number, a metric or \"(\""},
    {"lockups", 0, "expected a condition, as `lockups > 0`, found a number"},
    {"lockups > 0 0", 12, "expected an operator or the end"},
    {"lockups > 0 )", 12, "expected an operator or the end"},
    {"(lockups > 0", 12, "expected \")\" for the \"(\" at character 1"},
    {"rat(lockups) > 0", 0, "unknown function \"rat\"; did you mean \"rate\"?"},
    {"rate(enomem) > 0", 5, "expected what a run is or is not"},
    {"rate(rounds > 0) > 0", 5, "expected what a run is or is not"},
    {"median(rounds) > 0", 7, "single values of this metric are not kept"},
    {"max(errno.mkdir.ENOMEM) > 0", 4, "single values of this metric are not kept"},
    {"mean(1 + 2) > 0", 5, "mean() takes the name of a metric"},
    {"lower(lockups) > 0", 6, "expected rate(…)"},
    {"quantile(enomem) > 0", 15, "expected \", Q\""},
    {"quantile(enomem, 2) > 0", 17, "expected a number from 0 to 1"},
    {"virtual_time > 5", 13, "times have a unit"},
    {"virtual_time > 5 parsec", 17, "unknown unit \"parsec\""},
    {"virtual_time + lockups > 5 s", 13, "cannot combine a time with a number"},
    {"1 < 2 < 3", 6, "comparisons do not chain"},
    {"lockups > 0 and enomem", 16, "expected a condition"},
    {"lockups | retries = 0", 0, "expected a condition"},
    {"lockups > 0 | retries = 0", 12, "a filter stands inside of parentheses"},
    {"(lockups | retris = 0) > 0", 11,
     "no axis of the sweep is called \"retris\"; did you mean "
     "\"retries\"?"},
    {"(lockups | retries 0) > 0", 19, "expected =, !=, <, <=, > or >= after the axis"},
    {"(lockups | retries = ) > 0", 21, "a value is missing"},
    {"(lockups | memory > big) > 0", 18, "has no order with \"big\""},
    {"errno.mkdir > 0", 0, "expected errno.SYSCALL.ERRNO"},
    {"fate.ext4.inode.alloc.returnd > 0", 0, "did you mean \"returned\"?"},
    {"lockups ? 0", 8, "unexpected \"?\""},
    {"1.2.3 > 0", 0, "\"1.2.3\" is no number"},
};

INSTANTIATE_TEST_SUITE_P(All, ExprMistakes, testing::ValuesIn(mistakes));

TEST(ExprMistakes, DeepNestingIsRefused) {
  const std::string deep(100'000, '(');
  EXPECT_THROW(parse_condition(deep, axes), ExprError);
  EXPECT_THROW(parse_condition(std::string(100'000, '-') + "1 > 0", axes), ExprError);
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  EXPECT_THROW(parse_condition(nots + "1 > 0", axes), ExprError);
  EXPECT_THROW(parse_filter(deep, axes), ExprError);
}

}  // namespace
}  // namespace brink
