// Following a recorded schedule.

#include "sim/sched/replay.hpp"

namespace brink {

ReplayMismatch::ReplayMismatch(std::uint64_t choice, const std::string& why)
    : std::runtime_error("replay does not fit at choice " + std::to_string(choice) + ": " + why),
      choice_(choice) {}

void ScheduleFollower::misfit(const std::string& why) {
  if (!fits()) return;
  misfit_ = why;
  misfit_at_ = made_ - 1;
}

std::uint32_t ScheduleFollower::next(std::uint32_t options, std::uint32_t usual) {
  const std::uint64_t at = made_++;
  if (at >= schedule_.count) {
    misfit("the recorded schedule has ended");
    return usual;
  }
  std::uint32_t choice = usual;
  if (departure_ < schedule_.departures.size() && schedule_.departures[departure_].at == at) {
    const std::uint32_t recorded = schedule_.departures[departure_++].choice;
    if (recorded >= options) {
      misfit("option " + std::to_string(recorded) + " was recorded, there are only " +
             std::to_string(options));
    } else if (recorded == usual) {
      misfit("the recorded option is the default, which is never recorded");
    } else {
      choice = recorded;
    }
  }
  return choice;
}

void ScheduleFollower::check() const {
  if (!fits()) throw ReplayMismatch(misfit_at_, misfit_);
}

std::uint32_t ReplayStrategy::pick_task(const ReadyQueue& ready, const Task* current, Why why) {
  const std::uint32_t options = ready.size() + (current != nullptr ? 1 : 0);
  return follower_.next(options, default_choice(why, ready.size()));
}

std::uint32_t ReplayStrategy::pick_cpu(std::span<const CpuView> cpus, std::uint32_t) {
  return follower_.next(static_cast<std::uint32_t>(cpus.size()), default_cpu(cpus));
}

void ReplayStrategy::check(const ChoiceLog& made) const {
  follower_.check();
  const std::uint64_t recorded = follower_.schedule().count;
  if (made.count() == recorded) return;
  throw ReplayMismatch(made.count(), "the run made " + std::to_string(made.count()) +
                                         " choices, recorded were " + std::to_string(recorded));
}

}  // namespace brink
