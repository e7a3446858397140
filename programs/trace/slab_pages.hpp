// Which page requests a slab allocator made. The trace shows these pages and the objects on them; a
// replay must ask for the objects alone, or it would take their memory twice.
//
// SLUB (2.6.27 … 6.18) gives itself away. It asks for a new slab with its caller's mask plus
// __GFP_NORETRY and __GFP_NOWARN (new_slab(), allocate_slab() of mm/slub.c), its pages are never
// movable, in high memory or for user space, and all but single pages of older kernels are
// __GFP_COMP. Only when that fails it asks for a smaller slab with the plain mask. Large kmallocs
// take their pages directly, with the caller's mask plus __GFP_COMP, just before the kmalloc event.
//
// Not recognised: the pages of CONFIG_SLAB, which carry no mark.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "brink/gfp.hpp"

namespace brink {

/// What one task's requests tell, in the order in which they were made.
class TraceSlabPages {
 public:
  /// A page request; `allocation` names it in later answers. True if a slab made it.
  bool pages(Gfp gfp, unsigned order, bool failed, std::uint32_t allocation);

  /// A request for an object. If it shows that earlier pages were the slab's, names them.
  std::vector<std::uint32_t> object(Gfp gfp, bool kmalloc, std::uint32_t bytes_alloc);

  /// Something else happened in the task: a free, a system call's beginning or end.
  void other() { last_.reset(); }
  /// A system call began or ended: what was open is settled.
  void boundary();

 private:
  struct Pages {
    Gfp gfp;
    unsigned order;
    std::uint32_t allocation;
  };

  std::optional<Pages> last_;      ///< the event before this one
  std::vector<Pages> candidates_;  ///< single pages that may be a slab's, until an object shows it
  bool attempt_failed_ = false;    ///< a slab did not get what it asked for first
};

}  // namespace brink
