// linux_2_6: whether a request that found no page in this round goes round again, as Linux 2.6.30
// to 2.6.32 decide it (mm/page_alloc.c: __alloc_pages_internal in 2.6.30, __alloc_pages_slowpath
// and should_alloc_retry later), with a limit on retries that they did not have. Without progress,
// a request that may call into the file system enters the OOM path and starts afresh, whatever its
// order; any other waits for 20 ms and reclaims again, and never kills.
//
// Left out: the OOM killer being disabled. Who may not sleep, frees memory itself or is an OOM
// victim leaves the slow path before this question, so nothing is decided for them here.

#include "brink/params.hpp"
#include "policies/builtin.hpp"
#include "policies/retry_limit.hpp"

namespace brink {
namespace {

/// congestion_wait(…, HZ/50): a real sleep.
constexpr Action wait_and_retry{Action::Kind::retry, Pause::congestion_sleep, 20 * ms};
/// goto restart, without another wait.
constexpr Action enter_oom{Action::Kind::oom, Pause::none, 0};
constexpr Action give_up{Action::Kind::fail, Pause::none, 0};

class Linux26 final : public AllocPolicy {
 public:
  explicit Linux26(Params& params)
      : limit_(params, RetryLimit::NoFs::stays_out),
        costly_nofail_(params.boolean(
            "costly_nofail", true,
            "__GFP_NOFAIL keeps a request above order 3 from failing when the OOM path does not "
            "help it: not in 2.6.30")) {}

  Action decide(const AllocAttempt& attempt) const override {
    if (refuses(attempt)) return give_up;
    return enters_oom(attempt) ? enter_oom : wait_and_retry;
  }

  /// The OOM path of the coming rounds is taken to report progress, as it does for all that it is
  /// entered for but costly requests.
  std::uint64_t rounds_left(const AllocAttempt& attempt) const override {
    if (refuses(attempt)) return 0;
    if (attempt.order <= costly_order) {
      return has(attempt.gfp, Gfp::nofail) ? unlimited : limit_.rounds_left(attempt);
    }
    if (enters_oom(attempt)) return oom_helps(attempt) ? unlimited : 0;
    if (has(attempt.gfp, Gfp::nofail) || !attempt.progress) return unlimited;
    // The least that progress can be is a page a round.
    return (Pages{1} << attempt.order) - attempt.reclaimed;
  }

 private:
  bool refuses(const AllocAttempt& attempt) const {
    if (!has(attempt.gfp, Gfp::direct_reclaim)) return true;
    if (has(attempt.gfp, Gfp::noretry)) return true;
    if (has(attempt.gfp, Gfp::nofail)) return false;
    if (attempt.order <= costly_order) return limit_.spent(attempt);
    return !enters_oom(attempt) && !should_retry_costly(attempt);
  }

  static bool enters_oom(const AllocAttempt& attempt) {
    return !attempt.progress && has(attempt.gfp, Gfp::fs);
  }

  /// Above order 3 nobody is killed, and the request ends there, unless another killer has said
  /// otherwise already.
  bool oom_helps(const AllocAttempt& attempt) const {
    if (attempt.oom != OomResult::none && attempt.oom != OomResult::refused) return true;
    return has(attempt.gfp, Gfp::nofail) && costly_nofail_;
  }

  /// __GFP_REPEAT: until reclaim has freed as much as was asked for, however long that takes.
  static bool should_retry_costly(const AllocAttempt& attempt) {
    return has(attempt.gfp, Gfp::retry_mayfail) && attempt.reclaimed < (Pages{1} << attempt.order);
  }

  const RetryLimit limit_;
  const bool costly_nofail_;
};

}  // namespace

std::unique_ptr<AllocPolicy> make_linux_2_6_alloc(Params& params) {
  return std::make_unique<Linux26>(params);
}

}  // namespace brink
