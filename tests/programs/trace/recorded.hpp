// Traces that tests make up: events as values, printed as each of the three tools prints them.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "programs/trace/reader.hpp"

namespace brink {

/// One event of a made-up trace.
struct Recorded {
  std::string comm = "wl.sh";
  std::uint32_t tid = 100;
  std::uint64_t micros = 0;
  std::string event;  ///< "kmalloc"
  std::string
      fields;  ///< as all tools print them, except for `ptr=NULL`, which each prints its way
};

enum class Format { ftrace, trace_cmd, perf };

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

inline std::string printed(const std::vector<Recorded>& events, Format format) {
  std::string text = format == Format::ftrace ? "# tracer: nop\n#\n" : "";
  if (format == Format::trace_cmd) text = "cpus=2\n";
  if (format == Format::perf) text = "# ========\n# os release : 6.18.44\n#\n";
  for (const Recorded& event : events) {
    const std::string digits = std::to_string(1'000'000 + event.micros % 1'000'000).substr(1);
    const std::string time = std::to_string(5 + event.micros / 1'000'000) + "." + digits;
    const std::string tid = std::to_string(event.tid);
    switch (format) {
      case Format::ftrace:
        text +=
            "           " + event.comm + "-" + tid + "   [001] .....  " + time + ": " +
            event.event + ": " +
            replaced(replaced(event.fields, "ptr=NULL", "ptr=0000000000000000"), "ptr=0x", "ptr=") +
            "\n";
        break;
      case Format::trace_cmd:
        text += "           " + event.comm + "-" + tid + "  [001]  " + time + ": " + event.event +
                ":        (f+0x1) " + replaced(event.fields, "ptr=NULL", "ptr=(nil)") + "\n";
        if (event.event.starts_with("sys_")) text = replaced(text, "(f+0x1) NR", "NR");
        break;
      case Format::perf:
        text += "  " + event.comm + " " + tid + "/" + tid + " [001]  " + time +
                ":     kmem:" + event.event + ": " +
                replaced(event.fields, "ptr=NULL", "ptr=(nil)") + "\n";
        break;
    }
  }
  return text;
}

inline Trace read_text(const std::string& text, const TraceSelection& selection = {}) {
  TextSource source(std::make_unique<std::istringstream>(text), "trace.txt");
  return read_trace(source, selection);
}

inline Recorded kmalloc(std::uint64_t micros, const std::string& ptr, std::uint32_t bytes,
                        const std::string& gfp = "GFP_KERNEL", std::uint32_t tid = 100) {
  const std::string size = std::to_string(bytes);
  return {"wl.sh", tid, micros, "kmalloc",
          "call_site=alloc_bprm+0x45 ptr=" + ptr + " bytes_req=" + size + " bytes_alloc=" + size +
              " gfp_flags=" + gfp + " node=-1 accounted=false"};
}
inline Recorded cache_alloc(std::uint64_t micros, const std::string& ptr, const std::string& cache,
                            const std::string& gfp = "GFP_KERNEL", std::uint32_t tid = 100) {
  return {"wl.sh", tid, micros, "kmem_cache_alloc",
          "call_site=getname_flags.part.0+0x24 ptr=" + ptr + " name=" + cache +
              " bytes_req=190 bytes_alloc=192 gfp_flags=" + gfp + " node=-1 accounted=false"};
}
inline Recorded kfree(std::uint64_t micros, const std::string& ptr, std::uint32_t tid = 100) {
  return {"wl.sh", tid, micros, "kfree", "call_site=f+0x1 ptr=" + ptr};
}
inline Recorded cache_free(std::uint64_t micros, const std::string& ptr, std::uint32_t tid = 100) {
  return {"wl.sh", tid, micros, "kmem_cache_free", "call_site=f+0x1 ptr=" + ptr + " name=filp"};
}
inline Recorded page_alloc(std::uint64_t micros, const std::string& pfn, unsigned order,
                           const std::string& gfp, std::uint32_t tid = 100) {
  return {"wl.sh", tid, micros, "mm_page_alloc",
          "page=0x1 pfn=" + pfn + " order=" + std::to_string(order) +
              " migratetype=0 gfp_flags=" + gfp};
}
inline Recorded page_free(std::uint64_t micros, const std::string& pfn, unsigned order = 0,
                          std::uint32_t tid = 100, const std::string& event = "mm_page_free") {
  return {"wl.sh", tid, micros, event, "page=0x1 pfn=" + pfn + " order=" + std::to_string(order)};
}
inline Recorded enter(std::uint64_t micros, std::uint32_t number, std::uint32_t tid = 100) {
  return {"wl.sh", tid, micros, "sys_enter",
          "NR " + std::to_string(number) + " (1, 2, ffff, 0, 7, b)"};
}
inline Recorded leave(std::uint64_t micros, std::uint32_t number, std::int64_t result = 0,
                      std::uint32_t tid = 100) {
  return {"wl.sh", tid, micros, "sys_exit",
          "NR " + std::to_string(number) + " = " + std::to_string(result)};
}

/// A trace as text, one operation a line: "wl.sh-100 openat=3 @10: +0 names_cache -0".
inline std::string told(const Trace& trace) {
  std::string text;
  for (const TraceTask& task : trace.tasks) {
    for (const TraceOp& op : task.ops) {
      text += task.comm + "-" + std::to_string(task.tid) + " " + trace.names[op.name] + "=" +
              std::to_string(op.result) + " @" + std::to_string(op.begin / us) + ":";
      for (std::uint32_t i = op.first; i < op.first + op.count; ++i) {
        const TraceStep& step = task.steps[i];
        text += (step.request == TraceStep::free ? " -" : " +") + std::to_string(step.object);
        if (step.request == TraceStep::free) continue;
        const TraceRequest& request = trace.requests[step.request];
        text += request.object ? " " + (request.cache.empty() ? "kmalloc" : request.cache)
                               : " order" + std::to_string(request.order);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace brink
