// The different requests of a trace, each kept once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "programs/trace/event.hpp"
#include "programs/trace/trace.hpp"

namespace brink {

/// Turns events into indexes of Trace::requests.
class TraceRequests {
 public:
  explicit TraceRequests(Trace& trace) : trace_(trace) {}

  /// `operation` is where the task was: pages are asked for by it, since no event says by whom.
  std::uint32_t index(const RecordedEvent& event, std::string_view operation, std::uint32_t line);

  /// Names of flags that mean nothing to the model, with the line where each was first seen.
  const std::map<std::string, std::uint32_t>& unknown_flags() const { return unknown_; }

 private:
  TraceRequest make(const RecordedEvent& event, std::string_view operation, std::uint32_t line);
  std::string site(const std::string& name);

  Trace& trace_;
  std::unordered_map<std::string, std::uint32_t> known_;  // never iterated; by event
  std::map<std::string, std::uint32_t> unknown_;
  std::map<std::string, std::uint32_t, std::less<>> sites_;
};

/// `function` of "function.part.0+0x24/0x1f0".
std::string_view function_name(std::string_view call_site);

}  // namespace brink
