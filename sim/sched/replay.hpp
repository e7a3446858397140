// The replay strategy: makes the choices of a recorded run again, and notices when they do not fit.
#pragma once

#include <stdexcept>
#include <string>

#include "sim/sched/schedule.hpp"
#include "sim/sched/strategy.hpp"

namespace brink {

/// A run was not the one whose schedule it was told to follow: another version of brink, another
/// experiment, or a bug.
class ReplayMismatch : public std::runtime_error {
 public:
  ReplayMismatch(std::uint64_t choice, const std::string& why);
  /// Number of the first choice that did not fit, from 0.
  std::uint64_t choice() const { return choice_; }

 private:
  const std::uint64_t choice_;
};

/// Follows recorded departures from the default, one question after another.
class ScheduleFollower {
 public:
  explicit ScheduleFollower(Schedule schedule) : schedule_(std::move(schedule)) {}

  bool at_end() const { return made_ >= schedule_.count; }
  /// The recorded answer to the next question, which has so many `options`; `usual` if what was
  /// recorded does not fit.
  std::uint32_t next(std::uint32_t options, std::uint32_t usual);

  const Schedule& schedule() const { return schedule_; }
  std::uint64_t made() const { return made_; }
  bool fits() const { return misfit_.empty(); }
  /// The last answer did not fit. Only the first misfit is remembered.
  void misfit(const std::string& why);
  /// Throws ReplayMismatch for the first choice that did not fit, if there was one.
  void check() const;

 private:
  const Schedule schedule_;
  std::size_t departure_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t misfit_at_ = 0;
  std::string misfit_;
};

/// A choice that does not fit cannot end the run from inside; it is remembered, and the default
/// taken. Whoever has run the machine asks check().
class ReplayStrategy final : public Strategy {
 public:
  explicit ReplayStrategy(Schedule schedule) : follower_(std::move(schedule)) {}

  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override;
  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) override;
  bool asks_at_points() const override { return follower_.schedule().asks_at_points; }

  /// Throws ReplayMismatch unless the run made exactly the recorded choices. `made` is its log.
  void check(const ChoiceLog& made) const;

 private:
  ScheduleFollower follower_;
};

}  // namespace brink
