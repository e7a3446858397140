// The watchdog compares what it sees with what it saw; it never touches the threads that it
// watches, because a thread that is stuck cannot be stopped, only reported.

#include "experiment/watchdog.hpp"

#include <cstdio>
#include <cstdlib>

namespace brink {

void Pulse::begin(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  run_id_ = run_id;
  beat.fetch_add(1, std::memory_order_relaxed);
}

void Pulse::end() {
  const std::scoped_lock lock(mutex_);
  run_id_.clear();
}

std::string Pulse::run_id() const {
  const std::scoped_lock lock(mutex_);
  return run_id_;
}

Watchdog::Watchdog(std::chrono::milliseconds limit,
                   std::function<void(const std::string&)> on_stuck)
    : limit_(limit), on_stuck_(std::move(on_stuck)) {
  if (on_stuck_) return;
  on_stuck_ = [limit](const std::string& run_id) {
    std::fprintf(
        stderr,
        "\nbrink: internal error: no progress for %lld s of real time: code that reaches no "
        "primitive\nbrink: in run %s\n",
        static_cast<long long>(limit.count() / 1000), run_id.c_str());
    std::fflush(stderr);
    std::_Exit(3);
  };
}

Pulse& Watchdog::add() { return watched_.emplace_back().pulse; }

void Watchdog::look(Time now) {
  for (Watched& worker : watched_) {
    const std::uint64_t beat = worker.pulse.beat.load(std::memory_order_relaxed);
    std::string run_id = worker.pulse.run_id();
    const bool moved = beat != worker.beat || run_id != worker.run_id || worker.since == Time{};
    if (moved || run_id.empty()) {
      worker.beat = beat;
      worker.run_id = std::move(run_id);
      worker.since = now;
      worker.reported = false;
    } else if (now - worker.since >= limit_ && !worker.reported) {
      worker.reported = true;
      on_stuck_(worker.run_id);
    }
  }
}

}  // namespace brink
