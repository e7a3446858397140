// The kernel's log of one run (kernel/printk/printk.c, Linux 4.0), and the lines that no rung below
// the machine writes: hung tasks (kernel/hung_task.c), lockdep's reports, panics. Left out: levels,
// the console, and its limit; after so many lines the rest is counted.
#pragma once

#include <string>
#include <vector>

#include "brink/rules.hpp"
#include "sim/mm/upcalls.hpp"
#include "sim/sched/core.hpp"

namespace brink {

class LogBuffer final : public KernelLog {
 public:
  static constexpr std::size_t lines_max = 20'000;

  LogBuffer(const Core& core, Rules::Texts texts) : core_(core), texts_(texts) {}

  void print(const std::string& text) override;
  void hung_task(const Task& task, Nanos timeout, const std::vector<std::string>* locks);
  void lockdep(const std::string& report);
  void panic(const std::string& reason);
  std::vector<std::string> take();

 private:
  void line(const std::string& text);

  const Core& core_;
  const Rules::Texts texts_;
  std::vector<std::string> lines_;
  std::uint64_t printed_ = 0;
};

}  // namespace brink
