// Hooks: the typed points where bad luck may act. A fault sees what happens there and answers; it
// does nothing itself. Faults come before the allocator is entered, so what they fail is never
// retried by it and never reaches a policy (design §5).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "brink/gfp.hpp"
#include "brink/random.hpp"
#include "brink/sites.hpp"
#include "brink/units.hpp"

namespace brink {

class Params;

/// The task at a hook. Outside of task context (timers, interrupts) `id` is no_task.
struct HookTask {
  TaskId id = no_task;
  const char* comm = "";
  std::span<const char* const> stack;  ///< shadow frames, outermost first
};

/// A request for memory, before anything is tried for it.
struct AllocHook {
  HookTask task;
  Site site{};
  Gfp gfp = Gfp::none;
  unsigned order = 0;      ///< page requests
  std::uint32_t size = 0;  ///< slab requests: object size in bytes; 0 for page requests
  const char* cache = "";  ///< slab requests
  bool slab() const { return size != 0; }
};

/// A request to a block device, before it is queued.
struct BioHook {
  HookTask task;
  const char* device = "";
  bool write = false;
  std::uint32_t bytes = 0;
};

/// Places where a task can be made to take a lock that it would not need.
enum class LockPoint : std::uint8_t {
  syscall,
  exit_signals,
  exit_mm,
  exit_files,
  reclaim,
  release_page
};

struct LockHook {
  HookTask task;
  LockPoint point = LockPoint::syscall;
  const char* syscall = "";  ///< its name, at LockPoint::syscall
};

/// Take this lock, uninterruptibly; and release it at once, or when the operation ends.
struct LockDemand {
  std::string lock;  ///< `class:instance`, as "ext4.dir.i_mutex:/srv"
  bool through = false;
};

/// What a bio meets.
struct BioAnswer {
  Nanos delay = 0;
  bool fail = false;
};

/// The points that a fault listens at; a machine asks only those that somebody listens at.
enum HookPoint : std::uint32_t {
  hook_alloc = 1u << 0,
  hook_bio = 1u << 1,
  hook_lock = 1u << 2,
};

/// How often a fault was asked, and why it did nothing. Summed over the runs of a point.
struct FaultCounters {
  std::uint64_t asked = 0;
  std::uint64_t filtered = 0;  ///< of these, how many its filters excluded
  std::uint64_t fired = 0;
};

/// One fault of one run. Constructed complete; it may remember what it has done.
class Fault {
 public:
  virtual ~Fault() = default;

  /// HookPoint bits.
  virtual std::uint32_t points() const = 0;
  virtual bool fail_alloc(const AllocHook&) { return false; }
  virtual BioAnswer at_bio(const BioHook&) { return {}; }
  virtual std::optional<LockDemand> at_lock(const LockHook&) { return std::nullopt; }

  /// Whether it stops when the settling phase begins (design §4). Lock dependencies and faults that
  /// fail for ever stay.
  virtual bool transient() const = 0;

  /// If its parameters alone keep it from ever firing, the reason; else empty.
  virtual std::string never_fires() const { return {}; }

  const FaultCounters& counters() const { return counters_; }

 protected:
  FaultCounters counters_;
};

/// Makes one fault for one run; `random` is its own stream.
using FaultFactory = std::unique_ptr<Fault> (*)(Params& params, Random random);

struct FaultRow {
  const char* name;
  const char* summary;
  FaultFactory make;
};

std::span<const FaultRow> fault_table();

}  // namespace brink
