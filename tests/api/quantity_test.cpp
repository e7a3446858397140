// Sizes, durations and probabilities: exact, with every unit, and refused beyond their range.

#include "api/quantity.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace brink {
namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

std::uint64_t size_of(Value value) {
  return Params(Table{{"k", std::move(value)}}, "").size("k", 0, 0, most, "");
}

Nanos duration_of(Value value) {
  return Params(Table{{"k", std::move(value)}}, "").duration("k", 0, 0, most, "");
}

std::uint64_t probability_of(Value value) {
  return Params(Table{{"k", std::move(value)}}, "").probability("k", 0, "");
}

template <class Read>
std::string complaint(Read read, Value value) {
  try {
    read(std::move(value));
  } catch (const ConfigError& error) {
    return error.message();
  }
  return "accepted";
}

std::string memory_complaint(Value value) {
  return complaint(
      [](Value v) {
        Params(Table{{"memory", std::move(v)}}, "machine").size("memory", 0, MiB, 4 * GiB, "");
      },
      std::move(value));
}

TEST(Size, TakesEveryUnitAndBytes) {
  EXPECT_EQ(size_of(4096), 4096u);
  EXPECT_EQ(size_of("4096 B"), 4096u);
  EXPECT_EQ(size_of("256 KiB"), 256 * KiB);
  EXPECT_EQ(size_of("64MiB"), 64 * MiB);
  EXPECT_EQ(size_of("1.5 GiB"), 1536 * MiB);
  EXPECT_EQ(size_of("2 TiB"), 2048 * GiB);
  EXPECT_EQ(size_of("1e3 B"), 1000u);
  EXPECT_EQ(size_of("0 B"), 0u);
  EXPECT_EQ(size_of("18446744073709551615 B"), most);
}

TEST(Size, IsRefusedBeyondItsRange) {
  const std::string range = " is out of range; it must be from 1 MiB to 4 GiB";
  EXPECT_EQ(memory_complaint("1e30 GiB"), "machine.memory: \"1e30 GiB\"" + range);
  EXPECT_EQ(memory_complaint("5 GiB"), "machine.memory: \"5 GiB\"" + range);
  EXPECT_EQ(memory_complaint("-64 MiB"), "machine.memory: \"-64 MiB\"" + range);
  EXPECT_EQ(memory_complaint(-1), "machine.memory: -1" + range);
  EXPECT_EQ(memory_complaint(0), "machine.memory: 0" + range);
  // Each of these would be within the range if it wrapped round.
  EXPECT_EQ(memory_complaint("18446744073711648768 B"),
            "machine.memory: \"18446744073711648768 B\"" + range);
  EXPECT_EQ(memory_complaint("1e4294967296 MiB"), "machine.memory: \"1e4294967296 MiB\"" + range);
  EXPECT_EQ(memory_complaint("20000000000000000000000000e-23 MiB"),
            "machine.memory: \"20000000000000000000000000e-23 MiB\"" + range);
  EXPECT_EQ(memory_complaint("16777216 TiB"), "machine.memory: \"16777216 TiB\"" + range);
  EXPECT_EQ(memory_complaint("99999999999999999999999999999999999999999 B"),
            "machine.memory: \"99999999999999999999999999999999999999999 B\"" + range);
  EXPECT_EQ(memory_complaint("1e99999999999999999999 B"),
            "machine.memory: \"1e99999999999999999999 B\"" + range);
}

TEST(Size, IsRefusedIfItIsNone) {
  const std::string wanted =
      " is not a size (bytes, or a string such as \"64 MiB\"; units: B, KiB, MiB, GiB, TiB)";
  EXPECT_EQ(memory_complaint("64 MB"),
            "machine.memory: \"64 MB\"" + wanted + "; did you mean \"MiB\"?");
  EXPECT_EQ(memory_complaint("64 kb"),
            "machine.memory: \"64 kb\"" + wanted + "; did you mean \"KiB\"?");
  for (const char* text : {"", "much", "64", "MiB", "6 4 MiB", "64 MiB ", "1. MiB", ".5 MiB",
                           "1e MiB", "0x40 MiB", "nan B", "inf B", "--1 B", "1_000 B"}) {
    EXPECT_EQ(
        memory_complaint(text).rfind("machine.memory: \"" + std::string(text) + "\"" + wanted, 0),
        0u)
        << memory_complaint(text);
  }
  EXPECT_EQ(memory_complaint("1.3 B"), "machine.memory: \"1.3 B\" is not a whole number of bytes");
  EXPECT_EQ(memory_complaint("1e-30 TiB"),
            "machine.memory: \"1e-30 TiB\" is not a whole number of bytes");
  EXPECT_EQ(
      memory_complaint(1e30),
      "machine.memory: expected a size (bytes, or a string such as \"64 MiB\"; units: B, KiB, "
      "MiB, GiB, TiB), found a float, 1e+30");
}

TEST(Duration, TakesEveryUnitAndNeedsOne) {
  EXPECT_EQ(duration_of("15 ns"), 15u);
  EXPECT_EQ(duration_of("20 us"), 20 * us);
  EXPECT_EQ(duration_of("0.1 ms"), 100 * us);
  EXPECT_EQ(duration_of("120 s"), 120 * seconds);
  EXPECT_EQ(duration_of("5 min"), 300 * seconds);
  EXPECT_EQ(duration_of("1 h"), 3600 * seconds);
  EXPECT_NE(complaint(duration_of, 20).find("expected a duration"), std::string::npos);
  EXPECT_NE(complaint(duration_of, "20 m").find("is not a duration"), std::string::npos);
  EXPECT_NE(complaint(duration_of, "0.1 ns").find("whole number of nanoseconds"),
            std::string::npos);
}

TEST(Probability, IsAPercentageOrPartsPerMillion) {
  EXPECT_EQ(probability_of(0), 0u);
  EXPECT_EQ(probability_of(1), 10'000u);
  EXPECT_EQ(probability_of(100), 1'000'000u);
  EXPECT_EQ(probability_of("500 ppm"), 500u);
  EXPECT_EQ(probability_of("0.05 %"), 500u);
  EXPECT_EQ(complaint(probability_of, 101),
            "k: 101 is out of range; it must be from 0 ppm to 100 %");
  EXPECT_EQ(complaint(probability_of, -1), "k: -1 is out of range; it must be from 0 ppm to 100 %");
  EXPECT_NE(
      complaint(probability_of, std::numeric_limits<std::int64_t>::max()).find("out of range"),
      std::string::npos);
  EXPECT_NE(complaint(probability_of, 0.5).find("found a float, 0.5"), std::string::npos);
  EXPECT_NE(complaint(probability_of, "0.5 ppm").find("whole number of ppm"), std::string::npos);
}

TEST(Quantity, RangesSayWhatIsUnbounded) {
  EXPECT_EQ(size_quantity().range(MiB, 4 * GiB), "1 MiB … 4 GiB");
  EXPECT_EQ(size_quantity().range(MiB, most), "from 1 MiB");
}

RC_GTEST_PROP(Quantity, TextReadsBackAsTheSameAmount, (std::uint64_t amount)) {
  RC_ASSERT(size_of(size_quantity().text(amount)) == amount);
  RC_ASSERT(duration_of(duration_quantity().text(amount)) == amount);
  const std::uint64_t ppm = amount % 1'000'001;
  RC_ASSERT(probability_of(probability_quantity().text(ppm)) == ppm);
}

RC_GTEST_PROP(Quantity, DecimalsAreExact, ()) {
  const auto whole = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  const auto thousandths = *rc::gen::inRange<std::uint64_t>(0, 1000);
  const std::string digits = std::to_string(1000 + thousandths).substr(1);
  const std::string text = std::to_string(whole) + "." + digits + " s";
  RC_ASSERT(duration_of(text) == whole * seconds + thousandths * ms);
}

}  // namespace
}  // namespace brink
