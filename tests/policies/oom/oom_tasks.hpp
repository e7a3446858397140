// Tasks and views for tests of OOM policies.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {

inline TaskView user(TaskId id, Pages pages) {
  TaskView task;
  task.id = id;
  task.rss = task.total_vm = pages;
  task.has_mm = true;
  return task;
}

inline TaskView with(TaskView task, auto change) {
  change(task);
  return task;
}

/// A policy made of the keys of a file.
inline std::unique_ptr<OomPolicy> made(PolicyFactory<OomPolicy> make, Table table = {}) {
  Params params(std::move(table), "policy.oom");
  auto policy = make(params);
  params.done();
  return policy;
}

/// A view of a machine of 100,000 pages, asked by `current`.
inline OomView view_of(const std::vector<TaskView>& tasks, TaskId current = no_task,
                       Gfp gfp = GFP_KERNEL) {
  OomView view;
  view.request.task = current;
  view.request.gfp = gfp;
  view.memory.total = 100'000;
  view.tasks = tasks;
  view.now = 7;
  return view;
}

}  // namespace brink
