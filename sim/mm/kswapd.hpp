// kswapd: reclaims in the background from the low mark until every zone is back at its high mark
// (mm/vmscan.c, Linux 4.0). Left out: compaction, memory cgroups, freezing.
//
// One shortcut: a kswapd that has tried everything in vain is not woken again until something
// changes; the kernel's would go through the same fruitless pass each time.
#pragma once

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

 private:
  struct Order {
    unsigned order = 0;
    ZoneType class_zone = ZoneType::normal;
  };

  static void body(void* self);
  void run();
  bool zone_balanced(const Zone& zone, unsigned order, Pages gap, ZoneType class_zone) const;
  bool balanced(const Order& order) const;
  void try_to_sleep(const Order& order);
  bool ready_to_sleep(const Order& order, bool woken_early);
  Order balance(Order order);
  bool pass(ScanControl& sc, Order& order);
  bool shrink(Zone& zone, ZoneType end_zone, ScanControl& sc);
  bool find_end_zone(ScanControl& sc, ZoneType& end_zone);
  Order take_orders();
  ZoneType highest() const;

  Memory& memory_;
  Task* task_ = nullptr;
  bool sleeping_ = false;
  Order asked_;                         ///< kswapd_max_order, classzone_idx
  std::uint64_t fruitless_ = ~std::uint64_t{0};  ///< generation of the last pass that freed nothing
};

}  // namespace brink
