// The rules by which events become operations, requests and frees. Every event of a free ends in
// exactly one of ReadingCounts.

#include "programs/trace/reader.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "brink/pattern.hpp"
#include "programs/trace/operations.hpp"
#include "programs/trace/pairing.hpp"
#include "programs/trace/requests.hpp"
#include "programs/trace/slab_pages.hpp"
#include "programs/trace/warnings.hpp"

namespace brink {
namespace {

/// So many lines without an event are no trace; more events than the other are no input of ours.
constexpr std::uint64_t patience = 1'000'000;
constexpr std::uint64_t most_events = 100'000'000;

/// kmalloc(0) gives ZERO_SIZE_PTR, which is not memory either.
constexpr std::uint64_t zero_size_pointer = 16;

class Reader {
 public:
  Reader(TextSource& source, const TraceSelection& selection)
      : source_(source), selection_(selection), names_(trace_), requests_(trace_) {}

  Trace read();

 private:
  struct Task {
    TaskOperations operations;
    TraceSlabPages slab_pages;
    Nanos last = 0;
    bool exited = false;
  };

  /// What is known of an allocation besides its place.
  struct Allocation {
    bool slab_page = false;
    bool freed = false;
  };

  void read_event(const TraceLine& line, std::string_view text);
  void apply(Task& task, const RecordedEvent& event, const TraceLine& line);
  void request(Task& task, const RecordedEvent& event, const TraceLine& line);
  void free(Task& task, const TracePairing::Found& found);
  void free_pages(Task& task, const RecordedEvent& event);
  void fork(std::uint32_t child);
  bool is_slab_page(Task& task, const RecordedEvent& event, Gfp gfp, std::uint32_t allocation);

  Task& task_of(const TraceLine& line);
  TraceTask& recorded(const Task& task) { return trace_.tasks[task.operations.task()]; }
  void add_free(Task& task, std::uint32_t allocation);
  void forget_slab_pages();
  void count_what_is_live();
  void finish();

  TextSource& source_;
  const TraceSelection& selection_;
  Trace trace_;
  TraceNames names_;
  TraceRequests requests_;
  TracePairing pairing_;
  std::vector<Allocation> allocations_;
  std::vector<Task> tasks_;                                 ///< parallel to trace_.tasks
  std::unordered_map<std::uint64_t, std::size_t> running_;  // never iterated; by thread id
  /// Pages freed by a pagevec, not yet one by one.
  std::unordered_set<std::uint64_t> announced_;  // never iterated
  TraceRemarks remarks_;
  std::uint64_t events_ = 0;
  Nanos begin_ = 0;
  Nanos now_ = 0;  ///< of the event, since the beginning
};

Trace Reader::read() {
  std::string_view text;
  while ((selection_.limit == 0 || events_ < selection_.limit) && source_.next(text)) {
    ++trace_.counts.lines;
    TraceLine line;
    switch (read_line(text, line)) {
      case LineKind::event: read_event(line, text); break;
      case LineKind::remark:
        ++trace_.counts.remarks;
        remarks_.remark(text);
        break;
      case LineKind::lost: remarks_.lost(source_.line()); break;
      case LineKind::foreign:
        ++trace_.counts.foreign;
        remarks_.foreign(source_.line());
        break;
    }
    if (events_ == 0 && trace_.counts.lines >= patience) {
      throw ConfigError(source_.where(), "no event of a trace in a million lines");
    }
  }
  finish();
  return std::move(trace_);
}

void Reader::read_event(const TraceLine& line, std::string_view text) {
  if (!selection_.tasks.empty() && !matches_any(selection_.tasks, line.comm)) return;
  if (++events_ > most_events) {
    throw ConfigError(source_.where(), "more than 100,000,000 events; read part of them (limit)");
  }
  if (events_ == 1) begin_ = line.time;
  const auto counted = trace_.counts.events.try_emplace(std::string(line.event), 0).first;
  ++counted->second;
  const RecordedEvent event = read_event_fields(line, text, source_);
  if (event.kind == RecordedKind::other) return;
  if (event.kind == RecordedKind::fork) return fork(event.child);
  Task& task = task_of(line);
  if (line.time < begin_ + task.last) ++trace_.counts.out_of_order;
  now_ = task.last = std::max(line.time, begin_ + task.last) - begin_;
  apply(task, event, line);
}

/// The task of a line; a new one where it is first seen. Idle tasks are one for each CPU.
Reader::Task& Reader::task_of(const TraceLine& line) {
  const std::uint64_t key = std::uint64_t{line.tid} << 32 | (line.tid == 0 ? line.cpu : 0);
  const auto [at, fresh] = running_.try_emplace(key, tasks_.size());
  if (fresh) {
    tasks_.push_back({TaskOperations(tasks_.size(), names_), {}, 0, false});
    trace_.tasks.push_back({std::string(line.comm), line.tid, {}, {}});
  }
  return tasks_[at->second];
}

/// A number that a dead task had may come again; the child itself starts when it is first seen.
void Reader::fork(std::uint32_t child) {
  const auto at = running_.find(std::uint64_t{child} << 32);
  if (at != running_.end() && tasks_[at->second].exited) running_.erase(at);
}

void Reader::apply(Task& task, const RecordedEvent& event, const TraceLine& line) {
  TraceTask& recorded_task = recorded(task);
  switch (event.kind) {
    case RecordedKind::alloc_object:
    case RecordedKind::alloc_pages: return request(task, event, line);
    case RecordedKind::syscall_enter:
      task.slab_pages.boundary();
      return task.operations.enter(recorded_task, event.number, now_);
    case RecordedKind::syscall_exit:
      task.slab_pages.boundary();
      return task.operations.leave(recorded_task, event.number, event.result, now_);
    case RecordedKind::page_fault:
      task.slab_pages.boundary();
      return task.operations.page_fault(recorded_task, now_);
    case RecordedKind::exit: task.exited = true; return;
    default: break;
  }
  task.slab_pages.other();
  if (event.kind == RecordedKind::free_batched) {
    ++trace_.counts.repeated;
  } else if (event.kind != RecordedKind::free_object) {
    free_pages(task, event);
  } else if (event.key <= zero_size_pointer) {
    ++trace_.counts.null;
  } else {
    free(task, pairing_.free_object(event.key));
  }
}

void Reader::request(Task& task, const RecordedEvent& event, const TraceLine& line) {
  TraceTask& recorded_task = recorded(task);
  const bool object = event.kind == RecordedKind::alloc_object;
  Gfp gfp{};
  parse_gfp(event.gfp, gfp);
  std::vector<std::uint32_t> lost;
  const std::uint32_t allocation =
      object ? pairing_.object(event.key, lost) : pairing_.pages(event.key, event.order, lost);
  allocations_.resize(pairing_.allocations());
  const bool slab_page = is_slab_page(task, event, gfp, allocation);
  task.operations.before_request(recorded_task, gfp, line.interrupt, now_);
  for (const std::uint32_t old : lost) {
    trace_.counts.implicit += !allocations_[old].slab_page;
    add_free(task, old);
  }
  if (!object && event.key != 0) announced_.erase(event.key);
  if (slab_page) return;
  const std::string_view where = task.operations.where(trace_, gfp);
  const std::uint32_t index = requests_.index(event, where, source_.line());
  recorded_task.steps.push_back({now_, allocation, index});
  ++(object ? trace_.counts.objects : trace_.counts.pages);
  task.operations.after_request(gfp);
  if (event.key != 0) return;
  // It had failed when it was recorded: asked for again, and given back at once.
  ++trace_.counts.failed;
  add_free(task, allocation);
}

bool Reader::is_slab_page(Task& task, const RecordedEvent& event, Gfp gfp,
                          std::uint32_t allocation) {
  if (event.kind == RecordedKind::alloc_pages) {
    const bool slab_page = task.slab_pages.pages(gfp, event.order, event.key == 0, allocation);
    allocations_[allocation].slab_page = slab_page;
    trace_.counts.slab_pages += slab_page;
    return slab_page;
  }
  for (const std::uint32_t page : task.slab_pages.object(gfp, event.kmalloc, event.bytes_alloc)) {
    if (allocations_[page].slab_page) continue;
    allocations_[page].slab_page = true;
    ++trace_.counts.slab_pages;
    --trace_.counts.pages;
  }
  return false;
}

/// Up to 2.6.33 a pagevec freed pages that no other event told of; later the other event follows.
void Reader::free_pages(Task& task, const RecordedEvent& event) {
  const bool pagevec = event.kind == RecordedKind::free_pagevec;
  const TracePairing::Found found = pairing_.free_pages(event.key, event.order);
  if (!found.any && !pagevec && announced_.erase(event.key) != 0) {
    ++trace_.counts.repeated;
    return;
  }
  if (pagevec) announced_.insert(event.key);
  free(task, found);
}

void Reader::free(Task& task, const TracePairing::Found& found) {
  if (!found.any) {
    ++trace_.counts.older;
  } else if (found.freed.empty()) {
    ++trace_.counts.freed_in_part;
  } else if (allocations_[found.freed.front()].slab_page) {
    ++trace_.counts.freed_slab_pages;
  } else {
    ++trace_.counts.freed;
  }
  for (const std::uint32_t allocation : found.freed) {
    task.operations.before_free(recorded(task), now_);
    add_free(task, allocation);
  }
}

void Reader::add_free(Task& task, std::uint32_t allocation) {
  allocations_[allocation].freed = true;
  recorded(task).steps.push_back({now_, allocation, TraceStep::free});
}

/// Takes the steps out whose memory belongs to slabs.
void Reader::forget_slab_pages() {
  for (TraceTask& task : trace_.tasks) {
    std::vector<TraceStep> kept;
    kept.reserve(task.steps.size());
    for (TraceOp& op : task.ops) {
      const std::uint32_t first = op.first;
      op.first = static_cast<std::uint32_t>(kept.size());
      for (std::uint32_t i = first; i < first + op.count; ++i) {
        if (!allocations_[task.steps[i].object].slab_page) kept.push_back(task.steps[i]);
      }
      op.count = static_cast<std::uint32_t>(kept.size()) - op.first;
    }
    task.steps = std::move(kept);
  }
}

void Reader::count_what_is_live() {
  for (const Allocation& allocation : allocations_) {
    trace_.counts.live += !allocation.freed && !allocation.slab_page;
  }
}

void Reader::finish() {
  for (Task& task : tasks_) task.operations.finish(recorded(task));
  if (events_ == 0 && trace_.counts.foreign != 0) {
    throw ConfigError(remarks_.where_foreign(source_), "this is no line of a trace");
  }
  if (trace_.counts.foreign > events_) {
    throw ConfigError(remarks_.where_foreign(source_),
                      "this is no line of a trace, and neither are most others");
  }
  if (trace_.counts.objects + trace_.counts.pages == 0) {
    throw ConfigError({source_.where().file}, "no event of an allocation; nothing to replay");
  }
  count_what_is_live();
  forget_slab_pages();
  trace_.objects = pairing_.allocations();
  trace_.warnings = remarks_.warnings(trace_.counts, requests_.unknown_flags());
}

}  // namespace

Trace read_trace(TextSource& source, const TraceSelection& selection) {
  return Reader(source, selection).read();
}

}  // namespace brink
