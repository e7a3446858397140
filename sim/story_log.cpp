// Keeps the beginning and the end of a story.

#include "sim/story_log.hpp"

namespace brink {
namespace {

/// "    3.014159 s", as the kernel's log has it.
std::string stamp(Nanos time) {
  std::string text = std::to_string(time / seconds) + "." +
                     std::to_string(1'000'000 + time % seconds / us).substr(1) + " s";
  return text.size() < 14 ? std::string(14 - text.size(), ' ') + text : text;
}

}  // namespace

void StoryLog::tell(const std::string& text) {
  ++told_;
  std::string line = stamp(core_.now()) + "  " + text;
  if (first_.size() < first_lines) {
    first_.push_back(std::move(line));
  } else if (last_.size() < last_lines) {
    last_.push_back(std::move(line));
  } else {
    last_[oldest_] = std::move(line);
    oldest_ = (oldest_ + 1) % last_lines;
  }
}

std::vector<std::string> StoryLog::take() {
  std::vector<std::string> lines = std::move(first_);
  const std::uint64_t left_out = told_ - lines.size() - last_.size();
  if (left_out != 0) lines.push_back("… " + std::to_string(left_out) + " lines left out");
  for (std::size_t i = 0; i < last_.size(); ++i) {
    lines.push_back(std::move(last_[(oldest_ + i) % last_.size()]));
  }
  return lines;
}

}  // namespace brink
