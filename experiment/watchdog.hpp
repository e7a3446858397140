// A watch over worker threads from outside of the simulation: a run that makes no progress in real
// time is host code that reaches no primitive. That is a bug of brink, never a verdict.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>

namespace brink {

/// What one worker shows of itself.
class Pulse {
 public:
  std::atomic<std::uint64_t> beat{0};  ///< RunSpec::heartbeat

  void begin(const std::string& run_id);
  void end();
  /// The run under way, or nothing.
  std::string run_id() const;

 private:
  mutable std::mutex mutex_;
  std::string run_id_;
};

class Watchdog {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Without `on_stuck`, a stuck run ends the process with exit code 3.
  Watchdog(std::chrono::milliseconds limit, std::function<void(const std::string&)> on_stuck);

  /// A worker to watch. The reference stays valid.
  Pulse& add();

  /// Looks at every worker; `now` does not run backwards. To be called more often than the limit.
  void look(Time now);

 private:
  struct Watched {
    Pulse pulse;
    std::uint64_t beat = 0;
    std::string run_id;
    Time since{};
    bool reported = false;
  };

  std::chrono::milliseconds limit_;
  std::function<void(const std::string&)> on_stuck_;
  std::list<Watched> watched_;
};

}  // namespace brink
