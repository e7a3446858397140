// linux_6_1: whether a request that found no page in this round goes round again, as Linux 6.1
// decides it (mm/page_alloc.c: __alloc_pages_slowpath, should_reclaim_retry and
// should_compact_retry), with a limit on retries that it does not have. A small request reclaims
// until 16 rounds in a row were in vain, or until even all that is reclaimable would not be enough;
// then it enters the OOM path and, as that reports progress, begins to count again.
//
// Left out: cpusets and zone lists that change meanwhile. Who may not sleep or frees memory itself
// leaves the slow path before this question.

#include <algorithm>

#include "brink/params.hpp"
#include "policies/builtin.hpp"
#include "policies/retry_limit.hpp"

namespace brink {
namespace {

constexpr std::uint64_t max_reclaim_retries = 16;
constexpr std::uint64_t max_compact_retries = 16;

bool costly(const AllocAttempt& attempt) { return attempt.order > costly_order; }

// --- should_reclaim_retry().

/// no_progress_loops: for costly orders, progress does not mean that anything comes of it.
std::uint64_t loops(const AllocAttempt& attempt) {
  return costly(attempt) ? attempt.rounds : attempt.idle_rounds;
}

bool should_reclaim_retry(const AllocAttempt& attempt) {
  return attempt.reclaimable_suffices && loops(attempt) <= max_reclaim_retries;
}

/// How many more rounds like this one it grants, this one first.
std::uint64_t reclaim_retries(const AllocAttempt& attempt) {
  if (!should_reclaim_retry(attempt)) return 0;
  if (!costly(attempt) && attempt.progress) return unlimited;
  return max_reclaim_retries + 1 - loops(attempt);
}

// --- should_compact_retry().

std::uint64_t compact_limit(const AllocAttempt& attempt) {
  return costly(attempt) ? max_compact_retries / 4 : max_compact_retries;
}

std::uint64_t priorities_left(const AllocAttempt& attempt) {
  const auto hardest = costly(attempt) ? CompactPriority::sync_light : CompactPriority::sync_full;
  return static_cast<std::uint64_t>(attempt.compact_priority) - static_cast<std::uint64_t>(hardest);
}

bool can_compact_again(const AllocAttempt& attempt) {
  return attempt.progress && attempt.may_compact && attempt.order != 0 && !attempt.fatal_signal;
}

Action::Compact should_compact_retry(const AllocAttempt& attempt) {
  if (!can_compact_again(attempt)) return Action::Compact::no;
  switch (attempt.compaction) {
    case CompactResult::none: return Action::Compact::no;
    case CompactResult::skipped:
      return attempt.compaction_suitable ? Action::Compact::again : Action::Compact::no;
    case CompactResult::success:
      if (attempt.compact_retries < compact_limit(attempt)) return Action::Compact::again;
      break;
    case CompactResult::deferred:
    case CompactResult::contended:
    case CompactResult::failed: break;
  }
  return priorities_left(attempt) > 0 ? Action::Compact::harder : Action::Compact::no;
}

/// How many more rounds like this one it grants, this one first.
std::uint64_t compact_retries(const AllocAttempt& attempt) {
  if (should_compact_retry(attempt) == Action::Compact::no) return 0;
  if (attempt.compaction == CompactResult::skipped) return unlimited;
  if (attempt.compaction != CompactResult::success) return priorities_left(attempt);
  const std::uint64_t limit = compact_limit(attempt);
  const std::uint64_t now = limit - std::min<std::uint64_t>(limit, attempt.compact_retries);
  return now + priorities_left(attempt) * (1 + limit);
}

// --- The rest.

constexpr Action enter_oom{Action::Kind::oom, Pause::none, 0};
constexpr Action give_up{Action::Kind::fail, Pause::none, 0};

Action retry(const AllocAttempt& attempt, Action::Kind kind, Action::Compact compact) {
  if (loops(attempt) > max_reclaim_retries) return {kind, Pause::none, 0, compact};
  // A worker that only yields would keep others of its pool from being started.
  return {kind, attempt.worker ? Pause::jiffy : Pause::yield, 0, compact};
}

/// Who is not retried for, whatever there is to be had.
bool never_retries(const AllocAttempt& attempt) {
  if (has(attempt.gfp, Gfp::noretry)) return true;
  return costly(attempt) && !(has(attempt.gfp, Gfp::retry_mayfail) && attempt.may_compact);
}

/// __alloc_pages_may_oom() kills for none of these, and says so; another killer may have said
/// otherwise already.
bool oom_refuses(const AllocAttempt& attempt) {
  if (attempt.oom != OomResult::none && attempt.oom != OomResult::refused) return false;
  return costly(attempt) || has(attempt.gfp, Gfp::retry_mayfail) ||
         has(attempt.gfp, Gfp::thisnode) || has_any(attempt.gfp, Gfp::dma | Gfp::dma32);
}

/// What there is to be said without a limit on retries.
Action linux_says(const AllocAttempt& attempt) {
  if (never_retries(attempt)) return give_up;
  if (should_reclaim_retry(attempt)) {
    return retry(attempt, Action::Kind::retry, Action::Compact::no);
  }
  if (attempt.highatomic) {
    return retry(attempt, Action::Kind::release_highatomic, Action::Compact::no);
  }
  const Action::Compact compact = should_compact_retry(attempt);
  if (compact != Action::Compact::no) return retry(attempt, Action::Kind::retry, compact);
  return enter_oom;
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a > unlimited - b ? unlimited : a + b;
}

/// Rounds like this one until the OOM path is entered.
std::uint64_t rounds_before_oom(const AllocAttempt& attempt) {
  const std::uint64_t rounds = sum(reclaim_retries(attempt), attempt.highatomic ? 1 : 0);
  return sum(rounds, compact_retries(attempt));
}

class Linux61 final : public AllocPolicy {
 public:
  explicit Linux61(Params& params) : limit_(params, RetryLimit::NoFs::enters_oom) {}

  Action decide(const AllocAttempt& attempt) const override {
    if (!has(attempt.gfp, Gfp::direct_reclaim)) return give_up;
    if (has(attempt.gfp, Gfp::nofail)) {
      const Action action = linux_says(attempt);
      if (action.kind != Action::Kind::fail) return action;
      return {Action::Kind::last_resort, Pause::yield, 0};
    }
    return spent(attempt) ? give_up : linux_says(attempt);
  }

  std::uint64_t rounds_left(const AllocAttempt& attempt) const override {
    if (decide(attempt).kind == Action::Kind::fail) return 0;
    if (has(attempt.gfp, Gfp::nofail)) return unlimited;
    const std::uint64_t before = rounds_before_oom(attempt);
    if (costly(attempt)) return oom_refuses(attempt) ? before : unlimited;
    return std::min(oom_refuses(attempt) ? before : unlimited, limited(attempt, before));
  }

  std::uint64_t rounds_alike(const AllocAttempt& attempt) const override {
    const std::uint64_t left = rounds_left(attempt);
    switch (decide(attempt).kind) {
      case Action::Kind::retry:
        return std::min(left, std::max<std::uint64_t>(1, reclaim_retries(attempt)));
      case Action::Kind::oom:
        // It begins to count anew, and does not come back here at once if there is hope.
        return attempt.reclaimable_suffices ? std::min<std::uint64_t>(left, 1) : left;
      case Action::Kind::release_highatomic: return std::min<std::uint64_t>(left, 1);
      default: return left;
    }
  }

 private:
  bool spent(const AllocAttempt& attempt) const {
    return !costly(attempt) && limit_.spent(attempt);
  }

  /// How far the limit on retries reaches, if each OOM path reports progress.
  std::uint64_t limited(const AllocAttempt& attempt, std::uint64_t before) const {
    if (limit_.counts() != RetryLimit::Counts::oom_only || limit_.retries() <= 0) {
      return limit_.rounds_left(attempt);
    }
    const std::uint64_t oom_rounds = limit_.remaining(attempt);
    if (oom_rounds == unlimited || before == unlimited) return unlimited;
    // What was given back and what compaction could do are had once.
    const bool hope = attempt.reclaimable_suffices && !attempt.progress;
    return before + oom_rounds + (oom_rounds - 1) * (hope ? max_reclaim_retries : 0);
  }

  const RetryLimit limit_;
};

}  // namespace

std::unique_ptr<AllocPolicy> make_linux_6_1_alloc(Params& params) {
  return std::make_unique<Linux61>(params);
}

}  // namespace brink
