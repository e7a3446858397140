// The OOM path: who may kill, and what a kill does (mm/oom_kill.c and mm/page_alloc.c:
// __alloc_pages_may_oom, Linux 4.0). Whom to kill is the policy's choice. Left out: notifiers,
// memory policies and cpusets. oom_log.cpp has what it prints.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "brink/policy.hpp"
#include "sim/mm/ratelimit.hpp"
#include "sim/mm/upcalls.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Memory;
class OomReaper;
struct Task;

class OomKiller {
 public:
  explicit OomKiller(Memory& memory);
  ~OomKiller();

  /// A request's way through the OOM path. If a last look at the high mark finds pages, they are in
  /// `page`.
  OomResult enter(const OomRequest& request, Pfn& page);
  /// pagefault_out_of_memory(): a fault has failed for want of memory. Nothing if the path is
  /// taken.
  void page_fault();
  /// mem_cgroup_out_of_memory(): for a group at its limit, among its tasks; false if nobody can be
  /// killed (memcg_oom.cpp).
  bool kill_in_memcg(const OomRequest& request);

  /// When the policy would kill if such a request came now: now, later, or never.
  Nanos would_kill(const OomRequest& request);
  /// Whether a request that comes now gets the answer `last` again, for as long as nothing changes.
  bool still(const OomRequest& request, OomResult last);

  bool locked() const { return locked_; }
  /// Who is in the path; only if locked().
  TaskId holder() const { return holder_; }
  /// Tasks that are marked and have not given their marks back.
  std::uint32_t victims() const { return victims_; }
  /// The task has given its memory back, or is gone altogether: its mark goes, unless the policy
  /// lets victims keep it until they are gone.
  void unmark(Task& task, bool gone);

  /// Spawns the reaper, if the policy has one.
  void start_reaper();
  /// Null if there is none.
  const OomReaper* reaper() const { return reaper_.get(); }

 private:
  class Lock;
  class Asked;

  /// All that the policy's answer to a task's request follows from, but for time.
  struct Occasion {
    std::uint64_t changes = ~std::uint64_t{0};
    std::uint32_t live = 0, tasks = 0;
    unsigned order = 0;
    Gfp gfp = Gfp::none;
    bool page_fault = false;
    std::uint16_t memcg = 0;
    unsigned dying = 0;  ///< what the asking task has of a victim's and an exiting task's flags
    bool operator==(const Occasion&) const = default;
  };
  /// What the policy says on an occasion.
  struct Foresight {
    Occasion occasion;
    OomChoice::Kind kind = OomChoice::Kind::wait;  ///< what choose() would say
    Nanos would_kill = 0;                          ///< 0: it was not asked
    std::size_t views = 0;                         ///< tasks that it looked through
  };

  Occasion occasion(const OomRequest& request) const;
  Foresight& known(const OomRequest& request);
  const Foresight& foresee(const OomRequest& request);
  bool waits_again(const OomRequest& request, OomChoice& choice);
  OomChoice choose(const OomRequest& request);
  OomView view(const OomRequest& request);
  OomResult kill(const OomRequest& request);
  void kill_victim(const OomRequest& request, const OomChoice& choice, Task& victim);
  void nap(bool killed);
  [[noreturn]] void panic(const OomRequest& request, OomChoice::Kind kind);
  void mark(Task& victim);
  const TaskView& view_of(TaskId id) const;

  // oom_log.cpp
  void dump_header(const OomRequest& request, KernelLog& log, const OomChoice* choice);
  void dump_tasks(KernelLog& log) const;
  void dump_memcg(const OomRequest& request, KernelLog& log, const OomChoice* choice) const;
  void log_kill(const OomRequest& request, KernelLog& log, const OomChoice& choice) const;

  Memory& memory_;
  bool locked_ = false;
  TaskId holder_ = no_task;
  std::uint32_t victims_ = 0;
  std::vector<TaskView> tasks_;
  std::vector<Foresight> foresights_;  ///< by the task that asks
  std::vector<ZoneView> zones_;
  std::vector<Nanos> marked_at_;  ///< by task id: when it became a victim
  std::unique_ptr<OomReaper> reaper_;
  Ratelimit reports_;
};

}  // namespace brink
