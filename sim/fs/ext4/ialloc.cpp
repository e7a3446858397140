// Inodes on disk: which one a new file gets, and giving one back (fs/ext4/ialloc.c, Linux 4.0).
// Left out: Orlov's debts, lazy initialisation of tables.
//
// The order is the kernel's: the inode in memory comes first, the handle only when a free bit has
// been seen, so that a failed handle is an error of the file system here (ialloc.c calls
// ext4_std_error() for it) where it is a clean -ENOMEM in unlink().

#include <cerrno>

#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

/// find_group_orlov() and find_group_other(): directories of the root are spread over the groups
/// with more than average room, all else stays near its directory.
std::uint32_t Ext4::find_group(const Ext4Inode& dir, NameId name, bool directory) const {
  const std::uint32_t groups = contents_.groups();
  const std::uint32_t parent = Layout::group_of(dir.ino);
  if (directory && dir.ino == root_inode) {
    const std::uint64_t average_inodes = contents_.free_inodes / groups;
    const std::uint64_t average_blocks = contents_.free_blocks / groups;
    const std::uint32_t from = (name * 2'654'435'761u >> 8) % groups;
    std::uint32_t best = groups;
    for (std::uint32_t i = 0; i < groups; ++i) {
      const std::uint32_t g = (from + i) % groups;
      const Group& group = contents_.peek(g);
      if (group.free_inodes == 0 || group.free_inodes < average_inodes) continue;
      if (group.free_blocks < average_blocks) continue;
      if (best == groups || group.used_dirs < contents_.peek(best).used_dirs) best = g;
    }
    if (best != groups) return best;
  }
  for (std::uint32_t i = 0; i < groups; ++i) {
    const std::uint32_t g = (parent + i) % groups;
    const Group& group = contents_.peek(g);
    if (group.free_inodes != 0 && group.free_blocks != 0) return g;
  }
  return parent;
}

/// Accounts for an inode whose bit has been set, in its group's descriptor.
int Ext4::take_inode(Handle& handle, Buffer& bitmap, std::uint32_t group_index, bool directory) {
  int error = dirty_metadata(handle, bitmap);
  Buffer* descriptor = nullptr;
  if (error == 0) descriptor = bread(contents_.layout().descriptor_block(group_index), error);
  if (descriptor != nullptr) {
    error = get_write_access(handle, *descriptor);
    if (error == 0) {
      Group& group = contents_.group(group_index);
      --group.free_inodes;
      if (directory) ++group.used_dirs;
      --contents_.free_inodes;
      error = dirty_metadata(handle, *descriptor);
    }
    buffers_.put(*descriptor);
  }
  std_error(error);
  return error;
}

/// Looks for a free inode from this group on, opens the handle if there is none, and takes it.
int Ext4::claim_inode(std::uint32_t group_index, bool directory, std::uint32_t credits,
                      Handle*& handle, InodeNumber& ino) {
  for (std::uint32_t i = 0; i < contents_.groups(); ++i) {
    const std::uint32_t g = (group_index + i) % contents_.groups();
    if (contents_.peek(g).free_inodes == 0) continue;
    int error = 0;
    const BufferRef bitmap(buffers_, bread(contents_.layout().inode_bitmap(g), error));
    if (!bitmap) continue;
    Group& group = contents_.group(g);
    for (std::uint32_t bit = group.inodes->find_clear(0); bit < group.inodes->size();
         bit = group.inodes->find_clear(bit)) {
      if (handle == nullptr) {
        handle = start_handle(credits, error);
        if (handle == nullptr) {
          std_error(error);
          return error;
        }
      }
      error = get_write_access(*handle, *bitmap);
      if (error != 0) {
        std_error(error);
        return error;
      }
      // Somebody may have taken it while this task slept.
      if (group.inodes->test(bit)) continue;
      group.inodes->set(bit);
      ino = InodeNumber{g} * Layout::inodes_per_group + bit + 1;
      return take_inode(*handle, *bitmap, g, directory);
    }
  }
  return -ENOSPC;
}

/// __ext4_new_inode(): null and `error` if there is none; the handle may be open all the same.
Ext4Inode* Ext4::new_inode(Ext4Inode& dir, NameId name, bool directory, std::uint32_t credits,
                           Handle*& handle, int& error) {
  Frame frame(core_.current(), "__ext4_new_inode");
  if (dir.nlink == 0) {
    error = -EPERM;
    return nullptr;
  }
  const InodeMemory memory = alloc_inode_memory();
  if (!memory.inode) {
    error = -ENOMEM;
    return nullptr;
  }
  InodeNumber ino = 0;
  error = claim_inode(find_group(dir, name, directory), directory, credits, handle, ino);
  if (error != 0) {
    free_inode_memory(memory);
    return nullptr;
  }
  Ext4Inode& inode = make_inode(memory, ino, directory);
  inode.raw = &contents_.inode(ino);
  *inode.raw = DiskInode{};
  inode.raw->kind = directory ? DiskInode::Kind::directory : DiskInode::Kind::file;
  if (directory) inode.raw->directory = std::make_unique<Directory>();
  inode.fresh = true;
  inode.mtime = current_time();
  hash_inode(inode);
  inode.sync_tid = inode.datasync_tid = handle->transaction->tid;
  error = mark_inode_dirty(*handle, inode);
  if (error == 0) return &inode;
  std_error(error);
  inode.nlink = 0;
  clear_state(inode, I_NEW);
  iput(inode);
  return nullptr;
}

/// ext4_free_inode(): its bit and its group's counts.
void Ext4::free_inode(Handle& handle, Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_free_inode");
  clear_inode(inode);
  const std::uint32_t group_index = Layout::group_of(inode.ino);
  const std::uint32_t bit = Layout::index_of(inode.ino);
  int error = 0;
  const BufferRef bitmap(buffers_, bread(contents_.layout().inode_bitmap(group_index), error));
  if (!bitmap) return std_error(error);
  error = get_write_access(handle, *bitmap);
  if (error != 0) return std_error(error);
  const BufferRef descriptor(buffers_,
                             bread(contents_.layout().descriptor_block(group_index), error));
  if (descriptor) error = get_write_access(handle, *descriptor);
  Group& group = contents_.group(group_index);
  if (group.inodes->test(bit)) group.inodes->clear(bit);
  *inode.raw = DiskInode{};
  if (error == 0) {
    ++group.free_inodes;
    if (inode.directory) --group.used_dirs;
    ++contents_.free_inodes;
    error = dirty_metadata(handle, *descriptor);
  }
  const int result = dirty_metadata(handle, *bitmap);
  std_error(error != 0 ? error : result);
}

}  // namespace brink
