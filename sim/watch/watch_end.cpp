// How a run is decided, and the verdict: the first that applies, in the order of design §4.

#include <algorithm>

#include "sim/watch/acts.hpp"
#include "sim/watch/evidence.hpp"
#include "sim/watch/watch.hpp"

namespace brink {
namespace {

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string in_seconds(Nanos time) {
  const std::string thousandths = std::to_string(1'000 + time / ms % 1'000).substr(1);
  return std::to_string(time / seconds) + "." + thousandths + " s";
}

}  // namespace

void Watch::decide(Verdict verdict, std::string reason, std::vector<TaskId> members,
                   const ClosedSet* set, bool absolute) {
  phase_ = Phase::decided;
  result_.verdict = verdict;
  result_.reason = std::move(reason);
  result_.has_lockup = true;
  result_.lockup = Evidence(core_, progress_, obligations_, memory_).lockup(members, set, absolute);
  result_.lockup.closed_at = core_.now();
  result_.lockup.closed_at_choice = core_.choices().count();
  result_.stuck = std::move(members);
}

/// A closed set as `progress_` has it now: absolute ends the run at once, conditional if it
/// outlived the settling phase.
void Watch::decide_closed(bool absolute) {
  const auto counts = [this, absolute](const Task& task) {
    return obliged(task) && (absolute || marks_.since(task.id) <= settling_.began());
  };
  ClosedSet set(core_, progress_, memory_);
  std::vector<TaskId> members = set.smallest(counts);
  const auto certain = [this](TaskId id) { return marks_.confirmed(core_.task(id)); };
  if (members.empty() || !std::all_of(members.begin(), members.end(), certain)) return;
  const auto for_memory = [this](TaskId id) {
    const Waitable* wait = core_.task(id).effective_wait();
    return wait != nullptr && wait->kind() == WaitKind::memory;
  };
  const bool memory = std::any_of(members.begin(), members.end(), for_memory);
  std::string who = plural(members.size(), "task");
  if (members.size() == 1) {
    who += memory ? " waits for memory" : " waits for itself";
  } else {
    who += memory ? " wait for each other and for memory" : " wait for each other";
  }
  const std::string why =
      absolute ? "; nobody else can help" : "; nobody else did, through the whole settling phase";
  Nanos closed_at = 0;
  std::uint64_t choice = 0;
  for (const TaskId id : members) {
    closed_at = std::max(closed_at, marks_.since(id));
    choice = std::max(choice, marks_.since_choice(id));
  }
  decide(memory ? Verdict::memory_deadlock : Verdict::deadlock, who + why, std::move(members), &set,
         absolute);
  if (!absolute) {
    result_.lockup.closed_at = closed_at;
    result_.lockup.closed_at_choice = choice;
  }
  core_.stop();
}

void Watch::decide_conditional() {
  progress_.evaluate(own_calls());
  if (marks_.update(progress_, core_.now())) decide_closed(false);
}

/// Nothing will ever happen again, and a foreground task lives: whatever the rules say of those who
/// might still wake it, they do not.
void Watch::decide_quiet() {
  progress_.evaluate_quiet();
  ClosedSet set(core_, progress_, memory_);
  const auto counts = [this](const Task& task) { return obliged(task) || of(task).foreground; };
  std::vector<TaskId> members = set.smallest(counts);
  if (members.empty()) return;
  Nanos closed_at = 0;
  bool memory = false;
  for (const TaskId id : progress_.tasks()) {
    const Task& task = core_.task(id);
    if (is_idle(task)) continue;
    closed_at = std::max(closed_at, task.parked_since);
    memory = memory || (task.effective_wait()->kind() == WaitKind::memory &&
                        std::find(members.begin(), members.end(), id) != members.end());
  }
  decide(memory ? Verdict::memory_deadlock : Verdict::deadlock,
         "every task waits, and nothing is left that could wake one", std::move(members), &set,
         true);
  result_.lockup.closed_at = closed_at;
  core_.stop();
}

/// True if that is what the run has come to.
bool Watch::decide_livelock() {
  std::vector<TaskId> loops = settling_.livelocked(progress_.tasks());
  if (loops.empty()) return false;
  std::vector<TaskId> members = settling_.stalled(progress_.tasks());
  const std::string reason = plural(loops.size(), "task") + " polled at least " +
                             std::to_string(Settling::livelock_rounds) +
                             " times in the settling phase without progress";
  members.insert(members.end(), loops.begin(), loops.end());
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  decide(Verdict::livelock, reason, std::move(members), nullptr, false);
  result_.lockup.closed_at = settling_.began();
  return true;
}

/// A run that was not decided while it ran.
void Watch::decide_at_end(RunEnd end, const OtherEndings& others) {
  if (completed_at_ == never && foreground_ != 0) {
    progress_.evaluate(own_calls());
    marks_.update(progress_, core_.now());
    if (end == RunEnd::quiet) return decide_quiet();
    if (settling_.on() && decide_livelock()) return;
  }
  if (std::vector<TaskId> hung = hung_.still_hung(); !hung.empty()) {
    const std::string reason = plural(hung.size(), "task") + " blocked for more than " +
                               std::to_string(config_.hung_task_timeout / seconds) +
                               " s, uninterruptibly, until the end";
    return decide(Verdict::hung_task, reason, std::move(hung), nullptr, false);
  }
  if (!soft_.empty()) {
    std::vector<TaskId> tasks = soft_;
    std::sort(tasks.begin(), tasks.end());
    tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
    return decide(
        Verdict::soft_lockup,
        "a CPU could not switch for more than " + in_seconds(core_.config().soft_lockup_limit),
        std::move(tasks), nullptr, false);
  }
  const auto plain = [this](Verdict verdict, std::string reason) {
    result_.verdict = verdict;
    result_.reason = std::move(reason);
  };
  if (!others.bug.empty()) return plain(Verdict::bug, others.bug);
  if (!others.limit.empty()) return plain(Verdict::limit, others.limit);
  if (completed_at_ == never && foreground_ != 0) {
    const std::string what =
        end == RunEnd::time_limit
            ? "the time limit of " + in_seconds(core_.config().time_limit) + " was reached"
            : "the run was stopped";
    return plain(Verdict::limit, what + " with " + plural(foreground_, "task") + " alive");
  }
  plain(Verdict::completed, "every foreground task ended");
}

WatchResult Watch::finish(RunEnd end, const OtherEndings& others) {
  if (!others.panic.empty()) {
    result_ = {};
    result_.verdict = Verdict::panic;
    result_.reason = others.panic;
  } else if (phase_ != Phase::decided) {
    decide_at_end(end, others);
  }
  phase_ = Phase::decided;
  for (Finding& stall : marks_.findings()) findings_.push_back(std::move(stall));
  if (!is_proved(result_.verdict)) {
    for (Finding& open : open_sets()) findings_.push_back(std::move(open));
  }
  std::stable_sort(findings_.begin(), findings_.end(),
                   [](const Finding& a, const Finding& b) { return a.at < b.at; });
  result_.findings = std::move(findings_);
  return std::move(result_);
}

/// Conditional sets that were closed when the run ended, but had not outlived a settling phase.
std::vector<Finding> Watch::open_sets() {
  std::vector<std::string> names;
  Nanos since = never;
  for (const TaskId id : progress_.tasks()) {
    const Task& task = core_.task(id);
    if (task.state == TaskState::dead || !marks_.stuck(id) || !obliged(task)) continue;
    names.push_back(Evidence::name(task));
    since = std::min(since, marks_.since(id));
  }
  if (names.empty()) return {};
  const Nanos now = core_.now();
  return {{Finding::Kind::conditional_set, since, now > since ? now - since : 0,
           plural(names.size(), "task") +
               " could progress only with the help of bystanders when the "
               "run ended, first " +
               names.front()}};
}

}  // namespace brink
