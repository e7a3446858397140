// Lines with the time in front, and reports of the watchdogs.

#include "sim/kernel_log.hpp"

#include "sim/mm/printk.hpp"

namespace brink {
namespace {

constexpr std::string_view old_heading = "[ INFO: ", old_end = " ]";

}  // namespace

void LogBuffer::print(const std::string& text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    line(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

void LogBuffer::line(const std::string& text) {
  if (++printed_ > lines_max) return;
  const Nanos now = core_.now();
  lines_.push_back(format_text("[%5lu.%06lu] ", static_cast<unsigned long>(now / seconds),
                               static_cast<unsigned long>(now % seconds / us)) +
                   text);
}

/// check_hung_task(). `locks`: what it holds, if lockdep is there to know.
void LogBuffer::hung_task(const Task& task, Nanos timeout, const std::vector<std::string>* locks) {
  line(format_text("INFO: task %s:%d blocked for more than %lu seconds.", task.name(),
                   static_cast<int>(task.id), static_cast<unsigned long>(timeout / seconds)));
  if (texts_ != Rules::Texts::v2_6) {
    line(std::string("      Not tainted ") + release_name(texts_) + " #1");
  }
  line("\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.");
  print_task(*this, task, texts_);
  if (locks == nullptr) return;
  if (locks->empty()) {
    return line(format_text("no locks held by %s/%d.", task.name(), static_cast<int>(task.id)));
  }
  line(format_text("%zu lock%s held by %s/%d:", locks->size(), locks->size() == 1 ? "" : "s",
                   task.name(), static_cast<int>(task.id)));
  for (std::size_t i = 0; i < locks->size(); ++i) {
    line(" #" + std::to_string(i) + ":  (" + (*locks)[i] + ")");
  }
}

/// Since 4.12 (a5dd63efda3d) headings are warnings, and say which kernel it is.
void LogBuffer::lockdep(const std::string& report) {
  if (texts_ != Rules::Texts::v6_1) return print(report);
  std::string text = report;
  const std::size_t begin = text.find(old_heading);
  const std::size_t end = text.find(old_end, begin);
  if (begin != std::string::npos && end != std::string::npos) {
    text.replace(end, old_end.size(), std::string("\n") + release_name(texts_) + " Not tainted");
    text.replace(begin, old_heading.size(), "WARNING: ");
  }
  print(text);
}

void LogBuffer::panic(const std::string& reason) { line("Kernel panic - not syncing: " + reason); }

std::vector<std::string> LogBuffer::take() {
  if (printed_ > lines_max) {
    lines_.push_back("… " + std::to_string(printed_ - lines_max) + " lines left out");
  }
  return std::move(lines_);
}

}  // namespace brink
