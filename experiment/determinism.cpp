// Comparing two executions of one run: first what they came to, then, if that differs, event by
// event.

#include "experiment/determinism.hpp"

#include <string_view>
#include <vector>

#include "experiment/metrics.hpp"

namespace brink {
namespace {

constexpr std::size_t most_events = std::size_t{4} << 20;
constexpr std::size_t block_events = 4096;

/// SplitMix64's finisher: neighbours get unrelated numbers.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::string differ(const char* what, const std::string& first, const std::string& second) {
  return std::string(what) + ": " + first + ", then " + second;
}

std::string syscall_difference(const Outcome& first, const Outcome& second) {
  const auto text = [](const std::vector<SyscallCount>& rows) {
    std::string out;
    for (const SyscallCount& row : rows) {
      out += (out.empty() ? "" : ", ") + row.syscall + "=" + errno_name(row.error) + "×" +
             std::to_string(row.count);
    }
    return out;
  };
  const std::string a = text(first.syscalls), b = text(second.syscalls);
  return a == b ? "" : differ("system calls", a, b);
}

std::string text(const TraceEvent& event) {
  return std::string(event.kind) + " " + std::to_string(event.a) + " " + std::to_string(event.b);
}

bool same(const TraceEvent& x, const TraceEvent& y) {
  return x.a == y.a && x.b == y.b && std::string_view(x.kind) == y.kind;
}

/// The events of one execution.
struct Recording {
  std::vector<TraceEvent> events;
  std::vector<std::uint64_t> blocks;  ///< hashes of those that are not kept
  std::uint64_t count = 0;
  std::uint64_t hash = 0;

  void add(const TraceEvent& event) {
    ++count;
    if (events.size() < most_events) {
      events.push_back(event);
      return;
    }
    hash = mixed(hash ^ event.a) ^ mixed(event.b + static_cast<unsigned char>(event.kind[0]));
    if (count % block_events == 0) blocks.push_back(hash);
  }
};

Recording recorded(RunSpec spec, const RunFunction& run) {
  Recording recording;
  spec.on_event = [&recording](const TraceEvent& event) { recording.add(event); };
  static_cast<void>(run(spec));
  return recording;
}

std::string event_text(const Recording& recording, std::size_t index) {
  if (index < recording.events.size()) return text(recording.events[index]);
  return "the run had ended";
}

}  // namespace

bool is_rechecked(std::uint64_t index, std::uint64_t ppm) {
  return ppm > 0 && (index == 0 || mixed(index) % 1'000'000 < ppm);
}

std::string outcome_difference(const Outcome& first, const Outcome& second) {
  if (first.verdict != second.verdict) {
    return differ("verdict", name(first.verdict), name(second.verdict));
  }
  if (first.virtual_time != second.virtual_time) {
    return differ("virtual time in ns", std::to_string(first.virtual_time),
                  std::to_string(second.virtual_time));
  }
  for (const MetricRow& row : metric_table()) {
    const std::uint64_t a = row.of(first), b = row.of(second);
    if (a != b) return differ(row.name, std::to_string(a), std::to_string(b));
  }
  if (first.reason != second.reason) return differ("reason", first.reason, second.reason);
  const std::string calls = syscall_difference(first, second);
  if (!calls.empty()) return calls;
  if (first.trace_hash == second.trace_hash) return {};
  return differ("trace hash", std::to_string(first.trace_hash), std::to_string(second.trace_hash));
}

std::string first_differing_event(const RunSpec& spec, const RunFunction& run) {
  const Recording first = recorded(spec, run), second = recorded(spec, run);
  const std::size_t kept = std::max(first.events.size(), second.events.size());
  for (std::size_t i = 0; i < kept; ++i) {
    const bool both = i < first.events.size() && i < second.events.size();
    if (both && same(first.events[i], second.events[i])) continue;
    return "event " + std::to_string(i + 1) + ": " + event_text(first, i) + ", then " +
           event_text(second, i);
  }
  for (std::size_t i = 0; i < std::max(first.blocks.size(), second.blocks.size()); ++i) {
    const bool both = i < first.blocks.size() && i < second.blocks.size();
    if (both && first.blocks[i] == second.blocks[i]) continue;
    return "within the " + std::to_string(block_events) + " events after event " +
           std::to_string(most_events + i * block_events);
  }
  if (first.count != second.count || first.hash != second.hash) {
    return "after event " + std::to_string(most_events + first.blocks.size() * block_events);
  }
  return "two more executions had the same " + std::to_string(first.count) +
         " events: what differs does so now and then";
}

}  // namespace brink
