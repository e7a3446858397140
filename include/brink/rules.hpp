// Rules: one named switch for each behaviour that differs between kernels and is nobody's policy.
// The model reads switches, never the name of a kernel; an era is a row that sets them all, and an
// experiment may set any of them otherwise (`[rules]`).
#pragma once

#include <cstdint>
#include <span>

#include "brink/params.hpp"
#include "brink/policy.hpp"
#include "brink/sites.hpp"
#include "brink/slab_spec.hpp"

namespace brink {

/// What differs between kernels in mm/slub.c and mm/slab_common.c.
struct SlabRules {
  enum class CpuPartial : std::uint8_t { none, objects, slabs };
  CpuPartial cpu_partial = CpuPartial::objects;

  bool keeps_empty = true;
  bool halves_min_partial = true;
  bool high_order_waits = true;
  bool kmalloc_reclaimable = false;
  bool kmalloc_accounted = false;
  bool kmalloc_short_names = false;
};

/// Initial values are Linux 4.0's. rule_table() says what each word means.
struct Rules {
  // --- The slow path (mm/page_alloc.c).

  enum class KswapdWake : std::uint8_t { entry, restart, round };
  KswapdWake kswapd_wake = KswapdWake::round;

  enum class RightsTest : std::uint8_t { entry, restart, round };
  RightsTest rights_test = RightsTest::round;

  bool restart_at_low = false;

  enum class RoundAttempt : std::uint8_t { restart, round };
  RoundAttempt round_attempt = RoundAttempt::round;

  bool rt_harder_in_interrupt = false;

  enum class NoSleepBonus : std::uint8_t { always, with_high };
  NoSleepBonus no_sleep_bonus = NoSleepBonus::always;

  enum class RtBonus : std::uint8_t { quarter, half };
  RtBonus rt_bonus = RtBonus::quarter;

  enum class NofailReserve : std::uint8_t { sleep, wait, last_resort };
  NofailReserve nofail_reserve = NofailReserve::wait;

  enum class DrainPcp : std::uint8_t { high_order, miss };
  DrainPcp drain_pcp = DrainPcp::miss;

  bool thisnode_gives_up = true;

  bool fault_oom_kills = true;

  // --- Zones, free lists and reserves (mm/page_alloc.c).

  std::uint32_t min_free_kbytes_max = 65'536;

  enum class MarkSpacing : std::uint8_t { quarter, scale_factor };
  MarkSpacing mark_spacing = MarkSpacing::quarter;

  enum class HighOrderMark : std::uint8_t { halving, free_block };
  HighOrderMark high_order_mark = HighOrderMark::halving;

  enum class HighOrderReserve : std::uint8_t { pageblocks, two_pageblocks, highatomic };
  HighOrderReserve high_order_reserve = HighOrderReserve::two_pageblocks;

  std::uint32_t watermark_boost_factor = 0;

  enum class Fallback : std::uint8_t { move_half, steal_4_0, steal_compatible };
  Fallback fallback = Fallback::steal_4_0;

  bool nofragment = false;

  enum class Pcp : std::uint8_t { hot_cold, by_type, small_orders };
  Pcp pcp = Pcp::by_type;

  // --- Compaction (mm/compaction.c), and what there was before it.

  enum class Compaction : std::uint8_t { none, sync_light, priorities };
  Compaction compaction = Compaction::sync_light;

  bool kcompactd = false;
  bool lumpy_reclaim = false;

  // --- Reclaim (mm/vmscan.c).

  enum class Progress : std::uint8_t { enough, reclaimable, freed };
  Progress progress = Progress::reclaimable;

  enum class IsolationThrottle : std::uint8_t { none, loop_alike, loop, once };
  IsolationThrottle isolation_throttle = IsolationThrottle::loop;

  enum class ReserveThrottle : std::uint8_t { none, wait };
  ReserveThrottle reserve_throttle = ReserveThrottle::wait;

  enum class Stall : std::uint8_t { each_priority, congested_zone, reasons };
  Stall stall = Stall::congested_zone;

  enum class ScanBalance : std::uint8_t { percent, rotation, cost };
  ScanBalance scan_balance = ScanBalance::rotation;

  enum class FileTarget : std::uint8_t { half, ratio };
  FileTarget file_target = FileTarget::half;

  enum class ShrinkerShare : std::uint8_t { all_zones, lru_ratio, priority };
  ShrinkerShare shrinker_share = ShrinkerShare::lru_ratio;

  enum class KswapdAim : std::uint8_t { every_zone, gap, node };
  KswapdAim kswapd_aim = KswapdAim::gap;

  std::uint32_t kswapd_failures_max = 0;

  enum class Vmstat : std::uint8_t { exact, per_cpu };
  Vmstat vmstat = Vmstat::exact;

  bool worker_naps = false;

  // --- Memory cgroups (mm/memcontrol.c).

  std::uint32_t memcg_retries = 5;

  enum class MemcgOom : std::uint8_t { kill_and_fail, wait, fault_end, charge };
  MemcgOom memcg_oom = MemcgOom::fault_end;

  bool memcg_force_charge = false;

  // --- Slabs and mempools (mm/slub.c, mm/mempool.c).

  SlabRules slab;
  bool mempool_sleeps_first = false;

  // --- Writeback, device mapper and loop devices.

  enum class DirtyThrottling : std::uint8_t { push, pause };
  DirtyThrottling dirty_throttling = DirtyThrottling::pause;

  enum class DirtyableMemory : std::uint8_t { free_and_lru, free_and_file };
  DirtyableMemory dirtyable_memory = DirtyableMemory::free_and_file;

  bool throttle_vm_writeout = true;

  enum class DmCryptBuffer : std::uint8_t { split, greedy, serialised };
  DmCryptBuffer dm_crypt_buffer = DmCryptBuffer::serialised;

  bool dm_crypt_parallel = true;
  bool loop_less_throttle = false;
  bool loop_masks_file = true;

  // --- File systems and locks.

  bool fdtable_kvmalloc = false;
  bool parallel_lookup = false;
  bool nofs_scope = false;

  bool lsm_blobs = true;

  // --- What people read: the kernel's log, and /proc.

  enum class Texts : std::uint8_t { v2_6, v4_0, v6_1 };
  Texts texts = Texts::v4_0;
};

/// One rule, as a file writes it and `brink list rules` prints it.
struct RuleRow {
  const char* name;
  const char* meaning;
  std::span<const char* const> words;  ///< by value; empty for a number or a boolean
  std::int64_t high;                   ///< the largest number; 1 and no words: a boolean
  std::int64_t (*get)(const Rules& rules);
  void (*set)(Rules& rules, std::int64_t value);
};

/// Every rule, in the order of the struct.
std::span<const RuleRow> rule_table();

/// A row of one of the policy tables with what this kernel sets of its keys.
struct PolicyChoice {
  const char* name;
  Table params;
};

/// A kernel: the three policies with their parameters, the rules, and what it makes of each site.
struct EraRow {
  const char* name;
  const char* summary;
  PolicyChoice alloc_policy;
  PolicyChoice oom_policy;
  PolicyChoice reclaim_policy;
  Rules rules;
  SiteRule (*site)(Site site);
  SlabSpecs slab;
};

std::span<const EraRow> eras();

}  // namespace brink
