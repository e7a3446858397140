// Counting the rounds that a limit on retries is about.

#include "policies/retry_limit.hpp"

#include "brink/params.hpp"

namespace brink {

RetryLimit::RetryLimit(Params& params, NoFs no_fs)
    : retries_(params.integer(
          "retries", forever, {forever, 1'000'000},
          "rounds that are granted before a small request fails: 0 fails it at the first round "
          "without progress, -1 never")),
      counts_(static_cast<Counts>(params.choice(
          "counts", 0, {"oom_only", "no_progress", "all"},
          "which earlier rounds count: those that ran the OOM path and heard of progress (as "
          "posted in 2015), those whose reclaim made no progress, or all"))),
      scope_(params),
      no_fs_(no_fs) {}

bool RetryLimit::spent(const AllocAttempt& attempt) const {
  if (!holds_for(attempt)) return false;
  if (retries_ == 0) return !attempt.progress;
  return counted(attempt) >= static_cast<std::uint64_t>(retries_);
}

std::uint64_t RetryLimit::rounds_left(const AllocAttempt& attempt) const {
  // Rounds with progress use the budget up only if all rounds count.
  if (attempt.progress && (retries_ == 0 || counts_ != Counts::all)) return unlimited;
  return remaining(attempt);
}

std::uint64_t RetryLimit::remaining(const AllocAttempt& attempt) const {
  if (!holds_for(attempt)) return unlimited;
  const auto limit = static_cast<std::uint64_t>(retries_);
  const std::uint64_t gone = counted(attempt);
  return limit > gone ? limit - gone : 0;
}

/// Rounds that count among those that have gone by. This one has not: whether it runs the OOM path
/// is what is being decided.
std::uint64_t RetryLimit::counted(const AllocAttempt& attempt) const {
  const std::uint64_t rounds = attempt.rounds;
  const std::uint64_t idle = attempt.no_progress_rounds;
  const std::uint64_t idle_before = attempt.progress || idle == 0 ? idle : idle - 1;
  switch (counts_) {
    case Counts::oom_only:
      if (no_fs_ == NoFs::stays_out && !has(attempt.gfp, Gfp::fs)) return idle_before;
      return attempt.oom_rounds;
    case Counts::no_progress: return idle_before;
    case Counts::all: return rounds == 0 ? 0 : rounds - 1;
  }
  return 0;
}

}  // namespace brink
