// A machine as plain data: what hardware and kernel a run simulates, and who runs on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "brink/costs.hpp"
#include "brink/hook.hpp"
#include "brink/policy.hpp"
#include "brink/program.hpp"
#include "brink/rules.hpp"
#include "brink/scheduling.hpp"
#include "brink/units.hpp"

namespace brink {

/// What ext4 does when its journal fails (`errors=`).
enum class ErrorsMode : std::uint8_t { go_on, remount_ro, panic };

/// A device that is made of something else, by which mounts, swap and other devices may name it; or
/// a drive without a disc, which nobody can name.
struct DeviceConfig {
  enum class Kind : std::uint8_t { dm_crypt, loop, zram, cdrom };
  std::string name;
  Kind kind = Kind::dm_crypt;
  std::string over = "disk";  ///< dm-crypt: the device below
  std::string file;           ///< loop: the file that it is
  std::uint64_t size = 16 * GiB;
  std::uint32_t pool_pages = 0;    ///< dm-crypt: of its page pool; 0 for the kernel's own
  std::uint32_t ratio = 40;        ///< zram: size of a compressed page, in percent
  Nanos cpu_per_page = 20 * us;    ///< encryption or compression of a page (guess)
  Nanos poll = 2 * seconds;        ///< cdrom: how often it is asked for changed media
  Nanos first_poll = 2 * seconds;  ///< cdrom: when for the first time
};

struct MountConfig {
  std::string at = "/";
  std::string fs = "ext4";
  std::string device = "disk";  ///< a row of the device table
  ErrorsMode errors = ErrorsMode::remount_ro;
  std::uint64_t size = 4 * GiB;
  std::uint64_t journal = 64 * MiB;
};

/// A memory cgroup with a limit of its own (memory.limit_in_bytes).
struct MemcgConfig {
  std::string name;
  std::uint64_t limit = 0;        ///< bytes
  std::string parent;             ///< an earlier one, whose limit counts as well; empty: the root
  bool oom_kill_disable = false;  ///< memory.oom_control: user space is to make room, or nobody
};

/// The mount that an absolute path lies on, the deepest; null if it lies on none.
const MountConfig* mount_of(const std::vector<MountConfig>& mounts, std::string_view path);

/// How physical memory is divided into zones: DMA, DMA32 and Normal, or DMA, Normal and, above
/// 896 MiB, HighMem.
enum class Arch : std::uint8_t { x86_64, x86_32 };

struct MachineConfig {
  Arch arch = Arch::x86_64;
  std::uint32_t cpus = 2;  ///< 1 … 64
  std::uint32_t hz = 250;  ///< ticks a second
  Preempt preempt = Preempt::voluntary;
  std::uint64_t memory = 512 * MiB;
  std::uint64_t reserved = 0;  ///< kernel image and memory map, off `memory` before `managed`
  std::uint32_t min_free_kbytes = 0;          ///< vm.min_free_kbytes; 0: as boot computes it
  std::uint32_t watermark_scale_factor = 10;  ///< parts of 10,000 of a zone, where the rules use it
  std::uint64_t swap = 0;
  std::string swap_device = "disk";
  std::uint32_t overcommit_memory = 0;     ///< vm.overcommit_memory: 0, 1 or 2
  std::uint32_t overcommit_ratio = 50;     ///< vm.overcommit_ratio, in percent
  std::uint32_t vfs_cache_pressure = 100;  ///< percent
  Costs costs;
  SchedulerConfig scheduler;
  Nanos time_limit = 3'600 * seconds;
  Nanos settle = 300 * seconds;  ///< W of the settling phase
  Nanos hung_task_timeout = 120 * seconds;
  Nanos soft_lockup_limit = 20 * seconds;
  bool lockdep = false;
  bool single_step = false;           ///< no bulk steps; same results, slower
  std::vector<DeviceConfig> devices;  ///< each after those that it is made of
  std::vector<MountConfig> mounts;
  std::vector<MemcgConfig> memcgs;  ///< each after its parent
};

inline constexpr std::uint64_t no_limit = ~std::uint64_t{0};

/// Limits of one process (setrlimit(2)), in bytes. Whoever has none is as root with CAP_IPC_LOCK
/// and CAP_SYS_RESOURCE: Linux's own default for memlock is 64 KiB, for stack 8 MiB.
struct Rlimits {
  std::uint64_t as = no_limit;       ///< RLIMIT_AS: all that is mapped
  std::uint64_t data = no_limit;     ///< RLIMIT_DATA: the heap
  std::uint64_t stack = no_limit;    ///< RLIMIT_STACK
  std::uint64_t memlock = no_limit;  ///< RLIMIT_MEMLOCK
  std::uint64_t nproc = no_limit;    ///< RLIMIT_NPROC: processes of the machine
};

/// One kind of task of an experiment.
struct TaskConfig {
  std::string program;
  std::shared_ptr<const Program> code;
  std::uint32_t count = 1;
  bool daemon = false;
  int oom_score_adj = 0;
  int oom_adj = 0;  ///< the same on the scale before 2.6.36
  int nice = 0;
  SchedClass sched_class = SchedClass::normal;
  bool sys_admin = false, sys_resource = false, sys_rawio = false;  ///< CAP_SYS_*
  /// The program of an earlier entry, whose first process is their parent; empty: init is.
  std::string parent;
  std::string memcg;  ///< whose memory cgroup it and its children belong to; empty: the root
  Nanos start = 0;    ///< when it starts
  Rlimits rlimits;
};

/// One event of the trace, as it enters the hash (design §7).
struct TraceEvent {
  const char* kind = "";  ///< "context_switch", "lock_grant", …
  std::uint64_t a = 0, b = 0;
};

/// Everything that a run depends on besides the version of brink.
struct RunSpec {
  std::string run_id;
  MachineConfig machine;
  Rules rules;
  SiteRule (*site_rule)(Site) = nullptr;
  SlabSpecs slab_spec = nullptr;
  std::shared_ptr<const AllocPolicy> alloc_policy;
  std::shared_ptr<const OomPolicy> oom_policy;
  std::shared_ptr<const ReclaimPolicy> reclaim_policy;
  std::vector<TaskConfig> tasks;
  /// Makes the run's faults; called once, at its start.
  std::function<std::vector<std::unique_ptr<Fault>>(std::uint64_t seed)> make_faults;
  std::uint64_t seed = 1;

  // What-ifs: the same run up to a place, then something else.

  /// From this policy question on (counting from 1), `alloc_policy_then` is asked; 0 never.
  std::uint64_t switch_policy_at = 0;
  std::shared_ptr<const AllocPolicy> alloc_policy_then;
  /// From this choice on (counting from 0), the scheduler uses the streams of this seed; ~0 never.
  std::uint64_t reschedule_at = ~std::uint64_t{0};
  std::uint64_t reschedule_seed = 0;

  // What to keep.
  bool keep_failures = false;
  bool tell_story = false;
  bool keep_schedule = false;
  bool keep_log = false;
  /// Files of /proc to be read at `proc_at`, or at the end if the run ends before.
  std::vector<std::string> proc_files;
  Nanos proc_at = never;

  // Who watches. Neither changes anything.

  /// If set, told of each event as it enters the trace hash, in order.
  std::function<void(const TraceEvent&)> on_event;
  /// If set, changed now and then by the run's thread while the run gets on, at least once in every
  /// few thousand primitives, so that a watchdog of the host sees one that does not.
  std::atomic<std::uint64_t>* heartbeat = nullptr;
};

struct Outcome;

/// The files of /proc that a run can read.
std::vector<std::string> proc_file_names();

/// Runs it, on this thread. Never throws for anything that the simulated world does.
Outcome run_machine(const RunSpec& spec);

}  // namespace brink
