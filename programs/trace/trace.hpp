// A recorded allocation trace as something that can be replayed: tasks, their operations, and in
// each operation the requests and frees at their times.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/sites.hpp"
#include "brink/units.hpp"

namespace brink {

/// One kind of request: what the recorded kernel asked its allocator for, and where.
struct TraceRequest {
  bool object = false;     ///< of a slab cache, or kmalloc; else pages
  unsigned order = 0;      ///< pages
  std::uint32_t size = 0;  ///< object: bytes
  std::string cache;       ///< object: empty for kmalloc
  Gfp gfp = Gfp::none;
  std::string site;  ///< `trace.CACHE.FUNCTION`, `trace.page.SYSCALL`
  OnFailure on_failure = OnFailure::propagate;

  bool operator==(const TraceRequest&) const = default;
};

/// One request or free.
struct TraceStep {
  static constexpr std::uint32_t free = ~std::uint32_t{0};

  Nanos at = 0;                  ///< since the trace began
  std::uint32_t object = 0;      ///< which allocation of the trace
  std::uint32_t request = free;  ///< index of its kind; `free`: this frees it

  bool operator==(const TraceStep&) const = default;
};

/// A system call; outside of one a page fault ("#PF") or work that the task did not ask for
/// ("irq").
struct TraceOp {
  Nanos begin = 0, end = 0;
  std::uint32_t name = 0;   ///< index into Trace::names
  std::int64_t result = 0;  ///< as recorded
  std::uint32_t first = 0;  ///< of its steps
  std::uint32_t count = 0;

  bool operator==(const TraceOp&) const = default;
};

struct TraceTask {
  std::string comm;  ///< when it was first seen
  std::uint32_t tid = 0;
  std::vector<TraceOp> ops;
  std::vector<TraceStep> steps;

  bool operator==(const TraceTask&) const = default;
};

/// What became of the events of a file: every free and every page is in exactly one of these.
struct ReadingCounts {
  std::uint64_t lines = 0, remarks = 0, foreign = 0;
  std::map<std::string, std::uint64_t> events;  ///< by name, replayed or not
  std::uint64_t objects = 0, pages = 0;         ///< requests that are replayed
  std::uint64_t slab_pages = 0;                 ///< page requests by slabs: not replayed
  std::uint64_t failed = 0;            ///< requests that had failed when they were recorded
  std::uint64_t freed = 0;             ///< frees that found their allocation
  std::uint64_t freed_in_part = 0;     ///< of pages: they freed some of a block, not its last
  std::uint64_t freed_slab_pages = 0;  ///< frees of the slabs' own pages
  std::uint64_t implicit = 0;      ///< allocations whose free nobody recorded: pointer seen again
  std::uint64_t older = 0;         ///< frees of what was allocated out of the trace's sight
  std::uint64_t null = 0;          ///< kfree(NULL)
  std::uint64_t repeated = 0;      ///< free events that say again what another one says
  std::uint64_t live = 0;          ///< allocations never freed
  std::uint64_t out_of_order = 0;  ///< events before an earlier one of their task

  /// Free events in all.
  std::uint64_t frees() const {
    return freed + freed_in_part + freed_slab_pages + older + null + repeated;
  }
};

struct Trace {
  std::vector<TraceTask> tasks;  ///< by first appearance
  std::vector<TraceRequest> requests;
  std::vector<std::string> names;  ///< of operations
  std::uint32_t objects = 0;       ///< allocations, numbered from 0
  ReadingCounts counts;
  std::vector<std::string> warnings;
};

/// How often what was asked for: what a replay must ask for as well.
struct RequestCounts {
  std::map<std::pair<unsigned, Gfp>, std::uint64_t> pages;  ///< by order and mask
  /// By cache (empty for kmalloc), size and mask.
  std::map<std::tuple<std::string, std::uint32_t, Gfp>, std::uint64_t> objects;
  std::uint64_t frees = 0;  ///< of allocations in the trace, implicit ones included

  bool operator==(const RequestCounts&) const = default;
};

RequestCounts count_requests(const Trace& trace);

}  // namespace brink
