// Runs are kept sorted and merged. Memory for one is taken before anything is changed, and what was
// true before is looked at again.

#include "sim/fs/ext4/extent_status.hpp"

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"

namespace brink {
namespace {

bool same_sort(const ExtentStatus& run, const ExtentStatus& next) {
  if (run.kind != next.kind || run.end() != next.block) return false;
  return run.kind != ExtentStatus::Kind::written || run.start + run.length == next.start;
}

}  // namespace

std::size_t ExtentStatusTree::first_ending_after(std::uint32_t block) const {
  const auto at = std::partition_point(
      runs_.begin(), runs_.end(), [block](const ExtentStatus& run) { return run.end() <= block; });
  return static_cast<std::size_t>(at - runs_.begin());
}

const ExtentStatus* ExtentStatusTree::find(std::uint32_t block) const {
  const std::size_t at = first_ending_after(block);
  return at < runs_.size() && runs_[at].block <= block ? &runs_[at] : nullptr;
}

std::uint32_t ExtentStatusTree::unknown_until(std::uint32_t block) const {
  const std::size_t at = first_ending_after(block);
  return at < runs_.size() ? std::max(block, runs_[at].block) : ~std::uint32_t{0};
}

// --- Changing.

SlabObject ExtentStatusTree::alloc(bool insist) {
  Memory& memory = shrinker_.memory_;
  if (insist) return memory.alloc_object_insisting(shrinker_.cache_, site::ext4_truncate_status);
  SlabObject object = memory.alloc_object(shrinker_.cache_, site::ext4_extent_status);
  if (!object && shrinker_.forget(128) != 0) {
    memory.failures().settle_last(Fate::retried);
    object = memory.alloc_object(shrinker_.cache_, site::ext4_extent_status);
  }
  return object;
}

void ExtentStatusTree::erase(std::size_t at) {
  if (runs_[at].kind != ExtentStatus::Kind::delayed) --shrinker_.forgettable_;
  if (runs_[at].memory) shrinker_.memory_.free_object(runs_[at].memory);
  runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(at));
  if (runs_.empty()) shrinker_.trees_.erase(shrinker_.trees_.iterator_to(*this));
}

bool ExtentStatusTree::must_split(std::uint32_t block, std::uint32_t end) const {
  const ExtentStatus* const run = find(block);
  return run != nullptr && run->block < block && run->end() > end;
}

/// Forgets [block, end). A run that sticks out on both sides takes the spare object for its end.
void ExtentStatusTree::carve(std::uint32_t block, std::uint32_t end, SlabObject& spare) {
  for (std::size_t at = first_ending_after(block); at < runs_.size() && runs_[at].block < end;) {
    ExtentStatus& run = runs_[at];
    const bool before = run.block < block;
    const bool after = run.end() > end;
    if (before && after) {
      ExtentStatus rest = run;
      rest.block = end;
      rest.length = run.end() - end;
      rest.start = run.start + (end - run.block);
      rest.memory = spare;
      spare = {};
      run.length = block - run.block;
      if (rest.kind != ExtentStatus::Kind::delayed) ++shrinker_.forgettable_;
      runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(at) + 1, rest);
      return;
    }
    if (before) {
      run.length = block - run.block;
      ++at;
    } else if (after) {
      run.start += end - run.block;
      run.length = run.end() - end;
      run.block = end;
      return;
    } else {
      erase(at);
    }
  }
}

bool ExtentStatusTree::merges(const ExtentStatus& run) const {
  const std::size_t at = first_ending_after(run.block);
  if (at > 0 && same_sort(runs_[at - 1], run)) return true;
  return at < runs_.size() && same_sort(run, runs_[at]);
}

void ExtentStatusTree::merge_around(std::size_t at) {
  for (std::size_t i = at + 1; i-- > (at > 0 ? at - 1 : 0);) {
    if (i + 1 >= runs_.size() || !same_sort(runs_[i], runs_[i + 1])) continue;
    runs_[i].length += runs_[i + 1].length;
    if (!runs_[i].memory) std::swap(runs_[i].memory, runs_[i + 1].memory);
    erase(i + 1);
  }
}

/// Puts the run where nothing is known; without memory of its own it must merge.
void ExtentStatusTree::place(const ExtentStatus& run) {
  const std::size_t at = first_ending_after(run.block);
  if (runs_.empty()) shrinker_.trees_.push_back(*this);
  if (run.kind != ExtentStatus::Kind::delayed) ++shrinker_.forgettable_;
  runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(at), run);
  merge_around(at);
}

int ExtentStatusTree::insert(ExtentStatus run) {
  SlabObject spare;
  if (must_split(run.block, run.end())) {
    spare = alloc(false);
    if (!spare) return -ENOMEM;
  }
  if (!merges(run)) run.memory = alloc(false);
  // Others may have come in between.
  const bool split = must_split(run.block, run.end());
  if (split && !spare) {
    if (run.memory) shrinker_.memory_.free_object(run.memory);
    return insert(run);
  }
  carve(run.block, run.end(), spare);
  if (spare) shrinker_.memory_.free_object(spare);
  if (run.memory || merges(run)) {
    place(run);
    return 0;
  }
  if (run.kind == ExtentStatus::Kind::delayed) return -ENOMEM;
  shrinker_.memory_.failures().settle_last(Fate::degraded);
  return 0;
}

int ExtentStatusTree::remove(std::uint32_t block, std::uint32_t end, bool insist) {
  SlabObject spare;
  while (must_split(block, end) && !spare) {
    spare = alloc(insist);
    if (!spare) return -ENOMEM;
  }
  carve(block, end, spare);
  if (spare) shrinker_.memory_.free_object(spare);
  return 0;
}

void ExtentStatusTree::clear() {
  while (!runs_.empty()) erase(runs_.size() - 1);
}

std::uint64_t ExtentStatusTree::forget(std::uint64_t nr) {
  std::uint64_t freed = 0;
  for (std::size_t at = runs_.size(); at-- > 0 && freed < nr;) {
    if (runs_[at].kind == ExtentStatus::Kind::delayed) continue;
    erase(at);
    ++freed;
  }
  return freed;
}

// --- The shrinker.

ExtentStatusShrinker::ExtentStatusShrinker(Memory& memory)
    : memory_(memory),
      cache_(
          memory.slab_cache("ext4_extent_status")) {
  memory.register_shrinker(*this);
}

ExtentStatusShrinker::~ExtentStatusShrinker() { memory_.unregister_shrinker(*this); }

std::uint64_t ExtentStatusShrinker::forget(std::uint64_t nr) {
  std::uint64_t freed = 0;
  for (auto at = trees_.begin(); at != trees_.end() && freed < nr;) {
    ExtentStatusTree& tree = *at++;
    freed += tree.forget(nr - freed);
  }
  return freed;
}

}  // namespace brink
