// oldest: the process that was started first dies, whatever it uses; one victim at a time. No
// kernel has this: it shows what a choice is worth that knows nothing of memory.

#include "policies/builtin.hpp"
#include "policies/oom/simple_killer.hpp"

namespace brink {
namespace {

class Oldest final : public SimpleKiller {
  OomChoice search(const OomView& view) const override {
    if (const TaskView* task = on_its_way_out(view)) return {OomChoice::Kind::wait, task->id, 0};
    const TaskView* chosen = nullptr;
    for (const TaskView& task : view.tasks) {
      if (!candidate(task)) continue;
      if (chosen == nullptr || task.started < chosen->started) chosen = &task;
    }
    if (chosen == nullptr) return {OomChoice::Kind::nobody, no_task, 0};
    return {OomChoice::Kind::kill, chosen->id, 0};
  }
};

}  // namespace

std::unique_ptr<OomPolicy> make_oldest(Params&) { return std::make_unique<Oldest>(); }

}  // namespace brink
