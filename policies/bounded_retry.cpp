// bounded_retry: whether a request that found no page in this round goes round again, as Linux 4.0
// decides it (should_alloc_retry() in mm/page_alloc.c), with the limit on retries that Michal Hocko
// posted in March 2015 (vm.retry_allocation_attempts).
//
//   retries =  0   the first round without progress fails
//   retries =  N   a request is failed once N rounds that count have gone by
//   retries = -1   never: the unwritten "too small to fail" rule
//
// Left out: the test for suspended storage. Who may not sleep, frees memory itself or is an OOM
// victim leaves the slow path before this question, so nothing is decided for them here.

#include "brink/params.hpp"
#include "policies/builtin.hpp"
#include "policies/retry_scope.hpp"

namespace brink {
namespace {

constexpr std::int64_t forever = -1;
/// wait_iff_congested(zone, BLK_RW_ASYNC, HZ/50).
constexpr Nanos congestion_wait = 20 * ms;

enum class Counts : std::uint8_t { oom_only, no_progress, all };

class BoundedRetry final : public AllocPolicy {
 public:
  explicit BoundedRetry(Params& params)
      : retries_(params.integer(
            "retries", forever, {forever, 1'000'000},
            "rounds that are granted before a small request fails: 0 fails it at the first round "
            "without progress, -1 never")),
        counts_(static_cast<Counts>(params.choice(
            "counts", 0, {"oom_only", "no_progress", "all"},
            "which earlier rounds count: those that ran the OOM path and heard of progress (as "
            "posted in 2015), those whose reclaim made no progress, or all"))),
        costly_order_(static_cast<unsigned>(params.integer(
            "costly_order", costly_order, {0, max_order},
            "the largest order that counts as small; larger requests are failed after a round, "
            "whatever `retries` says"))),
        scope_(params) {
    reject_what_was_not_posted(params);
  }

  Action decide(const AllocAttempt& attempt) const override {
    if (refuses(attempt)) return {Action::Kind::fail, Pause::none, 0};
    // Only a round without progress enters the OOM path; both wait the same way.
    const auto kind = attempt.progress ? Action::Kind::retry : Action::Kind::oom;
    return {kind, Pause::congestion, congestion_wait};
  }

  /// The OOM path of the coming rounds is taken to report progress, since a request whose OOM path
  /// does not has failed already; a costly request to gain one page a round, the least that
  /// progress can be.
  std::uint64_t rounds_left(const AllocAttempt& attempt) const override {
    if (refuses(attempt)) return 0;
    if (has(attempt.gfp, Gfp::nofail)) return unlimited;
    if (attempt.order > costly_order_) return (Pages{1} << attempt.order) - attempt.reclaimed;
    const std::int64_t limit = scope_.covers(attempt) ? retries_ : forever;
    if (limit == forever) return unlimited;
    // Rounds with progress use the budget up only if all rounds count.
    if (attempt.progress && (limit == 0 || counts_ != Counts::all)) return unlimited;
    return static_cast<std::uint64_t>(limit) - counted(attempt);
  }

 private:
  /// The negation of should_alloc_retry(), with the limit where small requests said yes.
  bool refuses(const AllocAttempt& attempt) const {
    if (!has(attempt.gfp, Gfp::direct_reclaim)) return true;
    if (has(attempt.gfp, Gfp::noretry)) return true;
    if (has(attempt.gfp, Gfp::nofail)) return false;
    if (attempt.order > costly_order_) return !costly_goes_on(attempt);
    return scope_.covers(attempt) && spent(attempt);
  }

  /// __GFP_REPEAT: as long as reclaim frees something, until it has freed as much as was asked for.
  static bool costly_goes_on(const AllocAttempt& attempt) {
    return has(attempt.gfp, Gfp::retry_mayfail) && attempt.progress &&
           attempt.reclaimed < (Pages{1} << attempt.order);
  }

  bool spent(const AllocAttempt& attempt) const {
    if (retries_ == forever) return false;
    if (retries_ == 0) return !attempt.progress;
    return counted(attempt) >= static_cast<std::uint64_t>(retries_);
  }

  /// Rounds that count among those that have gone by. This one has not: whether it runs the OOM
  /// path is what is being decided.
  std::uint64_t counted(const AllocAttempt& attempt) const {
    const std::uint64_t rounds = attempt.rounds;
    const std::uint64_t idle = attempt.no_progress_rounds;
    switch (counts_) {
      case Counts::oom_only: return attempt.oom_rounds;
      case Counts::no_progress: return attempt.progress || idle == 0 ? idle : idle - 1;
      case Counts::all: return rounds == 0 ? 0 : rounds - 1;
    }
    return 0;
  }

  /// The sysctl had a minimum of 1 and ignored any write below; it had no other settings.
  void reject_what_was_not_posted(Params& params) const {
    const bool posted = params.boolean(
        "posted", false,
        "accept only what the sysctl of March 2015 accepted: retries from 1 on, for all requests");
    if (!posted) return;
    if (params.has("retries") && retries_ < 1) {
      params.reject("retries", "the posted sysctl has a minimum of 1 and ignores a smaller value");
    }
    if (counts_ != Counts::oom_only) {
      params.reject("counts", "the posted patch counts only rounds that ran the OOM path");
    }
    if (params.has("scope")) params.reject("scope", "the posted sysctl holds for all requests");
  }

  const std::int64_t retries_;
  const Counts counts_;
  const unsigned costly_order_;
  const RetryScope scope_;
};

}  // namespace

std::unique_ptr<AllocPolicy> make_bounded_retry(Params& params) {
  return std::make_unique<BoundedRetry>(params);
}

}  // namespace brink
