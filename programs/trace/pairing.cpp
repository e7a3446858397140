// TracePairing allocations with frees.

#include "programs/trace/pairing.hpp"

#include <algorithm>
#include <iterator>

namespace brink {

std::uint32_t TracePairing::add(const Block& block) {
  blocks_.push_back(block);
  return allocations() - 1;
}

std::uint32_t TracePairing::object(std::uint64_t pointer, std::vector<std::uint32_t>& lost) {
  const std::uint32_t allocation = add({});
  if (pointer == 0) return allocation;
  const auto [at, fresh] = objects_.try_emplace(pointer, allocation);
  if (!fresh) {
    lost.push_back(at->second);
    at->second = allocation;
  }
  return allocation;
}

std::uint32_t TracePairing::pages(std::uint64_t pfn, unsigned order,
                                  std::vector<std::uint32_t>& lost) {
  const std::uint32_t size = 1u << order;
  const std::uint32_t allocation = add({pfn, size, size});
  if (pfn == 0) return allocation;
  for (auto run = first_run_at(pfn); run != runs_.end() && run->first < pfn + size;
       run = first_run_at(pfn)) {
    lost.push_back(run->second.allocation);
    forget(run->second.allocation);
  }
  runs_[pfn] = {pfn + size, allocation};
  return allocation;
}

/// The first run that reaches beyond `pfn`.
TracePairing::Runs::iterator TracePairing::first_run_at(std::uint64_t pfn) {
  const auto after = runs_.upper_bound(pfn);
  if (after == runs_.begin()) return after;
  const auto before = std::prev(after);
  return before->second.end > pfn ? before : after;
}

/// Takes all that is left of a block out of the index.
void TracePairing::forget(std::uint32_t allocation) {
  const Block& block = blocks_[allocation];
  for (auto run = first_run_at(block.pfn);
       run != runs_.end() && run->first < block.pfn + block.pages;) {
    run = run->second.allocation == allocation ? runs_.erase(run) : std::next(run);
  }
}

TracePairing::Found TracePairing::free_object(std::uint64_t pointer) {
  const auto at = objects_.find(pointer);
  if (at == objects_.end()) return {};
  const std::uint32_t allocation = at->second;
  objects_.erase(at);
  return {true, {allocation}};
}

TracePairing::Found TracePairing::free_pages(std::uint64_t pfn, unsigned order) {
  Found found;
  const std::uint64_t end = pfn + (std::uint64_t{1} << order);
  for (auto at = first_run_at(pfn); at != runs_.end() && at->first < end; at = first_run_at(pfn)) {
    const std::uint64_t first = at->first;
    const Run run = at->second;
    runs_.erase(at);
    // What sticks out on either side stays.
    if (first < pfn) runs_[first] = {pfn, run.allocation};
    if (run.end > end) runs_[end] = {run.end, run.allocation};
    found.any = true;
    std::uint32_t& left = blocks_[run.allocation].left;
    left -= static_cast<std::uint32_t>(std::min(run.end, end) - std::max(first, pfn));
    if (left == 0) found.freed.push_back(run.allocation);
  }
  return found;
}

}  // namespace brink
