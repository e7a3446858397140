// unlink, rmdir, and the list of inodes that are to be cleaned up if the machine goes down first
// (fs/ext4/namei.c, Linux 4.0).

#include <cerrno>

#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

/// The entry that is to go is found, and stands for this inode; `block` holds it, with a reference.
int Ext4::find_entry_of(Ext4Inode& dir, NameId name, const Ext4Inode& inode, Buffer*& block) {
  const Directory::Entry* entry = nullptr;
  const int error = find_entry(dir, name, entry, block);
  if (error != 0) return error;
  if (entry == nullptr) return -ENOENT;
  if (entry->ino == inode.ino) return 0;
  buffers_.put(*block);
  return -EIO;
}

int Ext4::unlink(Inode& dir_inode, NameId name, Inode& target) {
  Frame frame(core_.current(), "ext4_unlink");
  Ext4Inode& dir = as_ext4(dir_inode);
  Ext4Inode& inode = as_ext4(target);
  Buffer* block = nullptr;
  int error = find_entry_of(dir, name, inode, block);
  if (error != 0) return error;
  Handle* const handle = start_handle(data_credits, error);
  if (handle != nullptr) {
    error = delete_entry(*handle, dir, name, *block);
    if (error == 0) {
      dir.mtime = current_time();
      static_cast<void>(mark_inode_dirty(*handle, dir));
      if (--inode.nlink == 0) static_cast<void>(orphan_add(*handle, inode));
      static_cast<void>(mark_inode_dirty(*handle, inode));
    }
  }
  buffers_.put(*block);
  if (handle != nullptr) static_cast<void>(stop_handle(handle));
  return error;
}

int Ext4::rmdir(Inode& dir_inode, NameId name, Inode& target) {
  Frame frame(core_.current(), "ext4_rmdir");
  Ext4Inode& dir = as_ext4(dir_inode);
  Ext4Inode& inode = as_ext4(target);
  Buffer* block = nullptr;
  int error = find_entry_of(dir, name, inode, block);
  if (error != 0) return error;
  Handle* handle = nullptr;
  if (!is_empty(inode)) {
    error = -ENOTEMPTY;
  } else {
    handle = start_handle(data_credits, error);
  }
  if (handle != nullptr) {
    error = delete_entry(*handle, dir, name, *block);
    if (error == 0) {
      inode.nlink = 0;
      inode.size = 0;
      static_cast<void>(orphan_add(*handle, inode));
      static_cast<void>(mark_inode_dirty(*handle, inode));
      if (dir.nlink > 2) --dir.nlink;
      dir.mtime = current_time();
      static_cast<void>(mark_inode_dirty(*handle, dir));
    }
  }
  buffers_.put(*block);
  if (handle != nullptr) static_cast<void>(stop_handle(handle));
  return error;
}

// --- Orphans: a list through the inodes that begins in the superblock.

int Ext4::orphan_add(Handle& handle, Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_orphan_add");
  if (inode.on_orphan_list) return 0;
  int error = 0;
  Buffer* super = bread(contents_.layout().superblock(), error);
  Buffer* block = nullptr;
  if (super != nullptr) {
    error = get_write_access(handle, *super);
    if (error == 0) error = reserve_inode_write(handle, inode, block);
    if (error == 0) {
      {
        const MutexGuard guard(orphan_lock_);
        inode.raw->orphan = true;
        inode.on_orphan_list = true;
        orphans_.push_front(inode);
      }
      error = dirty_metadata(handle, *super);
      const int result = dirty_metadata(handle, *block);
      if (error == 0) error = result;
      if (error != 0) {
        const MutexGuard guard(orphan_lock_);
        inode.on_orphan_list = false;
        orphans_.erase(orphans_.iterator_to(inode));
      }
      buffers_.put(*block);
    }
    buffers_.put(*super);
  }
  std_error(error);
  return error;
}

/// ext4_orphan_del(): without a handle only from the list in memory.
int Ext4::orphan_del(Handle* handle, Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_orphan_del");
  if (!inode.on_orphan_list) return 0;
  int error = 0;
  Buffer* block = nullptr;
  if (handle != nullptr) error = reserve_inode_write(*handle, inode, block);
  Buffer* previous = nullptr;
  {
    const MutexGuard guard(orphan_lock_);
    const auto at = orphans_.iterator_to(inode);
    Ext4Inode* const before = at == orphans_.begin() ? nullptr : &*std::prev(at);
    orphans_.erase(at);
    inode.on_orphan_list = false;
    if (handle != nullptr && error == 0) {
      // Whoever pointed to it points to its successor from now on.
      if (before == nullptr) {
        previous = bread(contents_.layout().superblock(), error);
        if (previous != nullptr) error = get_write_access(*handle, *previous);
      } else {
        error = reserve_inode_write(*handle, *before, previous);
      }
    }
  }
  if (handle != nullptr && error == 0) {
    error = dirty_metadata(*handle, *previous);
    if (error == 0) {
      inode.raw->orphan = false;
      error = dirty_metadata(*handle, *block);
    }
  }
  if (previous != nullptr) buffers_.put(*previous);
  if (block != nullptr) buffers_.put(*block);
  std_error(error);
  return error;
}

}  // namespace brink
