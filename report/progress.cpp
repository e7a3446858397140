// The progress line: a bar, the rate, the time left, and what the runs came to so far.

#include "report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "report/text.hpp"

namespace brink {
namespace {

constexpr std::size_t bar_width = 20;
constexpr double longest_pause = 600;

double share(const Progress& progress) {
  return progress.total == 0
             ? 1.0
             : static_cast<double>(progress.done) / static_cast<double>(progress.total);
}

std::string duration(double length) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(length));
  if (whole < 100) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string bar(double part) {
  const auto filled = static_cast<std::size_t>(part * bar_width);
  return "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "] ";
}

/// The text's first `width` characters, on a boundary of UTF-8.
std::string cut(const std::string& text, std::size_t width) {
  std::size_t at = 0, columns = 0;
  while (at < text.size()) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && columns++ == width) break;
    ++at;
  }
  return text.substr(0, at);
}

}  // namespace

ProgressMode progress_mode(const Terminal& terminal, bool wanted) {
  if (!wanted) return ProgressMode::off;
  const bool dumb = terminal.term == nullptr || std::string_view(terminal.term) == "dumb";
  return terminal.is_terminal && !dumb ? ProgressMode::live : ProgressMode::lines;
}

bool wants_colour(const Terminal& terminal) {
  const bool refused = terminal.no_color != nullptr && *terminal.no_color != '\0';
  return !refused && progress_mode(terminal, true) == ProgressMode::live;
}

std::string progress_text(const Progress& progress, double elapsed) {
  std::string text = fmt::format("{}/{} runs  {:.0f} %", grouped(progress.done),
                                 grouped(progress.total), std::floor(share(progress) * 100));
  if (progress.done > 0 && elapsed > 0) {
    const double rate = static_cast<double>(progress.done) / elapsed;
    text += rate >= 10 ? fmt::format("  {:.0f}/s", rate) : fmt::format("  {:.1f}/s", rate);
    const std::uint64_t left = progress.total - progress.done;
    if (left > 0) text += "  " + duration(static_cast<double>(left) / rate) + " left";
  }
  for (std::size_t i = verdict_count; i-- > 0;) {
    if (progress.verdicts[i] == 0) continue;
    text += fmt::format("  {} {}", name(static_cast<Verdict>(i)), grouped(progress.verdicts[i]));
  }
  return text;
}

std::string ProgressLine::live(const Progress& progress, double elapsed, bool last) const {
  const std::string line = bar(share(progress)) + progress_text(progress, elapsed);
  const std::size_t room = width_ > 1 ? width_ - 1 : 1;  // A full line would wrap.
  return "\r" + cut(line, room) + "\x1b[K" + (last ? "\n" : "");
}

std::string ProgressLine::update(const Progress& progress, double elapsed, bool last) {
  if (mode_ == ProgressMode::off) return {};
  if (mode_ == ProgressMode::live) return live(progress, elapsed, last);
  if (progress.done == said_ || (!last && elapsed < next_line_)) return {};
  while (next_line_ <= elapsed) next_line_ += std::min(next_line_, longest_pause);
  said_ = progress.done;
  return progress_text(progress, elapsed) + "\n";
}

}  // namespace brink
