// The limit on retries that every allocation policy of ours has on top of what its kernel does: the
// keys `retries`, `counts` and `scope`.
//
//   retries =  0   the first round without progress fails
//   retries =  N   a request is failed once N rounds that count have gone by
//   retries = -1   never: the unwritten "too small to fail" rule
//
// It holds for small requests that may fail at all; whether one is such is its policy's business.
#pragma once

#include "policies/retry_scope.hpp"

namespace brink {

class RetryLimit {
 public:
  static constexpr std::int64_t forever = -1;
  enum class Counts : std::uint8_t { oom_only, no_progress, all };
  /// Whether requests without __GFP_FS enter the OOM path; where they do not, their rounds without
  /// progress stand for it.
  enum class NoFs : std::uint8_t { enters_oom, stays_out };

  RetryLimit(Params& params, NoFs no_fs);

  std::int64_t retries() const { return retries_; }
  Counts counts() const { return counts_; }

  /// Whether the request has used up what it is granted.
  bool spent(const AllocAttempt& attempt) const;
  /// Whether rounds like this one use it up: how many are left, or `unlimited`. Of a request that
  /// has something left, and whose every round without progress counts.
  std::uint64_t rounds_left(const AllocAttempt& attempt) const;
  /// How many rounds that count are left; `unlimited` if the limit does not hold for the request.
  std::uint64_t remaining(const AllocAttempt& attempt) const;

 private:
  bool holds_for(const AllocAttempt& attempt) const {
    return retries_ != forever && scope_.covers(attempt);
  }
  std::uint64_t counted(const AllocAttempt& attempt) const;

  const std::int64_t retries_;
  const Counts counts_;
  const RetryScope scope_;
  const NoFs no_fs_;
};

}  // namespace brink
