// The filters that Linux's injectors have of their own, asked before the attributes that they
// share: should_failslab() of mm/failslab.c and should_fail_alloc_page() of mm/page_alloc.c,
// Linux 6.1.
#pragma once

#include <string>
#include <vector>

#include "brink/hook.hpp"

namespace brink {

/// Both injectors have this key; where one fault has both filters it is read once.
bool read_ignore_gfp_wait(Params& params);

/// failslab's filters.
struct SlabFilter {
  bool ignore_gfp_wait = true;      ///< skip requests that may sleep
  std::vector<std::string> caches;  ///< names, as patterns; empty: all

  SlabFilter(Params& params, bool ignore_wait);
  bool skips(const AllocHook& hook) const;
};

/// fail_page_alloc's filters.
struct PageFilter {
  bool ignore_gfp_wait = true;     ///< skip requests that may sleep
  bool ignore_gfp_highmem = true;  ///< skip requests that may use high memory: user pages
  unsigned min_order = 1;          ///< skip smaller requests

  PageFilter(Params& params, bool ignore_wait);
  bool skips(const AllocHook& hook) const;
  /// Why it lets nothing through, whatever is asked; else empty.
  std::string skips_all() const;
};

}  // namespace brink
