// Sites: the allocation calls of the modelled kernel, by stable name (design §5). What a site asks
// for and what its caller does when it gets nothing differ by kernel era and live in policies/eras.
#pragma once

#include <cstdint>
#include <span>

#include "brink/gfp.hpp"

namespace brink {

/// Index of a site in its machine's table. The built-in ones are named in site_list.hpp; programs
/// and users may add more to a machine (SiteTable).
enum class Site : std::uint16_t {};

/// What the caller of an allocation does when it fails.
enum class OnFailure : std::uint8_t {
  propagate,  ///< undoes its work and returns the error
  loop,       ///< asks again for ever, outside of the allocator
  nofail,     ///< passes __GFP_NOFAIL: the allocator does not fail
  skip,       ///< does without
  later,      ///< a worker or timer tries again
  fs_error,   ///< the file system records an error: journal abort, read-only
  shutdown,   ///< the file system shuts down
};

const char* name(OnFailure reaction);

/// True where a retry policy decides nothing, because the caller never takes no for an answer.
constexpr bool never_refused(OnFailure reaction) {
  return reaction == OnFailure::loop || reaction == OnFailure::nofail;
}

/// What does not change from era to era.
struct SiteInfo {
  const char* name;    ///< `fs.object.role`: never renamed, never reused
  const char* rows;    ///< where the reference tables describe it, as "JB5"
  const char* object;  ///< what is allocated
  const char* cache;   ///< slab cache, "kmalloc-N", or "page"
};

/// What an era makes of a site.
struct SiteRule {
  Gfp gfp = GFP_KERNEL;
  OnFailure on_failure = OnFailure::propagate;
  const char* function = "";  ///< the Linux function that calls the allocator
};

}  // namespace brink
