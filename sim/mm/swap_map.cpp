// Swap slots (mm/swapfile.c: scan_swap_map, Linux 4.0, the way of devices that seek): 256 in a row
// from an empty stretch, then another stretch, counted from the lowest.

#include <algorithm>
#include <bit>

#include "brink/assert.hpp"
#include "sim/mm/swap.hpp"

namespace brink {

SwapMap::SwapMap(std::uint64_t bytes) {
  const std::uint64_t pages = bytes / page_size;
  if (pages < 2) return;
  BRINK_ASSERT(pages <= max_pages);
  end_ = static_cast<SwapSlot>(pages);
  total_ = free_ = pages - 1;
}

inline bool SwapMap::is_free(SwapSlot slot) const {
  const std::size_t word = slot / 64;
  return word >= used_.size() || (used_[word] >> (slot % 64) & 1) == 0;
}

bool SwapMap::in_use(SwapSlot slot) const { return slot > 0 && slot < end_ && !is_free(slot); }

/// The first free slot in [from, end); `end` if there is none.
SwapSlot SwapMap::next_free(SwapSlot from, SwapSlot end) const {
  for (SwapSlot slot = from; slot < end;) {
    const std::size_t word = slot / 64;
    if (word >= used_.size()) return slot;
    const std::uint64_t free_bits = ~used_[word] >> (slot % 64);
    if (free_bits != 0) {
      return std::min(end, slot + static_cast<SwapSlot>(std::countr_zero(free_bits)));
    }
    slot = static_cast<SwapSlot>((word + 1) * 64);
  }
  return end;
}

/// The first stretch of 256 free slots, aligned or not; no_slot if there is none. What was searched
/// before and has not changed is not searched again.
SwapSlot SwapMap::empty_cluster() {
  SwapSlot begin = next_free(std::max(lowest_, searched_), end_);
  SwapSlot slot = begin;
  while (begin + cluster <= end_) {
    if (slot == begin + cluster) {
      searched_ = begin;
      return begin;
    }
    // Whole words at a time where they are empty.
    const std::size_t word = slot / 64;
    const std::uint64_t bits = word < used_.size() ? used_[word] >> (slot % 64) : 0;
    const auto run = static_cast<SwapSlot>(
        bits == 0 ? 64 - slot % 64 : static_cast<unsigned>(std::countr_zero(bits)));
    slot = std::min(begin + cluster, slot + run);
    if (slot != begin + cluster && !is_free(slot)) slot = begin = next_free(slot, end_);
  }
  searched_ = begin;
  return no_slot;
}

SwapSlot SwapMap::alloc() {
  if (free_ == 0) return no_slot;
  SwapSlot slot = next_;
  if (cluster_left_ == 0) {
    cluster_left_ = cluster;
    if (free_ >= cluster) {
      slot = empty_cluster();
      if (slot == no_slot) slot = lowest_;
    }
  }
  --cluster_left_;
  if (slot >= end_ || !is_free(slot)) slot = next_free(slot, end_);
  if (slot == end_) slot = next_free(lowest_, end_);
  BRINK_ASSERT(slot < end_);
  occupy(slot);
  next_ = slot + 1;
  return slot;
}

void SwapMap::occupy(SwapSlot slot) {
  if (slot / 64 >= used_.size()) used_.resize(slot / 64 + 1);
  used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  if (slot == lowest_) lowest_ = slot + 1;
  --free_;
  if (slot / cluster >= clusters_.size()) clusters_.resize(slot / cluster + 1);
  auto& slots_of = clusters_[slot / cluster];
  if (slots_of == nullptr) slots_of = std::make_unique<Slots>();
  slots_of->cached[slot % cluster] = true;
  slots_of->count[slot % cluster] = 0;
  slots_of->page[slot % cluster] = no_page;
}

void SwapMap::release(SwapSlot slot) {
  used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  lowest_ = std::min(lowest_, slot);
  // It may complete a stretch that begins up to 255 slots before it.
  searched_ = std::min(searched_, slot < cluster ? 1 : slot - cluster + 1);
  ++free_;
}

void SwapMap::get(SwapSlot slot) { ++slots(slot).count[slot % cluster]; }

bool SwapMap::put(SwapSlot slot) {
  Slots& of = slots(slot);
  BRINK_ASSERT(of.count[slot % cluster] != 0);
  if (--of.count[slot % cluster] != 0 || of.cached[slot % cluster]) return false;
  release(slot);
  return true;
}

bool SwapMap::drop_cache(SwapSlot slot) {
  Slots& of = slots(slot);
  of.cached[slot % cluster] = false;
  of.page[slot % cluster] = no_page;
  if (of.count[slot % cluster] != 0) return false;
  release(slot);
  return true;
}

}  // namespace brink
