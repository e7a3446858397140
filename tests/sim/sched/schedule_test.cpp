// Choice logs, recorded schedules as text, and what is refused.

#include "sim/sched/schedule.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "brink/params.hpp"

namespace brink {
namespace {

TEST(ChoiceLog, WritesOnlyDeparturesFromTheDefault) {
  ChoiceLog log;
  for (int i = 0; i < 1000; ++i) log.add_default();
  EXPECT_TRUE(log.bytes().empty());
  EXPECT_EQ(log.count(), 1000u);
  log.add(0);
  log.add_default();
  log.add_default(false);  // There was nothing to choose.
  log.add(200);
  EXPECT_EQ(log.count(), 1003u);
  const Schedule schedule = schedule_of(log, true);
  EXPECT_EQ(schedule.count, 1003u);
  ASSERT_EQ(schedule.departures.size(), 2u);
  EXPECT_EQ(schedule.departures[0].at, 1000u);
  EXPECT_EQ(schedule.departures[0].choice, 0u);
  EXPECT_EQ(schedule.departures[1].at, 1002u);
  EXPECT_EQ(schedule.departures[1].choice, 200u);
  log.clear();
  EXPECT_EQ(log.count(), 0u);
  EXPECT_TRUE(log.bytes().empty());
}

RC_GTEST_PROP(Schedule, SurvivesItsText, (const std::vector<std::uint32_t>& choices, bool asks)) {
  ChoiceLog log;
  std::vector<Departure> departures;
  for (const std::uint32_t choice : choices) {
    if (choice % 3 == 0) {
      departures.push_back({log.count(), choice});
      log.add(choice);
    } else {
      for (std::uint32_t i = 0; i < choice % 1000; ++i) log.add_default();
    }
  }
  const Schedule back = schedule_from_hex(to_hex(schedule_of(log, asks)));
  RC_ASSERT(back.asks_at_points == asks);
  RC_ASSERT(back.count == log.count());
  RC_ASSERT(back.departures.size() == departures.size());
  for (std::size_t i = 0; i < departures.size(); ++i) {
    RC_ASSERT(back.departures[i].at == departures[i].at);
    RC_ASSERT(back.departures[i].choice == departures[i].choice);
  }
}

TEST(Schedule, HasOneText) {
  ChoiceLog log;
  log.add_default();
  log.add(3);
  for (int i = 0; i < 200; ++i) log.add_default();
  EXPECT_EQ(to_hex(schedule_of(log, true)), "01ca010104");
  EXPECT_EQ(to_hex(Schedule{}), "0000");
}

std::string complaint(const std::string& hex) {
  try {
    schedule_from_hex(hex);
  } catch (const ConfigError& error) {
    return error.message();
  }
  return "accepted";
}

TEST(Schedule, RefusesWhatIsMalformedAndSaysWhy) {
  EXPECT_EQ(complaint(""), "malformed schedule: it is empty");
  EXPECT_EQ(complaint("0"), "malformed schedule: odd number of hex digits");
  EXPECT_EQ(complaint("00xy"), "malformed schedule: character 3 is no lower-case hex digit");
  EXPECT_EQ(complaint("00AB"), "malformed schedule: character 3 is no lower-case hex digit");
  EXPECT_EQ(complaint("0200"), "malformed schedule: its first byte is neither 00 nor 01");
  EXPECT_EQ(complaint("00"), "malformed schedule: it ends in the middle of a number");
  EXPECT_EQ(complaint("0080"), "malformed schedule: it ends in the middle of a number");
  EXPECT_EQ(complaint("008000"), "malformed schedule: a number has needless digits");
  EXPECT_EQ(complaint("000500"), "malformed schedule: it ends before a choice");
  EXPECT_EQ(complaint("00050000"), "malformed schedule: choice 0 is out of range");
  EXPECT_EQ(complaint("00050501"), "malformed schedule: more choices than its count says");
  EXPECT_EQ(complaint("000203010001"), "malformed schedule: more choices than its count says");
  EXPECT_EQ(complaint("00058080808080808080808001"),
            "malformed schedule: a number does not fit 64 bits");
  EXPECT_EQ(complaint("0005808080808080808080"
                      "0201"),
            "malformed schedule: a number does not fit 64 bits");
  EXPECT_EQ(complaint("000500808080808001"),
            "malformed schedule: choice 34359738368 is out of range");
  EXPECT_EQ(complaint("00050401"), "accepted");
}

RC_GTEST_PROP(Schedule, NeverReadsWhatItWouldNotWrite, (const std::vector<std::uint8_t>& bytes)) {
  std::string hex = "01";
  for (const std::uint8_t byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  try {
    RC_ASSERT(to_hex(schedule_from_hex(hex)) == hex);
  } catch (const ConfigError&) {
  }
}

}  // namespace
}  // namespace brink
