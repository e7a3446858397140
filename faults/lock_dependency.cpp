// lock_dependency: a task takes a lock that its own code would not need, uninterruptibly, and gives
// it back at once or when the operation ends. What a driver, a file system or a security module
// might do in an exit path that nobody thought of. It stays through the settling phase: it is no
// accident that passes.

#include "brink/params.hpp"
#include "brink/pattern.hpp"
#include "faults/builtin.hpp"

namespace brink {
namespace {

/// `class:instance`. A class is a dotted name; an instance is whatever the class makes of it.
bool is_lock_name(std::string_view lock) {
  constexpr std::string_view class_characters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  const std::size_t colon = lock.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == lock.size()) return false;
  if (lock.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  return lock.substr(0, colon).find_first_not_of(class_characters) == std::string_view::npos;
}

std::string read_lock(Params& params) {
  std::string lock = params.text("lock", "",
                                 "the lock, as class:instance: \"ext4.dir.i_mutex:/srv\", or "
                                 "\"mm.mmap_sem:anon_hog#0\" of that instance; required");
  if (params.describing() || is_lock_name(lock)) return lock;
  if (lock.empty()) params.reject("lock", "no lock is named; write it as class:instance");
  params.reject("lock", "\"" + lock + "\" names no lock; write it as class:instance, as in " +
                            "\"ext4.dir.i_mutex:/srv\"");
}

class LockDependency final : public Fault {
 public:
  explicit LockDependency(Params& params)
      : tasks_(params.texts("task",
                            "tasks of these names; * and ? as in a shell; none named: every task")),
        lock_(read_lock(params)),
        when_(static_cast<LockPoint>(params.choice(
            "when", 0,
            {"syscall", "exit.signals", "exit.mm", "exit.files", "reclaim", "release_page"},
            "where the task takes it: entering a system call, at a stage of its exit, in direct "
            "reclaim, or where it asks a file system to let go of a page (__GFP_FS only)"))),
        syscalls_(params.texts("syscall", "with when = \"syscall\": in these system calls only")),
        through_(params.choice("hold", 0, {"none", "through"},
                               "release it at once, or keep it until the operation ends") == 1) {
    if (!syscalls_.empty() && when_ != LockPoint::syscall) {
      params.reject("syscall", "it chooses among system calls, so it needs when = \"syscall\"");
    }
  }

  std::uint32_t points() const override { return hook_lock; }

  std::optional<LockDemand> at_lock(const LockHook& hook) override {
    if (hook.point != when_) return std::nullopt;
    ++counters_.asked;
    if (skips(hook)) {
      ++counters_.filtered;
      return std::nullopt;
    }
    ++counters_.fired;
    return LockDemand{lock_, through_};
  }

  bool transient() const override { return false; }

 private:
  bool skips(const LockHook& hook) const {
    if (hook.task.id == no_task) return true;  // An interrupt cannot wait for a lock.
    if (!tasks_.empty() && !matches_any(tasks_, hook.task.comm)) return true;
    return !syscalls_.empty() && !matches_any(syscalls_, hook.syscall);
  }

  const std::vector<std::string> tasks_;
  const std::string lock_;
  const LockPoint when_;
  const std::vector<std::string> syscalls_;
  const bool through_;
};

static_assert(static_cast<int>(LockPoint::syscall) == 0 &&
                  static_cast<int>(LockPoint::release_page) == 5,
              "the words of `when` are in LockPoint's order");

}  // namespace

std::unique_ptr<Fault> make_lock_dependency(Params& params, Random) {
  return std::make_unique<LockDependency>(params);
}

}  // namespace brink
