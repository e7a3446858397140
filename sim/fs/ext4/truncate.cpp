// Cutting files, and the end of inodes (fs/ext4/inode.c and extents.c, Linux 4.0). Whoever drops
// the last reference to a file without a name pays for this, and is told of no error.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::uint32_t max_trans_data = 64;  // EXT4_MAX_TRANS_DATA

}  // namespace

/// setattr for O_TRUNC.
int Ext4::truncate(Inode& inode) {
  Frame frame(core_.current(), "ext4_setattr");
  Ext4Inode& ours = as_ext4(inode);
  int error = 0;
  if (inode.size != 0) {
    Handle* const handle = start_handle(3, error);
    if (handle != nullptr) {
      error = orphan_add(*handle, ours);
      ours.disk_size = 0;
      const int result = mark_inode_dirty(*handle, ours);
      if (error == 0) error = result;
      if (error == 0) inode.size = 0;
      static_cast<void>(stop_handle(handle));
    }
    if (error != 0) {
      std_error(error);
      return error;
    }
    if (inode.mapping() != nullptr) inode.mapping()->truncate(0);
  }
  truncate_blocks(ours);
  vfs().mark_inode_dirty(inode, I_DIRTY_SYNC);
  // Without a handle for the truncation it is still there.
  if (ours.on_orphan_list && inode.nlink != 0) static_cast<void>(orphan_del(nullptr, ours));
  return 0;
}

/// ext4_truncate(): frees what lies beyond the size.
void Ext4::truncate_blocks(Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_truncate");
  if (inode.size == 0) inode.alloc_on_close = true;
  int error = 0;
  Handle* const handle = start_handle(data_credits, error);
  if (handle == nullptr) return std_error(error);
  if (orphan_add(*handle, inode) == 0) {
    const WriteGuard guard(inode.i_data_sem);
    discard_preallocations(inode);
    ext_truncate(*handle, inode);
  }
  if (inode.nlink != 0) static_cast<void>(orphan_del(handle, inode));
  static_cast<void>(mark_inode_dirty(*handle, inode));
  static_cast<void>(stop_handle(handle));
}

void Ext4::ext_truncate(Handle& handle, Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_ext_truncate");
  inode.disk_size = inode.size;
  static_cast<void>(mark_inode_dirty(handle, inode));
  const auto from = static_cast<std::uint32_t>((inode.size + page_size - 1) >> page_shift);
  int error = inode.status.remove(from, ~std::uint32_t{0}, true);
  if (error == 0) error = remove_space(inode, from);
  std_error(error);
}

/// ext4_ext_remove_space().
int Ext4::remove_space(Ext4Inode& inode, std::uint32_t from) {
  Frame frame(core_.current(), "ext4_ext_remove_space");
  int error = 0;
  Handle* const handle = start_handle(2, error);
  if (handle == nullptr) return error;
  const auto depth = static_cast<std::uint32_t>(inode.raw->tree.empty() ? 0 : 1);
  const SlabObject path = memory_.kmalloc_insisting(48 * (depth + 1), site::ext4_truncate_path);
  if (!path) error = -ENOMEM;
  while (error == 0 && !inode.raw->extents.empty() && inode.raw->extents.back().end() > from) {
    error = remove_last_extent(*handle, inode, from);
  }
  if (error == 0 && inode.raw->extents.empty()) {
    while (!inode.raw->tree.empty() && error == 0) {
      error = ensure_credits(*handle, inode, 8);
      if (error != 0) break;
      free_blocks(*handle, inode.raw->tree.back(), 1, true);
      inode.raw->tree.pop_back();
    }
    if (error == 0) error = mark_inode_dirty(*handle, inode);
  }
  if (path) memory_.free_object(path);
  static_cast<void>(stop_handle(handle));
  return error;
}

/// ext4_ext_rm_leaf(), for the last extent of the tree.
int Ext4::remove_last_extent(Handle& handle, Ext4Inode& inode, std::uint32_t from) {
  int error = ensure_credits(handle, inode, 12);
  if (error != 0) return error;
  const BufferRef leaf(buffers_,
                       inode.raw->tree.empty() ? nullptr : bread(inode.raw->tree.back(), error));
  if (error == 0 && leaf) error = get_write_access(handle, *leaf);
  if (error != 0) return error;
  Extent& last = inode.raw->extents.back();
  const std::uint32_t kept = last.block < from ? from - last.block : 0;
  const BlockNumber start = last.start + kept;
  const std::uint32_t length = last.length - kept;
  free_blocks(handle, start, length, inode.directory);
  if (kept != 0) {
    last.length = kept;
  } else {
    inode.raw->extents.pop_back();
  }
  error = leaf ? dirty_metadata(handle, *leaf) : mark_inode_dirty(handle, inode);
  core_.cond_resched();
  return error;
}

/// ext4_ext_truncate_extend_restart(): more credits, in another transaction if this one is full.
int Ext4::ensure_credits(Handle& handle, Ext4Inode& inode, std::uint32_t credits) {
  if (handle.credits > credits) return 0;
  int error = journal_.extend(handle, credits);
  if (error <= 0) return error;
  inode.i_data_sem.up_write();
  error = journal_.restart(handle, credits + data_credits);
  inode.i_data_sem.down_write();
  return error;
}

// --- Eviction.

void Ext4::evict_inode(Inode& inode) {
  Frame frame(core_.current(), "ext4_evict_inode");
  Ext4Inode& ours = as_ext4(inode);
  FailureLedger& failures = memory_.failures();
  const FailureId before = failures.last(core_.current());
  if (inode.mapping() != nullptr) inode.mapping()->truncate(0);
  if (inode.nlink == 0 && ours.raw != nullptr && ours.raw->kind != DiskInode::Kind::none) {
    delete_inode(ours);
  } else {
    clear_inode(ours);
  }
  // Whoever got here is not told: what could not be freed waits for the next mount.
  for (FailureId failure = failures.last(core_.current());
       failure != before && failure != no_failure; failure = failures.last(core_.current())) {
    failures.consequence(failure, Consequence::leaked);
    failures.settle(failure, Fate::deferred);
  }
}

/// The second half of ext4_evict_inode(): blocks, orphan entry and inode are given back.
void Ext4::delete_inode(Ext4Inode& inode) {
  const std::uint64_t blocks = inode.raw->blocks();
  const auto data =
      static_cast<std::uint32_t>(std::clamp<std::uint64_t>(blocks, 2, max_trans_data));
  int error = 0;
  Handle* const handle = start_handle(data_credits + data + 3, error);
  if (handle == nullptr) {
    std_error(error);
    static_cast<void>(orphan_del(nullptr, inode));
    return clear_inode(inode);
  }
  inode.size = 0;
  inode.disk_size = 0;
  error = mark_inode_dirty(*handle, inode);
  if (error == 0 && blocks != 0) truncate_blocks(inode);
  if (error == 0 && handle->credits < 3) {
    error = journal_.extend(*handle, 3);
    if (error > 0) error = journal_.restart(*handle, 3);
  }
  if (error != 0) {
    static_cast<void>(stop_handle(handle));
    static_cast<void>(orphan_del(nullptr, inode));
    return clear_inode(inode);
  }
  static_cast<void>(orphan_del(handle, inode));
  if (mark_inode_dirty(*handle, inode) != 0) {
    clear_inode(inode);
  } else {
    free_inode(*handle, inode);
  }
  static_cast<void>(stop_handle(handle));
}

}  // namespace brink
