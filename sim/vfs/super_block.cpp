// The superblock shrinker (fs/super.c, prune_dcache_sb() and prune_icache_sb(), Linux 4.0). Left
// out: that 2.6.3x has one shrinker for all dentries and one for all inodes.

#include "sim/vfs/super_block.hpp"

#include <cerrno>

#include "sim/mm/memory.hpp"
#include "sim/vfs/dcache.hpp"
#include "sim/vfs/filemap.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

SuperBlock::SuperBlock(Vfs& vfs, Device& device, const std::string& type)
    : SuperBlock(vfs, &device, type) {}

SuperBlock::SuperBlock(Vfs& vfs, const std::string& type) : SuperBlock(vfs, nullptr, type) {}

SuperBlock::SuperBlock(Vfs& vfs, Device* device, const std::string& type)
    : vfs_(vfs),
      device_(device),
      dir_class_(vfs.locks().lock_class(type + ".dir.i_mutex")),
      file_class_(vfs.locks().lock_class(type + ".i_mutex")),
      inode_hash_(256, nullptr) {
  dir_class_.set_resolver(vfs);
  file_class_.set_resolver(vfs);
  vfs.memory().register_shrinker(*this);
}

SuperBlock::~SuperBlock() { vfs_.memory().unregister_shrinker(*this); }

int SuperBlock::find_page(Inode&, std::uint32_t, Pfn&) { return -ENOSYS; }

int SuperBlock::fault(File& file, std::uint32_t index, Pfn& page) {
  return filemap_fault(vfs_, file, index, page);
}

/// vfs_pressure_ratio(); 2.6.3x divides first, so that fewer than a hundred count for nothing.
std::uint64_t SuperBlock::count(Gfp) {
  const Memory& memory = vfs_.memory();
  const std::uint64_t pressure = memory.config().vfs_cache_pressure;
  const std::uint64_t dentries = dentry_lru_.size();
  const std::uint64_t inodes = inode_lru_.size();
  if (memory.rules().shrinker_share == Rules::ShrinkerShare::all_zones) {
    return dentries / 100 * pressure + inodes / 100 * pressure;
  }
  return (dentries + inodes) * pressure / 100;
}

std::uint64_t SuperBlock::scan(Gfp gfp, std::uint64_t nr) {
  // The caller may hold locks of this file system, which evicting an inode may need.
  if (!has(gfp, Gfp::fs)) return stop;
  Frame frame(vfs_.core().current(), "super_cache_scan");
  const std::uint64_t dentries = dentry_lru_.size();
  const std::uint64_t inodes = inode_lru_.size();
  const std::uint64_t total = dentries + inodes + 1;
  const std::uint64_t freed = prune_dentries(nr * dentries / total + 1);
  return freed + prune_inodes(nr * inodes / total + 1);
}

/// Looks at `nr` unused dentries: those used since get another pass, those in use leave the list.
std::uint64_t SuperBlock::prune_dentries(std::uint64_t nr) {
  Core& core = vfs_.core();
  std::uint64_t freed = 0;
  for (std::uint64_t looked = 0; looked < nr && !dentry_lru_.empty(); ++looked) {
    core.charge(core.costs().slab_object);
    Dentry& dentry = dentry_lru_.front();
    if (dentry.count != 0) {
      vfs_.dcache().forget_unused(dentry);
    } else if (dentry.referenced) {
      dentry.referenced = false;
      dentry_lru_.splice(dentry_lru_.end(), dentry_lru_, dentry_lru_.begin());
    } else {
      vfs_.dcache().kill(dentry);
      ++freed;
    }
  }
  return freed;
}

std::uint64_t SuperBlock::prune_inodes(std::uint64_t nr) {
  Core& core = vfs_.core();
  std::uint64_t freed = 0;
  for (std::uint64_t looked = 0; looked < nr && !inode_lru_.empty(); ++looked) {
    core.charge(core.costs().slab_object);
    Inode& inode = inode_lru_.front();
    if (inode.count != 0 || inode.has(I_DIRTY | I_SYNC | I_FREEING | I_NEW)) {
      remove_from_lru(inode);
    } else if (inode.has(I_REFERENCED) || inode.i_mutex.locked()) {
      inode.state &= ~static_cast<std::uint32_t>(I_REFERENCED);
      inode_lru_.splice(inode_lru_.end(), inode_lru_, inode_lru_.begin());
    } else if (inode.has_pages()) {
      // Its pages first; if all could go it is the next one to be looked at.
      if (drop_pages(inode))
        inode_lru_.splice(inode_lru_.begin(), inode_lru_, inode_lru_.iterator_to(inode));
    } else {
      inode.state |= I_FREEING;
      inode.freeing_task = &core.current();
      inode.freeing_since = core.now();
      remove_from_lru(inode);
      evict(inode);
      ++freed;
    }
  }
  return freed;
}

/// invalidate_mapping_pages(): drops the clean, idle pages of an unused inode. True if none is left
/// and the inode is still unused.
bool SuperBlock::drop_pages(Inode& inode) {
  iget(inode);
  remove_from_lru(inode);
  PageCache& cache = vfs_.memory().cache();
  FileMapping& mapping = *inode.mapping();
  for (Pfn page = mapping.next(0); page != no_page;) {
    const Page& meta = vfs_.memory().page(page);
    const std::uint32_t index = meta.index;
    if (!meta.has_any(PG_dirty | PG_writeback | PG_mapped) && meta.pins == 0 &&
        cache.trylock_page(page)) {
      const bool released =
          !meta.has(PG_private) || mapping.ops().release_page(mapping, page, GFP_KERNEL);
      cache.unlock_page(page);
      const bool idle = meta.pins == 0 && !meta.has_any(PG_dirty | PG_writeback | PG_locked);
      if (released && idle) cache.remove_mapping(page);
    }
    page = mapping.next(index + 1);
  }
  const bool empty = mapping.pages() == 0;
  --inode.count;
  add_to_lru(inode);
  return empty && inode.on_lru;
}

}  // namespace brink
