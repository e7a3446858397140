// bounded_retry: whether a request that found no page in this round goes round again, as Linux 4.0
// decides it (should_alloc_retry() in mm/page_alloc.c), with the limit on retries that Michal Hocko
// posted in March 2015 (vm.retry_allocation_attempts).
//
// Left out: the test for suspended storage. Who may not sleep, frees memory itself or is an OOM
// victim leaves the slow path before this question, so nothing is decided for them here.

#include "brink/params.hpp"
#include "policies/builtin.hpp"
#include "policies/retry_limit.hpp"

namespace brink {
namespace {

/// wait_iff_congested(zone, BLK_RW_ASYNC, HZ/50).
constexpr Nanos congestion_wait = 20 * ms;

class BoundedRetry final : public AllocPolicy {
 public:
  explicit BoundedRetry(Params& params)
      : limit_(params, RetryLimit::NoFs::enters_oom),
        costly_order_(static_cast<unsigned>(params.integer(
            "costly_order", costly_order, {0, max_order},
            "the largest order that counts as small; larger requests are failed after a round, "
            "whatever `retries` says"))) {
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
    return limit_.rounds_left(attempt);
  }

 private:
  /// The negation of should_alloc_retry(), with the limit where small requests said yes.
  bool refuses(const AllocAttempt& attempt) const {
    if (!has(attempt.gfp, Gfp::direct_reclaim)) return true;
    if (has(attempt.gfp, Gfp::noretry)) return true;
    if (has(attempt.gfp, Gfp::nofail)) return false;
    if (attempt.order > costly_order_) return !costly_goes_on(attempt);
    return limit_.spent(attempt);
  }

  /// __GFP_REPEAT: as long as reclaim frees something, until it has freed as much as was asked for.
  static bool costly_goes_on(const AllocAttempt& attempt) {
    return has(attempt.gfp, Gfp::retry_mayfail) && attempt.progress &&
           attempt.reclaimed < (Pages{1} << attempt.order);
  }

  /// The sysctl had a minimum of 1 and ignored any write below; it had no other settings.
  void reject_what_was_not_posted(Params& params) const {
    const bool posted = params.boolean(
        "posted", false,
        "accept only what the sysctl of March 2015 accepted: retries from 1 on, for all requests");
    if (!posted) return;
    if (params.has("retries") && limit_.retries() < 1) {
      params.reject("retries", "the posted sysctl has a minimum of 1 and ignores a smaller value");
    }
    if (limit_.counts() != RetryLimit::Counts::oom_only) {
      params.reject("counts", "the posted patch counts only rounds that ran the OOM path");
    }
    if (params.has("scope")) params.reject("scope", "the posted sysctl holds for all requests");
  }

  const RetryLimit limit_;
  const unsigned costly_order_;
};

}  // namespace

std::unique_ptr<AllocPolicy> make_bounded_retry(Params& params) {
  return std::make_unique<BoundedRetry>(params);
}

}  // namespace brink
