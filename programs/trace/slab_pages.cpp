// Telling a slab's pages from others by mask and by what follows.

#include "programs/trace/slab_pages.hpp"

#include "brink/units.hpp"

namespace brink {
namespace {

constexpr Gfp reclaim_bits =
    Gfp::direct_reclaim | Gfp::kswapd_reclaim | Gfp::io | Gfp::fs | Gfp::high;
/// What a slab never asks for: new_slab() takes these off its caller's mask, or they are for
/// others.
constexpr Gfp never_a_slabs =
    Gfp::movable | Gfp::highmem | Gfp::write | Gfp::zero | Gfp::account | Gfp::nofail;

/// The marks of a slab's first attempt.
bool marked(Gfp gfp) {
  if (!has(gfp, Gfp::noretry) || has_any(gfp, never_a_slabs)) return false;
  // In later kernels than 6.1 GFP_NOWAIT has __GFP_NOWARN inside, where no text shows it.
  if (has(gfp, Gfp::direct_reclaim) && !has(gfp, Gfp::nowarn)) return false;
  // GFP_KERNEL without direct reclaim alone is no slab's: it takes both reclaim bits off or none.
  // skb_page_frag_refill() makes that mask.
  const bool kswapd_only = has(gfp, Gfp::kswapd_reclaim) && !has(gfp, Gfp::direct_reclaim);
  return !(kswapd_only && has_any(gfp, Gfp::io | Gfp::fs));
}

}  // namespace

bool TraceSlabPages::pages(Gfp gfp, unsigned order, bool failed, std::uint32_t allocation) {
  last_ = Pages{gfp, order, allocation};
  if (attempt_failed_ && !failed) {
    // The smaller slab that it takes instead, or a coincidence that costs one page.
    attempt_failed_ = false;
    return true;
  }
  if (!marked(gfp)) return false;
  if (has(gfp, Gfp::comp)) {
    attempt_failed_ = failed;
    return true;
  }
  if (order == 0 && has(gfp, Gfp::nowarn)) candidates_.push_back(*last_);
  return false;
}

std::vector<std::uint32_t> TraceSlabPages::object(Gfp gfp, bool kmalloc,
                                                  std::uint32_t bytes_alloc) {
  std::vector<std::uint32_t> slabs;
  if (kmalloc && last_ && bytes_alloc == page_size << last_->order &&
      bytes_alloc >= 2 * page_size && last_->gfp == (gfp | Gfp::comp)) {
    slabs.push_back(last_->allocation);
  }
  for (const Pages& candidate : candidates_) {
    if ((candidate.gfp & reclaim_bits) == (gfp & reclaim_bits))
      slabs.push_back(candidate.allocation);
  }
  candidates_.clear();
  last_.reset();
  attempt_failed_ = false;
  return slabs;
}

void TraceSlabPages::boundary() {
  last_.reset();
  candidates_.clear();
  attempt_failed_ = false;
}

}  // namespace brink
