// fail_nth: the n-th allocation of a task fails, of whichever kind, as if n had been written to
// /proc/PID/task/TID/fail-nth when the task started (lib/fault-inject.c, Linux 6.1). What the
// filters of failslab and fail_page_alloc skip is not counted. Once n has been counted down the
// task is left alone.
//
// As in Linux the attributes of both injectors hold for what is not counted; here they are as they
// boot, so that nothing else fails. A failslab or fail_page_alloc beside this fault has attributes
// and luck of its own; unlike in Linux it does not wait for the countdown.

#include <map>

#include "brink/params.hpp"
#include "brink/pattern.hpp"
#include "faults/builtin.hpp"
#include "faults/fault_attr.hpp"
#include "faults/wrapper.hpp"

namespace brink {
namespace {

class FailNth final : public Fault {
 public:
  FailNth(Params& params, Random random)
      : n_(static_cast<std::uint32_t>(
            params.integer("n", 0, {0, 1'000'000'000},
                           "which allocation of the task fails, from 1; 0 fails none"))),
        tasks_(params.texts("task", "tasks of these names only; * and ? as in a shell")),
        slab_filter_(params, read_ignore_gfp_wait(params)),
        page_filter_(params, slab_filter_.ignore_gfp_wait),
        random_(random) {}

  std::uint32_t points() const override { return hook_alloc; }

  bool fail_alloc(const AllocHook& hook) override {
    ++counters_.asked;
    if (skips(hook)) {
      ++counters_.filtered;
      return false;
    }
    FaultAttr& attr = hook.slab() ? slab_attr_ : page_attr_;
    const std::uint64_t size = hook.slab() ? hook.size : std::uint64_t{1} << hook.order;
    std::uint32_t& countdown = countdowns_.try_emplace(hook.task.id, n_).first->second;
    const bool fails =
        attr.should_fail(hook.task, size, random_, &countdown) == FaultAttr::Answer::fail;
    counters_.fired += fails;
    return fails;
  }

  bool transient() const override { return true; }
  std::string never_fires() const override { return n_ == 0 ? "its n is 0" : ""; }

 private:
  bool skips(const AllocHook& hook) const {
    if (hook.task.id == no_task) return true;  // Interrupts have no countdown.
    if (!tasks_.empty() && !matches_any(tasks_, hook.task.comm)) return true;
    return hook.slab() ? slab_filter_.skips(hook) : page_filter_.skips(hook);
  }

  const std::uint32_t n_;
  const std::vector<std::string> tasks_;
  const SlabFilter slab_filter_;
  const PageFilter page_filter_;
  FaultAttr slab_attr_;
  FaultAttr page_attr_;
  Random random_;
  std::map<TaskId, std::uint32_t> countdowns_;
};

}  // namespace

std::unique_ptr<Fault> make_fail_nth(Params& params, Random random) {
  return std::make_unique<FailNth>(params, random);
}

}  // namespace brink
