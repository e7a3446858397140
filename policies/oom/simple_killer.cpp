// The parts that the OOM policies which no kernel has share.

#include "policies/oom/simple_killer.hpp"

namespace brink {

OomGate SimpleKiller::gate(const OomRequest& request) const {
  if (request.page_fault || has(request.gfp, Gfp::nofail)) return OomGate::kill;
  if (request.order > costly_order) return OomGate::refuse;
  if (has_any(request.gfp, Gfp::dma | Gfp::dma32 | Gfp::thisnode)) return OomGate::refuse;
  return has(request.gfp, Gfp::fs) ? OomGate::kill : OomGate::pretend;
}

OomChoice SimpleKiller::choose(const OomView& view) const {
  const TaskView* current = find(view, view.request.task);
  if (current != nullptr && current->has_mm &&
      (current->fatal_signal || will_free_memory(*current))) {
    const auto kind = current->victim ? OomChoice::Kind::wait : OomChoice::Kind::kill;
    return {kind, current->id, 0};
  }
  return search(view);
}

const TaskView* SimpleKiller::on_its_way_out(const OomView& view) {
  for (const TaskView& task : view.tasks) {
    if (unkillable(task)) continue;
    if (task.victim || (task.has_mm && will_free_memory(task))) return &task;
  }
  return nullptr;
}

}  // namespace brink
