// The progress line, on and off a terminal.

#include "report/progress.hpp"

#include <gtest/gtest.h>

namespace brink {
namespace {

Progress after(std::uint64_t done) {
  Progress progress;
  progress.done = done;
  progress.total = 1'000;
  progress.verdicts[static_cast<std::size_t>(Verdict::completed)] = done - done / 4;
  progress.verdicts[static_cast<std::size_t>(Verdict::memory_deadlock)] = done / 4;
  return progress;
}

TEST(Progress, SaysHowFarHowFastAndHowLongStill) {
  EXPECT_EQ(progress_text(after(400), 2),
            "400/1,000 runs  40 %  200/s  3 s left  completed 300  memory_deadlock 100");
  EXPECT_EQ(progress_text(after(0), 0), "0/1,000 runs  0 %");
  EXPECT_EQ(progress_text(after(4), 2),
            "4/1,000 runs  0 %  2.0/s  8 min 18 s left  completed 3  memory_deadlock 1");
  EXPECT_EQ(progress_text(after(1'000), 2),
            "1,000/1,000 runs  100 %  500/s  completed 750  memory_deadlock 250");
}

TEST(Progress, OffATerminalIsAPlainLineNowAndThen) {
  ProgressLine line(ProgressMode::lines, 80);
  EXPECT_EQ(line.update(after(10), 0.1), "");
  EXPECT_EQ(line.update(after(20), 9.9), "");
  const std::string first = line.update(after(30), 10.1);
  EXPECT_EQ(first, progress_text(after(30), 10.1) + "\n");
  EXPECT_EQ(line.update(after(40), 19.9), "");
  EXPECT_NE(line.update(after(50), 20), "");
  EXPECT_EQ(line.update(after(60), 39), "");
  EXPECT_NE(line.update(after(60), 41), "");
  const std::string last = line.update(after(1'000), 51, true);
  EXPECT_EQ(last, progress_text(after(1'000), 51) + "\n");
  EXPECT_EQ(last.find('\r'), std::string::npos);
  EXPECT_EQ(last.find('\x1b'), std::string::npos);
}

TEST(Progress, OffATerminalAnHourIsElevenLines) {
  ProgressLine line(ProgressMode::lines, 80);
  int lines = 0;
  for (int second = 0; second <= 3'600; ++second) {
    lines += line.update(after(static_cast<std::uint64_t>(second) / 4), second) == "" ? 0 : 1;
  }
  EXPECT_EQ(lines, 11);
}

TEST(Progress, OffATerminalNothingIsSaidTwice) {
  ProgressLine line(ProgressMode::lines, 80);
  EXPECT_EQ(line.update(after(0), 15), "");
  EXPECT_NE(line.update(after(1'000), 25), "");
  EXPECT_EQ(line.update(after(1'000), 50), "");
  EXPECT_EQ(line.update(after(1'000), 51, true), "");
}

TEST(Progress, OnATerminalIsOneLineThatFits) {
  ProgressLine line(ProgressMode::live, 60);
  const std::string text = line.update(after(500), 1);
  EXPECT_EQ(text, "\r[##########..........] 500/1,000 runs  50 %  500/s  1 s lef\x1b[K");
  EXPECT_EQ(line.update(after(1'000), 1, true).back(), '\n');
}

TEST(Progress, CanBeTurnedOff) {
  ProgressLine line(ProgressMode::off, 80);
  EXPECT_EQ(line.update(after(500), 100), "");
  EXPECT_EQ(line.update(after(1'000), 100, true), "");
}

TEST(Terminal, DecidesHowProgressIsShown) {
  const Terminal screen{true, "xterm", nullptr};
  EXPECT_EQ(progress_mode(screen, true), ProgressMode::live);
  EXPECT_EQ(progress_mode(screen, false), ProgressMode::off);
  EXPECT_EQ(progress_mode({false, "xterm", nullptr}, true), ProgressMode::lines);
  EXPECT_EQ(progress_mode({true, "dumb", nullptr}, true), ProgressMode::lines);
  EXPECT_EQ(progress_mode({true, nullptr, nullptr}, true), ProgressMode::lines);
}

TEST(Terminal, GetsColourUnlessItIsRefused) {
  EXPECT_TRUE(wants_colour({true, "xterm", nullptr}));
  EXPECT_TRUE(wants_colour({true, "xterm", ""}));
  EXPECT_FALSE(wants_colour({true, "xterm", "1"}));
  EXPECT_FALSE(wants_colour({true, "dumb", nullptr}));
  EXPECT_FALSE(wants_colour({false, "xterm", nullptr}));
}

}  // namespace
}  // namespace brink
