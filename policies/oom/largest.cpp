// largest: the process with most pages in memory and in swap dies, without any adjustment but the
// exemption of oom_score_adj -1000; one victim at a time. No kernel has this.

#include "policies/builtin.hpp"
#include "policies/oom/simple_killer.hpp"

namespace brink {
namespace {

class Largest final : public SimpleKiller {
  OomChoice search(const OomView& view) const override {
    if (const TaskView* task = on_its_way_out(view)) return {OomChoice::Kind::wait, task->id, 0};
    const TaskView* chosen = nullptr;
    Pages most = 0;
    for (const TaskView& task : view.tasks) {
      const Pages pages = task.rss + task.swap_entries;
      if (!candidate(task) || (chosen != nullptr && pages <= most)) continue;
      chosen = &task;
      most = pages;
    }
    if (chosen == nullptr) return {OomChoice::Kind::nobody, no_task, 0};
    return {OomChoice::Kind::kill, chosen->id, most};
  }
};

}  // namespace

std::unique_ptr<OomPolicy> make_largest(Params&) { return std::make_unique<Largest>(); }

}  // namespace brink
