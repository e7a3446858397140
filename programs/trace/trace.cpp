// Counting what a trace asks for.

#include "programs/trace/trace.hpp"

namespace brink {

RequestCounts count_requests(const Trace& trace) {
  RequestCounts counts;
  for (const TraceTask& task : trace.tasks) {
    for (const TraceStep& step : task.steps) {
      if (step.request == TraceStep::free) {
        ++counts.frees;
        continue;
      }
      const TraceRequest& request = trace.requests[step.request];
      if (request.object) {
        ++counts.objects[{request.cache, request.size, request.gfp}];
      } else {
        ++counts.pages[{request.order, request.gfp}];
      }
    }
  }
  return counts;
}

}  // namespace brink
