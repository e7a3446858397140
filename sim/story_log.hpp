// The story of one run: what a person would want to read, line by line, with the time.
#pragma once

#include <string>
#include <vector>

#include "sim/mm/upcalls.hpp"
#include "sim/sched/core.hpp"

namespace brink {

class StoryLog final : public Story {
 public:
  /// Lines that are kept from the beginning, and from the end; what lies between is counted.
  static constexpr std::size_t first_lines = 200, last_lines = 200;

  explicit StoryLog(const Core& core) : core_(core) {}

  void tell(const std::string& text) override;
  std::vector<std::string> take();

 private:
  const Core& core_;
  std::vector<std::string> first_, last_;
  std::size_t oldest_ = 0;  ///< in `last_`, once that is full
  std::uint64_t told_ = 0;
};

}  // namespace brink
