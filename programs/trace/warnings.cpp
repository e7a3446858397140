// Telling what a trace lacks.

#include "programs/trace/warnings.hpp"

#include <charconv>

namespace brink {
namespace {

constexpr std::string_view entries = "# entries-in-buffer/entries-written: ";

std::string in_line(std::uint32_t line) { return "line " + std::to_string(line); }

}  // namespace

/// ftrace's header tells how many of the events it wrote are still in the buffer.
void TraceRemarks::remark(std::string_view text) {
  if (!text.starts_with(entries)) return;
  text.remove_prefix(entries.size());
  std::uint64_t kept = 0, written = 0;
  const char* const end = text.data() + text.size();
  const auto [slash, error] = std::from_chars(text.data(), end, kept);
  if (error != std::errc() || slash == end || *slash != '/') return;
  if (std::from_chars(slash + 1, end, written).ec != std::errc()) return;
  if (written > kept) overwritten_ += written - kept;
}

void TraceRemarks::lost(std::uint32_t line) {
  if (lost_marks_++ == 0) first_lost_ = line;
}

void TraceRemarks::foreign(std::uint32_t line) {
  if (first_foreign_ == 0) first_foreign_ = line;
}

Where TraceRemarks::where_foreign(const TextSource& source) const {
  return {source.where().file, first_foreign_, 0};
}

std::vector<std::string> TraceRemarks::warnings(
    const ReadingCounts& counts, const std::map<std::string, std::uint32_t>& flags) const {
  std::vector<std::string> list;
  if (lost_marks_ != 0) {
    list.push_back("the recorder lost events, first at " + in_line(first_lost_) + " (" +
                   std::to_string(lost_marks_) + " marks)");
  }
  if (overwritten_ != 0) {
    list.push_back("the recorder overwrote its first " + std::to_string(overwritten_) + " events");
  }
  if (counts.foreign != 0) {
    list.push_back(std::to_string(counts.foreign) + " lines are none of a trace, first " +
                   in_line(first_foreign_));
  }
  if (counts.out_of_order != 0) {
    list.push_back(std::to_string(counts.out_of_order) +
                   " events are older than the one before them; they are replayed after it");
  }
  for (const auto& [flag, line] : flags) {
    list.push_back("the model does not know the flag " + flag + ", first in " + in_line(line));
  }
  return list;
}

}  // namespace brink
