// How much memory may be promised (mm/util.c and mm/mmap.c: __vm_enough_memory, Linux 4.0). Left
// out: huge pages, the batches of the per-CPU counter, CAP_SYS_ADMIN.
#pragma once

#include <cstdint>

#include "brink/units.hpp"

namespace brink {

class Memory;

/// vm.overcommit_memory. The numbers are the kernel's.
enum class OvercommitMode : std::uint8_t {
  heuristic,  ///< refuses only what obviously cannot be
  always,
  strict,  ///< OVERCOMMIT_NEVER: no more than swap and a part of RAM
};

class Overcommit {
 public:
  explicit Overcommit(Memory& memory) : memory_(memory) {}

  /// security_vm_enough_memory_mm(): promises so many pages, or -ENOMEM. `total_vm` is what the
  /// asking process has mapped; 0 for the kernel itself.
  [[nodiscard]] int account(Pages pages, Pages total_vm);
  void unaccount(Pages pages);

  /// What is promised (vm_committed_as), and how much may be in mode `strict`.
  Pages committed() const { return committed_; }
  Pages limit() const;

 private:
  bool enough(Pages pages, Pages total_vm) const;
  bool obviously_too_much(Pages pages) const;

  Memory& memory_;
  Pages committed_ = 0;
};

}  // namespace brink
