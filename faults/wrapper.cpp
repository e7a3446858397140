// The filters of failslab and fail_page_alloc, in the kernel's order. What is asked with
// __GFP_NOFAIL never fails: its caller could not cope.

#include "faults/wrapper.hpp"

#include <string_view>

#include "brink/params.hpp"
#include "brink/pattern.hpp"

namespace brink {

bool read_ignore_gfp_wait(Params& params) {
  return params.boolean("ignore_gfp_wait", true,
                        "leave requests alone that may sleep; by default these never fail");
}

SlabFilter::SlabFilter(Params& params, bool ignore_wait)
    : ignore_gfp_wait(ignore_wait),
      caches(params.texts("cache_filter",
                          "only objects of these slab caches; * and ? as in a shell")) {}

bool SlabFilter::skips(const AllocHook& hook) const {
  // The cache of caches: without it nothing could start.
  if (std::string_view(hook.cache) == "kmem_cache") return true;
  if (has(hook.gfp, Gfp::nofail)) return true;
  if (ignore_gfp_wait && has(hook.gfp, Gfp::direct_reclaim)) return true;
  return !caches.empty() && !matches_any(caches, hook.cache);
}

PageFilter::PageFilter(Params& params, bool ignore_wait)
    : ignore_gfp_wait(ignore_wait),
      ignore_gfp_highmem(params.boolean(
          "ignore_gfp_highmem", true,
          "leave requests alone that may use high memory (user pages); by default these never "
          "fail")),
      min_order(static_cast<unsigned>(
          params.integer("min_order", 1, {0, 64},
                         "leave smaller requests alone; by default single pages never fail"))) {}

bool PageFilter::skips(const AllocHook& hook) const {
  if (hook.order < min_order) return true;
  if (has(hook.gfp, Gfp::nofail)) return true;
  if (ignore_gfp_highmem && has(hook.gfp, Gfp::highmem)) return true;
  return ignore_gfp_wait && has(hook.gfp, Gfp::direct_reclaim);
}

std::string PageFilter::skips_all() const {
  if (min_order <= max_order) return {};
  return "its min_order is " + std::to_string(min_order) +
         ", but no request is larger than order " + std::to_string(max_order);
}

}  // namespace brink
