// Workers take units of work in order and deliver outcomes to lanes; the calling thread watches. A
// unit is one run, or, where seeds are successive schedules of a depth-first walk, all runs of a
// point.

#include "experiment/runner.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "brink/assert.hpp"
#include "experiment/lanes.hpp"
#include "experiment/summary.hpp"
#include "experiment/watchdog.hpp"

namespace brink {
namespace {

/// How many outcomes may wait for an earlier one before workers pause.
constexpr std::size_t most_waiting = 256;

struct Unit {
  std::size_t point = 0;
  std::uint64_t first = 0, count = 1;
};

class Sweeper {
 public:
  Sweeper(const Experiment& experiment, const SweepOptions& options)
      : experiment_(experiment),
        options_(options),
        lanes_(experiment.points),
        watchdog_(options.stuck_after, options.on_stuck) {
    progress_.total = experiment.runs();
  }

  ExperimentResult run() {
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    working_ = options_.jobs == 0 ? threads : options_.jobs;
    {
      std::vector<std::jthread> workers;
      for (unsigned i = working_; i > 0; --i) {
        workers.emplace_back([this, &pulse = watchdog_.add()] { work(pulse); });
      }
      watch();
    }
    if (error_) std::rethrow_exception(error_);
    ExperimentResult result = summarise(experiment_, lanes_.points());
    result.partial = stopping_;
    result.determinism_checked = checked_;
    result.determinism_differences = difference_.empty() ? 0 : 1;
    result.determinism_report = difference_;
    result.warnings.insert(result.warnings.end(), notes_.begin(), notes_.end());
    return result;
  }

 private:
  /// The calling thread: the only one that reads a clock.
  void watch() {
    std::unique_lock lock(mutex_);
    while (working_ > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return working_ == 0; });
      if (options_.stop != nullptr && options_.stop->load()) stop_now();
      const Progress progress = progress_;
      lock.unlock();
      watchdog_.look(std::chrono::steady_clock::now());
      if (options_.on_progress) options_.on_progress(progress);
      lock.lock();
    }
    // Workers may have been done before the first look.
    if (options_.on_progress) options_.on_progress(progress_);
  }

  void stop_now() {
    stopping_ = true;
    room_.notify_all();
  }

  void work(Pulse& pulse) {
    try {
      while (const auto unit = claim()) run_unit(*unit, pulse);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_now();
    }
    const std::scoped_lock lock(mutex_);
    --working_;
    changed_.notify_all();
  }

  /// The next unit, in the order of the points. Waits while too many outcomes wait for an earlier
  /// run: that run is under way, so it will come.
  std::optional<Unit> claim() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return stopping_ || lanes_.waiting() < most_waiting; });
    if (stopping_ || next_point_ == experiment_.points.size()) return std::nullopt;
    const std::uint64_t seeds = experiment_.sweep.seeds.count;
    Unit unit{next_point_, next_number_, 1};
    if (experiment_.points[next_point_].walks_schedules) unit.count = seeds;
    next_number_ += unit.count;
    if (next_number_ == seeds) {
      ++next_point_;
      next_number_ = 0;
    }
    return unit;
  }

  bool stopping() {
    const std::scoped_lock lock(mutex_);
    return stopping_;
  }

  void run_unit(const Unit& unit, Pulse& pulse) {
    std::string schedule;
    for (std::uint64_t i = 0; i < unit.count; ++i) {
      if (i > 0 && stopping()) return;
      RunSpec spec = sweep_spec(experiment_, unit.point, unit.first + i, schedule);
      spec.heartbeat = &pulse.beat;
      Outcome outcome = execute(spec, pulse);
      outcome.run_id = spec.run_id;
      recheck(unit.point * experiment_.sweep.seeds.count + unit.first + i, spec, outcome, pulse);
      const bool walk_ends = unit.count > 1 && outcome.next_schedule.empty();
      schedule = outcome.next_schedule;
      deliver(unit.point, unit.first + i, std::move(outcome));
      if (walk_ends) return note_complete_walk(unit, i + 1);
    }
  }

  Outcome execute(const RunSpec& spec, Pulse& pulse) {
    pulse.begin(spec.run_id);
    set_current_run(spec.run_id);
    Outcome outcome = options_.run(spec);
    set_current_run({});
    pulse.end();
    return outcome;
  }

  void deliver(std::size_t point, std::uint64_t number, Outcome outcome) {
    const std::scoped_lock lock(mutex_);
    ++progress_.done;
    ++progress_.verdicts[static_cast<std::size_t>(outcome.verdict)];
    lanes_.deliver(point, number, std::move(outcome));
    if (lanes_.waiting() < most_waiting) room_.notify_all();
  }

  void note_complete_walk(const Unit& unit, std::uint64_t made) {
    const std::scoped_lock lock(mutex_);
    progress_.total -= unit.count - made;
    if (made < unit.count) {
      notes_.push_back("dfs: after " + std::to_string(made) +
                       " runs there are no more schedules of " +
                       experiment_.points[unit.point].id_prefix);
      std::sort(notes_.begin(), notes_.end());
    }
  }

  void recheck(std::uint64_t index, const RunSpec& spec, const Outcome& first, Pulse& pulse) {
    if (!is_rechecked(index, options_.recheck_ppm)) return;
    const std::string what = outcome_difference(first, execute(spec, pulse));
    std::string where;
    if (!what.empty()) {
      pulse.begin(spec.run_id);
      where = first_differing_event(spec, options_.run);
      pulse.end();
    }
    const std::scoped_lock lock(mutex_);
    ++checked_;
    if (what.empty()) return;
    if (difference_.empty()) difference_ = spec.run_id + "\n  " + what + "\n  " + where;
    stop_now();
  }

  const Experiment& experiment_;
  const SweepOptions& options_;

  std::mutex mutex_;  ///< guards everything below but the watchdog, which the calling thread uses
  std::condition_variable room_, changed_;
  Lanes lanes_;
  std::size_t next_point_ = 0;
  std::uint64_t next_number_ = 0;
  unsigned working_ = 0;
  bool stopping_ = false;
  Progress progress_;
  std::uint64_t checked_ = 0;
  std::string difference_;
  std::vector<std::string> notes_;
  std::exception_ptr error_;

  Watchdog watchdog_;
};

}  // namespace

ExperimentResult run_sweep(const Experiment& experiment, const SweepOptions& options) {
  return Sweeper(experiment, options).run();
}

}  // namespace brink
