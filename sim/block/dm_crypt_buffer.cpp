// The pages that a write is encrypted into (crypt_alloc_buffer() of drivers/md/dm-crypt.c, Linux
// 2.6.31 to 4.0): where two writers can each hold half of the pool.

#include <algorithm>
#include <optional>

#include "brink/site_list.hpp"
#include "sim/block/dm_crypt_io.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::uint32_t min_bio_pages = 8;  // MIN_BIO_PAGES

}  // namespace

/// A clone with pages for up to so many blocks; fewer only where the rule splits.
Bio* DmCrypt::alloc_buffer(Io& io, std::uint32_t from, std::uint32_t blocks, bool& out_of_pages) {
  const Gfp gfp = memory().rule(site::dm_crypt_page).gfp;
  if (memory().rules().dm_crypt_buffer != Rules::DmCryptBuffer::serialised) {
    return fill_buffer(io, from, blocks, gfp, out_of_pages);
  }
  Bio* clone = fill_buffer(io, from, blocks, gfp & ~Gfp::direct_reclaim & ~Gfp::io, out_of_pages);
  if (clone != nullptr) return clone;
  const MutexGuard guard(bio_alloc_lock_);
  return fill_buffer(io, from, blocks, gfp, out_of_pages);
}

/// Null if a page could not be had without waiting, and the rule takes all or nothing.
Bio* DmCrypt::fill_buffer(Io& io, std::uint32_t from, std::uint32_t blocks, Gfp gfp,
                          bool& out_of_pages) {
  const bool splits = memory().rules().dm_crypt_buffer == Rules::DmCryptBuffer::split;
  Bio& clone = clones_.alloc(site::dm_crypt_bio);
  Buffer& buffer = buffers_.make(*this, io);
  clone.argument = reinterpret_cast<std::uintptr_t>(&buffer);
  while (buffer.pages.size() < blocks) {
    const MempoolElement page = pages_.alloc(site::dm_crypt_page, gfp);
    if (!page) {
      memory().failures().settle_last(Fate::fallback);
      if (!splits) {
        free_buffer(clone);
        clone.set->free(clone);
        return nullptr;
      }
      out_of_pages = true;
      break;
    }
    buffer.pages.push_back(page);
    // What is left of the bio can follow in another.
    if (splits && buffer.pages.size() == min_bio_pages) {
      gfp = (gfp | Gfp::nowarn) & ~Gfp::direct_reclaim;
    }
  }
  return &clone_of(io, clone, from, static_cast<std::uint32_t>(buffer.pages.size()));
}

/// crypt_free_buffer_pages().
void DmCrypt::free_buffer(Bio& clone) {
  Buffer& buffer = *reinterpret_cast<Buffer*>(static_cast<std::uintptr_t>(clone.argument));
  for (MempoolElement& page : buffer.pages) pages_.free(page);
  std::erase(buffer.io.buffers, &buffer);
  buffers_.destroy(buffer);
}

}  // namespace brink
