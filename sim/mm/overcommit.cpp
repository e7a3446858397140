// How much memory may be promised.

#include "sim/mm/overcommit.hpp"

#include <algorithm>
#include <cerrno>

#include "brink/assert.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"

namespace brink {
namespace {

/// sysctl_admin_reserve_kbytes: 3 % of what is free at boot, at most 8 MiB.
Pages admin_reserve(const Memory& memory) {
  return std::min<Pages>(memory.zones().managed() / 32, 8 * MiB / page_size);
}

/// sysctl_user_reserve_kbytes: the same, at most 128 MiB.
Pages user_reserve(const Memory& memory) {
  return std::min<Pages>(memory.zones().managed() / 32, 128 * MiB / page_size);
}

}  // namespace

/// What is free or can be made free; pages of tmpfs can only be swapped.
bool Overcommit::obviously_too_much(Pages pages) const {
  Pages free = memory_.free_pages() + memory_.stat().of(PageKind::file) +
               memory_.swap().cached_pages() + memory_.swap().free() +
               memory_.slab().reclaimable_pages();
  const Pages reserve = memory_.zones().total_reserve();
  if (free <= reserve) return true;
  free -= reserve;
  return free <= pages + admin_reserve(memory_);
}

Pages Overcommit::limit() const {
  const Pages swap = memory_.swap().usable() ? memory_.swap().map().total() : 0;
  return memory_.zones().managed() * memory_.config().overcommit_ratio / 100 + swap;
}

bool Overcommit::enough(Pages pages, Pages total_vm) const {
  switch (memory_.config().overcommit) {
    case OvercommitMode::heuristic: return !obviously_too_much(pages);
    case OvercommitMode::always: return true;
    case OvercommitMode::strict: break;
  }
  const Pages reserved = admin_reserve(memory_) + std::min(total_vm / 32, user_reserve(memory_));
  const Pages allowed = limit() - std::min(limit(), reserved);
  return committed_ + pages < allowed;
}

int Overcommit::account(Pages pages, Pages total_vm) {
  if (!enough(pages, total_vm)) return -ENOMEM;
  committed_ += pages;
  return 0;
}

void Overcommit::unaccount(Pages pages) {
  BRINK_ASSERT(committed_ >= pages);
  committed_ -= pages;
}

}  // namespace brink
