// alloc_trace: what a real kernel once asked its allocator for, asked of the simulated one: the
// same requests with the same masks by the same tasks in the same system calls at the same times,
// and the same frees, found by the recorded pointers. Each task of the trace is a process of its
// own.
//
// Slabs are made here as well, so the pages that the recorded kernel's slabs took are left out of
// the input. Left out too: locks, I/O, and what the recorded kernel did for others than these
// tasks. A free that nobody recorded happens when the recorded kernel gave the same memory out
// again.

#include <filesystem>
#include <map>

#include "programs/builtin.hpp"
#include "programs/trace/reader.hpp"
#include "programs/trace/replay.hpp"

namespace brink {
namespace {

class AllocTrace final : public Program {
 public:
  AllocTrace(Params& params, const std::string& directory) {
    std::string file =
        params.text("file", "",
                    "the trace: text of raw ftrace, trace-cmd report or perf script, plain or "
                    "compressed with zstd; relative to the experiment's file; required");
    speed_percent_ = static_cast<std::uint64_t>(
        params.integer("speed", 100, {1, 1'000'000},
                       "in percent of the recorded speed: 200 replays in half the time"));
    TraceSelection selection;
    selection.limit = static_cast<std::uint64_t>(
        params.integer("limit", 0, {0, 1'000'000'000}, "read only this many events; 0: all"));
    selection.tasks = params.texts(
        "tasks", "read only the events of tasks of these names; * and ? as in a shell");
    if (params.describing()) return;
    if (file.empty()) params.reject("file", "no trace is named");
    path_ = (std::filesystem::path(directory) / file).string();
    TextSource source = open(params);
    trace_ = read_trace(source, selection);
  }

  int main(Syscalls& sys) const override {
    const auto tasks = static_cast<std::uint32_t>(trace_.tasks.size());
    const std::uint32_t copy = sys.instance() / tasks;
    TaskReplay replay(trace_, trace_.tasks[sys.instance() % tasks], objects(sys, copy), sys,
                      speed_percent_);
    replay.run();
    return 0;
  }

  std::uint32_t processes() const override {
    return static_cast<std::uint32_t>(trace_.tasks.size());
  }
  std::vector<std::string> host_files() const override { return {path_}; }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> list;
    for (const std::string& warning : trace_.warnings) list.push_back(path_ + ": " + warning);
    return list;
  }

 private:
  /// A file that cannot be opened is an error of the experiment's file, which names it.
  TextSource open(const Params& params) const {
    try {
      return TextSource::open(path_);
    } catch (const ConfigError& error) {
      params.reject("file", path_ + ": " + error.message());
    }
  }

  /// One for each copy of the trace that a run replays.
  using Copies = std::map<std::uint32_t, std::unique_ptr<ReplayedObjects>>;

  ReplayedObjects& objects(Syscalls& sys, std::uint32_t copy) const {
    std::shared_ptr<void>& shared = sys.shared();
    if (shared == nullptr) shared = std::make_shared<Copies>();
    std::unique_ptr<ReplayedObjects>& objects = (*std::static_pointer_cast<Copies>(shared))[copy];
    if (objects == nullptr) {
      objects = std::make_unique<ReplayedObjects>(trace_, sys.kernel(), sys.now());
    }
    return *objects;
  }

  std::string path_;
  Trace trace_;
  std::uint64_t speed_percent_ = 100;
};

}  // namespace

std::unique_ptr<Program> make_alloc_trace(Params& params, const std::string& directory) {
  return std::make_unique<AllocTrace>(params, directory);
}

}  // namespace brink
