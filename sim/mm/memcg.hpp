// Memory cgroups: groups of tasks whose pages are counted against a limit of their own
// (mm/memcontrol.c and mm/page_counter.c, Linux 2.6.32, 4.0 and 6.1). Charged are anonymous pages,
// page cache and tmpfs; a page stays charged until it is freed, whoever uses it. Each group has LRU
// lists of its own and is reclaimed from when it, or one that it is in, is at its limit. Left out:
// kernel memory (slabs, stacks), memory+swap (a page that is swapped out is charged to nobody, and
// whoever swaps it in pays), soft limits, memory.high, memory.low, moving tasks with their charges,
// per-CPU stocks of charges (the counters are exact), events. A group counts against those that it
// is in, as with memory.use_hierarchy. Before 3.3 a page was on the zone's list as well as on its
// group's; here it is on its group's alone under all rules.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "brink/rules.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Memory;
class MemoryWait;
struct MemcgConfig;
struct Task;

/// 0: the root, which has no limit and whose pages are counted nowhere.
using MemcgId = std::uint16_t;
inline constexpr MemcgId root_memcg = 0;

/// Memcgs::charge(); true on a machine without groups.
[[nodiscard]] bool mem_cgroup_charge(Memory& memory, Pfn page, Gfp gfp);

class Memcgs {
 public:
  explicit Memcgs(Memory& memory);
  ~Memcgs();
  Memcgs(const Memcgs&) = delete;
  Memcgs& operator=(const Memcgs&) = delete;

  // --- Groups and their tasks.

  /// The group of that name, which exists.
  MemcgId find(std::string_view name) const;
  void join(const Task& task, MemcgId group);
  MemcgId of(const Task& task) const;
  /// Whether the group is `ancestor`, or in it.
  bool within(MemcgId group, MemcgId ancestor) const;
  std::size_t count() const { return groups_.size() - 1; }
  /// "/name", "/parent/name"; "/" for the root.
  std::string path(MemcgId group) const;
  Pages limit(MemcgId group) const { return groups_[group].limit; }
  Pages usage(MemcgId group) const { return groups_[group].usage; }
  /// How often a charge met the limit.
  std::uint64_t failcnt(MemcgId group) const { return groups_[group].failcnt; }
  /// Below its own limit.
  Pages margin(MemcgId group) const;

  // --- Pages.

  /// Charges the page to the running task's group; nothing if it is charged already, or the task is
  /// in none. May sleep if `gfp` may. False if there is no room: a failed allocation.
  [[nodiscard]] bool charge(Pfn page, Gfp gfp);
  /// Pages that its tasks could still have: below its limit and all others that count.
  Pages room(MemcgId group) const;
  /// Charges a page to a group that has room.
  void charge_room(Pfn page, MemcgId group);
  /// The page is being freed.
  void uncharge(Pfn page) noexcept;
  /// Another page takes its place.
  void move(Pfn from, Pfn to) noexcept;
  MemcgId owner(Pfn page) const { return owners_[page]; }
  /// What the page's group has of the zone's lists: the zone itself for the root.
  Zone& lists_of(Pfn page) const;
  Pages lru_size(MemcgId group, Lru lru) const;

  // --- Page faults and the OOM path (memcg_oom.cpp).

  /// A fault begins: what an earlier one met is forgotten.
  void begin_fault(const Task& task, bool user);
  void end_fault(const Task& task) { of_id(task).user_fault = false; }
  /// The group at whose limit the task's last fault failed; the root if at none.
  MemcgId failed(const Task& task) const;
  /// mem_cgroup_oom_synchronize(): at the end of a fault that has failed. False if it failed for
  /// want of the machine's pages. The running task may sleep as `wait` meanwhile.
  bool end_of_fault(MemoryWait& wait);
  /// Whether a charge at this limit may come to kill, rather than wait for user space.
  bool may_kill(MemcgId group) const { return !groups_[group].oom_kill_disable; }
  /// Whether charges at this limit are tried again for as long as the OOM path has hopes.
  bool insists(MemcgId group) const;

  /// Empty if the counters agree with the pages one by one; else what does not. Slow.
  std::string check() const;

 private:
  struct Group {
    std::string name;
    MemcgId parent = root_memcg;
    bool oom_kill_disable = false;
    bool oom_locked = false;
    Pages limit = 0, usage = 0;
    std::uint64_t failcnt = 0;
    Nanos last_oom = never;  ///< of 2.6.32
    std::array<Zone*, zone_types> parts{};
  };
  struct PerTask {
    MemcgId group = root_memcg;
    MemcgId in_oom = root_memcg;  ///< whose OOM the end of the fault is to see to
    MemcgId failed = root_memcg;
    bool user_fault = false;
  };
  struct Waiter {
    Task* task;
    MemcgId group;
  };
  enum class Charge : std::uint8_t {
    counted,
    bypassed,  ///< the page is the root's
    forced,    ///< counted above the limit
    failed,
  };
  class Attempt;

  void add(const MemcgConfig& config);
  PerTask& of_id(const Task& task);
  /// page_counter_try_charge(): else `over` is the group whose limit is in the way.
  bool try_count(MemcgId group, MemcgId& over);
  void uncount(MemcgId group, MemcgId until);
  void force(MemcgId group);
  void give(Pfn page, MemcgId group);

  // memcg_oom.cpp
  bool oom_trylock(MemcgId group);
  void oom_unlock(MemcgId group);
  bool kill(MemcgId group, Gfp gfp);
  void sleep(MemcgId group, MemoryWait& wait);
  void recover(MemcgId group) noexcept;
  bool handle_in_charge(MemcgId over, MemoryWait& wait);
  /// What the era makes of a charge that has been tried often enough: whether to go on trying.
  bool out_of_room(MemcgId over, MemoryWait& wait, bool& passed);

  Memory& memory_;
  std::vector<Group> groups_;  ///< the root first
  std::vector<PerTask> tasks_;
  std::vector<Waiter> waiters_;
  MemcgId* owners_;  ///< by page: zero pages of the host
  std::size_t owners_bytes_;
};

}  // namespace brink
