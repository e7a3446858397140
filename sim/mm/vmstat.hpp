// Counters of zones that each CPU keeps a part of to itself (mm/vmstat.c, Linux 4.0): the sizes of
// the LRU lists and the number of pages scanned, which reclaim decides by. A CPU's difference goes
// to the zone's counter when it exceeds the threshold, or when the CPU's vmstat_update() has run:
// work of the CPU's own pool, each second. Under Rules::Vmstat::exact there are none, and the lists
// themselves are asked.
//
// A task's CPU is the one that it runs on; interrupts count as CPU 0. Left out: all other counters,
// which are exact; the node's own ones since 4.8 (there the zones' are added up); the shepherd, a
// work item as well, that looks once a second which CPU has differences (a CPU's work is queued for
// the next full second by its first difference); draining of other nodes' per-CPU lists; counters
// of pages scanned that are exact until 3.16; a queue with a rescuer of its own for this work
// (4.4), since a pool can always make one more worker here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/mm/zone.hpp"

namespace brink {

class CpuPools;
class Memory;

/// calculate_normal_threshold().
int normal_threshold(Pages managed, std::uint32_t cpus);
/// calculate_pressure_threshold(), for as long as kswapd is awake: with it, all differences
/// together do not hide that the min mark is reached.
int pressure_threshold(Pages low_mark, Pages min_mark, std::uint32_t cpus);

class Vmstat {
 public:
  explicit Vmstat(Memory& memory);
  ~Vmstat();
  Vmstat(const Vmstat&) = delete;
  Vmstat& operator=(const Vmstat&) = delete;

  /// Whether differences are kept.
  bool on() const { return on_; }
  /// From here on they are taken in by work of these pools. Before, only by exceeding a threshold.
  void start(CpuPools& pools);

  // --- What the running task changes.

  /// Pages came to or left a list.
  void add(const Zone& zone, Lru lru, std::int64_t pages) {
    if (on_) [[unlikely]]
      mod(zone, static_cast<std::size_t>(lru), pages);
  }
  void scanned(Zone& zone, Pages pages) {
    if (on_) [[unlikely]]
      return mod_scanned(zone, static_cast<std::int64_t>(pages));
    zone.pages_scanned += pages;
  }
  /// Pages of the zone are free again: it takes back what it sees to have been scanned.
  void freed(Zone& zone) {
    if (on_) [[unlikely]]
      return forget_scanned(zone);
    zone.pages_scanned = 0;
  }
  /// set_pgdat_percpu_threshold(): kswapd wakes, or goes to sleep.
  void set_pressure(bool pressure);

  // --- What everybody sees (zone_page_state()). Zone::pages_scanned is as it is seen, too.

  /// Of a zone, or of a memory cgroup's part of one; where there are groups, each list has an exact
  /// size of its own (mem_cgroup_get_lru_size()).
  Pages size(const Zone& zone, Lru lru) const {
    return on_ && !groups_ ? seen(zone, static_cast<std::size_t>(lru)) : zone.lru_size(lru);
  }
  /// Of a zone with the parts of all groups.
  Pages total(const Zone& zone, Lru lru) const {
    return on_ ? seen(zone, static_cast<std::size_t>(lru)) : zone.lru_total(lru);
  }

  /// Of all zones.
  Pages size(const Zones& zones, Lru lru) const {
    Pages sum = 0;
    for (const Zone& zone : zones.all()) sum += total(zone, lru);
    return sum;
  }

  // --- For checks and tests.

  int threshold(const Zone& zone) const { return of(zone).threshold; }
  /// The zone's counter of a list and all differences: what is on the list (zone_page_state_
  /// snapshot()).
  std::int64_t snapshot(const Zone& zone, Lru lru) const;
  /// refresh_cpu_vm_stats(): takes in the differences of a CPU; whether there were any.
  bool fold(std::uint32_t cpu);

 private:
  static constexpr std::size_t items = lru_lists + 1;
  static constexpr std::size_t pages_scanned = lru_lists;  ///< NR_PAGES_SCANNED

  struct PerZone {
    std::array<std::int64_t, items> global{};
    std::vector<std::array<int, items>> difference;  ///< by CPU
    int threshold = 0;
    bool drifts = false;  ///< differences could hide the min mark (percpu_drift_mark)
  };
  struct Update;

  void mod(const Zone& zone, std::size_t item, std::int64_t by);
  void mod_scanned(Zone& zone, std::int64_t pages);
  void forget_scanned(Zone& zone);
  Pages seen(const Zone& zone, std::size_t item) const;
  void arm(std::uint32_t cpu, bool again);
  PerZone& of(const Zone& zone) { return zones_[static_cast<std::size_t>(zone.type)]; }
  const PerZone& of(const Zone& zone) const { return zones_[static_cast<std::size_t>(zone.type)]; }

  Memory& memory_;
  const bool on_, groups_;
  std::array<PerZone, zone_types> zones_;
  CpuPools* pools_ = nullptr;
  std::vector<std::unique_ptr<Update>> updates_;  ///< by CPU
};

}  // namespace brink
