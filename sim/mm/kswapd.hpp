// kswapd: reclaims in the background from the low mark until the zones are back at their high
// marks: each of them (mm/vmscan.c, Linux 2.6.30 to 2.6.32, and with some distance 4.0), or any of
// them (6.1). Left out: compaction by kswapd itself (4.0), memory cgroups,
// freezing, reclaim for boosted marks.
//
// One shortcut, where nobody counts its failures: a kswapd that has tried everything in vain is not
// woken again until something changes; the kernel's would go through the same fruitless pass each
// time. And one repair: with patch 4 of November 2009 a kswapd that has given up on zones would not
// sleep at all; here, as since de3fab39348d (2.6.34), such zones do not keep it awake.
#pragma once

#include <optional>

#include "brink/gfp.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core.hpp"

namespace brink {

class Memory;

class Kswapd {
 public:
  explicit Kswapd(Memory& memory) : memory_(memory) {}

  /// Spawns the daemon.
  void start();
  bool running() const { return task_ != nullptr; }
  Task* task() const { return task_; }

  /// wake_all_kswapds(): for a request that found nothing above the low mark.
  void wake_all(unsigned order, Gfp gfp);
  /// Whether that would wake it now.
  bool would_wake(unsigned order, Gfp gfp) const;
  /// Wakes it whatever the marks say, unless it has given up.
  void wake();
  /// It has tried everything in vain, and nothing has changed since.
  bool gave_up() const;
  /// It has failed so often that it sleeps until direct reclaim frees something (kswapd_failures).
  bool hopeless() const;
  /// Direct reclaim has freed something.
  void take_heart();

 private:
  struct Order {
    unsigned order = 0;
    ZoneType class_zone = ZoneType::normal;
  };

  // kswapd.cpp
  static void body(void* self);
  void run();
  bool zone_balanced(const Zone& zone, unsigned order, Pages gap, ZoneType class_zone) const;
  bool boosted(ZoneType highest) const;
  bool balanced(const Order& order) const;
  bool ready_to_sleep(const Order& order, bool woken_early);
  void try_to_sleep(const Order& order);
  bool nap_before_sleep(const Order& order);
  void sleep();
  Order balance(const Order& order);
  ZoneType highest() const;
  const Rules& rules() const;

  // kswapd_gap.cpp
  void run_gap();
  Order balance_gap(ScanControl& sc, const Order& order);
  bool balanced_gap(const Order& order) const;
  bool pass(ScanControl& sc, Order& order);
  bool shrink(Zone& zone, ZoneType end_zone, ScanControl& sc);
  bool find_end_zone(ScanControl& sc, ZoneType& end_zone);
  Order take_orders();

  // kswapd_every_zone.cpp
  void run_every_zone();
  Order balance_every_zone(ScanControl& sc, Order order);
  bool balanced_every_zone(unsigned order) const;
  bool descend(ScanControl& sc);
  bool once_over(ScanControl& sc, Pages& total_scanned, bool& done);
  bool shrink_and_judge(Zone& zone, ZoneType end_zone, ScanControl& sc);

  // kswapd_node.cpp
  void run_node();
  Order balance_node(ScanControl& sc, const Order& order);
  bool balanced_node(const Order& order) const;
  bool shrink_node(ScanControl& sc, ZoneType class_zone);
  void clear_flags();

  Memory& memory_;
  Task* task_ = nullptr;
  bool sleeping_ = false;
  Order asked_;                                  ///< kswapd_max_order, classzone_idx
  std::optional<ZoneType> asked_zone_;           ///< kswapd_highest_zoneidx, if anybody has asked
  std::uint32_t failures_ = 0;                   ///< kswapd_failures
  std::uint64_t fruitless_ = ~std::uint64_t{0};  ///< generation of the last run that freed nothing,
  std::uint64_t quiet_ = ~std::uint64_t{0};  ///< Memory::changes() if that changed nothing at all
  unsigned compact_order_ = 0;               ///< what kcompactd is told when it goes to sleep
  unsigned fruitless_order_ = 0;             ///< and what it was for
};

}  // namespace brink
