// Which requests a limit on retries holds for: by order, by what their masks allow, by site.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/policy.hpp"

namespace brink {

/// Read from the table `scope`. Without any key it covers every request; each key narrows it.
class RetryScope {
 public:
  explicit RetryScope(Params& params);

  bool covers(const AllocAttempt& attempt) const {
    if ((orders_ >> attempt.order & 1) == 0) return false;
    if ((classes_ >> static_cast<unsigned>(gfp_class(attempt.gfp)) & 1) == 0) return false;
    if (every_site_) return true;
    const auto site = static_cast<std::size_t>(attempt.site);
    return site < sites_.size() && sites_[site];
  }

 private:
  std::uint32_t orders_ = ~0u;   ///< bit n: order n
  std::uint32_t classes_ = ~0u;  ///< bit n: the GfpClass n
  bool every_site_ = true;
  std::vector<bool> sites_;  ///< by number; built-in sites only
};

}  // namespace brink
