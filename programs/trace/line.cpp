// Taking a line of a trace apart. Anchored on ` [CPU]`, because everything before it may contain
// anything; the thread's id is what follows the last `-` or blank there.

#include "programs/trace/line.hpp"

#include <charconv>

namespace brink {
namespace {

constexpr std::string_view blanks = " \t";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && last == end && !text.empty();
}

/// Takes the first word off `text`, with the blanks before it.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::size_t end = std::min(text.find_first_of(blanks), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

/// `COMM-TID`, `COMM PID/TID`, either with `(TGID)` behind it.
bool read_task(std::string_view head, TraceLine& line) {
  head = trimmed(head);
  if (head.ends_with(')')) {
    const std::size_t open = head.rfind('(');
    if (open == std::string_view::npos) return false;
    head = trimmed(head.substr(0, open));
  }
  const std::size_t before = head.find_last_of("- ");
  if (before == std::string_view::npos) return false;
  std::string_view id = head.substr(before + 1);
  if (const std::size_t slash = id.find('/'); slash != std::string_view::npos) {
    id.remove_prefix(slash + 1);
  }
  line.comm = trimmed(head.substr(0, before));
  return read_number(id, line.tid);
}

/// `SECONDS.FRACTION:` with up to nine digits behind the point.
bool read_time(std::string_view word, Nanos& time) {
  if (!word.ends_with(':')) return false;
  word.remove_suffix(1);
  const std::size_t point = word.find('.');
  if (point == std::string_view::npos) return false;
  const std::string_view fraction = word.substr(point + 1);
  std::uint64_t whole = 0, part = 0;
  if (fraction.size() > 9 || !read_number(word.substr(0, point), whole)) return false;
  if (!read_number(fraction, part) || whole > 9'000'000'000u) return false;
  for (std::size_t digits = fraction.size(); digits < 9; ++digits) part *= 10;
  time = whole * seconds + part;
  return true;
}

/// The third of ftrace's columns: h hard, s soft, H both, Z and z in an NMI.
bool in_interrupt(std::string_view flags) {
  return flags.size() >= 4 && std::string_view("hHsSZz").find(flags[2]) != std::string_view::npos;
}

/// What follows `[CPU]`.
bool read_rest(std::string_view rest, TraceLine& line) {
  std::string_view word = take_word(rest);
  line.interrupt = false;
  if (!word.ends_with(':')) {
    line.interrupt = in_interrupt(word);
    word = take_word(rest);
  }
  if (!read_time(word, line.time)) return false;
  rest = trimmed(rest);
  // perf may print the period before the event.
  if (std::string_view after = rest; !rest.empty() && is_digit(rest.front())) {
    std::uint64_t period = 0;
    if (read_number(take_word(after), period)) rest = trimmed(after);
  }
  std::size_t end = rest.find_first_of(blanks);
  line.event = rest.substr(0, end);
  line.fields = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  if (!line.event.ends_with(':') || line.event.find('(') != std::string_view::npos) {
    line.event = {};  // A call of a tracer of functions, a marker: no event with fields.
    return true;
  }
  line.event.remove_suffix(1);
  line.event.remove_prefix(line.event.rfind(':') + 1);
  return true;
}

bool read_event(std::string_view text, TraceLine& line) {
  for (std::size_t open = text.find('['); open != std::string_view::npos;
       open = text.find('[', open + 1)) {
    if (open == 0 || blanks.find(text[open - 1]) == std::string_view::npos) continue;
    const std::size_t close = text.find(']', open);
    if (close == std::string_view::npos) return false;
    if (!read_number(text.substr(open + 1, close - open - 1), line.cpu)) continue;
    if (read_task(text.substr(0, open), line) && read_rest(text.substr(close + 1), line))
      return true;
  }
  return false;
}

/// ` => vfs_read` of ftrace, `ffffffff81001234 vfs_read ([kernel.kallsyms])` of perf.
bool is_stack_frame(std::string_view text) {
  if (text.starts_with("=> ") || text == "<stack trace>") return true;
  const std::size_t end = text.find_first_not_of("0123456789abcdef");
  return end != std::string_view::npos && end >= 4 &&
         blanks.find(text[end]) != std::string_view::npos;
}

bool is_remark(std::string_view text) {
  return text.empty() || text.front() == '#' || text.starts_with("cpus=") ||
         text.starts_with("version = ") || text.starts_with("trace-cmd ") || is_stack_frame(text);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

LineKind read_line(std::string_view text, TraceLine& line) {
  const std::string_view inside = trimmed(text);
  // Comments come first: a header may quote anything.
  if (!inside.empty() && inside.front() == '#') return LineKind::remark;
  if (read_event(text, line)) {
    const bool lost = line.event.starts_with("PERF_RECORD_LOST") ||
                      (line.event.empty() && inside.find("PERF_RECORD_LOST") != inside.npos);
    return lost ? LineKind::lost : LineKind::event;
  }
  if (inside.starts_with("CPU:") && (inside.find("LOST") != std::string_view::npos ||
                                     inside.find("DROPPED") != std::string_view::npos)) {
    return LineKind::lost;
  }
  if (inside.find("PERF_RECORD_LOST") != std::string_view::npos) return LineKind::lost;
  return is_remark(inside) ? LineKind::remark : LineKind::foreign;
}

}  // namespace brink
