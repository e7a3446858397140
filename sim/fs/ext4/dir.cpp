// Directories: linear search, entries, new blocks (fs/ext4/namei.c without htree, Linux 4.0).

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

/// ext4_read_dirblock(): maps and reads a block of the directory.
int Ext4::read_dirblock(Ext4Inode& dir, std::uint32_t block, Buffer*& buffer) {
  BlockMap map{block, 1};
  int error = map_blocks(nullptr, dir, map, false, false);
  if (error < 0) return error;
  buffer = map.length == 0 ? nullptr : bread(map.start, error);
  return buffer == nullptr ? -EIO : 0;
}

/// ext4_find_entry(): block by block, from where the last search succeeded. `entry` and a reference
/// to its block, or null.
int Ext4::find_entry(Ext4Inode& dir, NameId name, const Directory::Entry*& entry, Buffer*& buffer) {
  Frame frame(core_.current(), "ext4_find_entry");
  entry = nullptr;
  buffer = nullptr;
  Directory& directory = *dir.raw->directory;
  const std::uint32_t blocks = directory.blocks();
  std::uint32_t block = dir.dir_start_lookup < blocks ? dir.dir_start_lookup : 0;
  for (std::uint32_t looked = 0; looked < blocks; ++looked) {
    Buffer* candidate = nullptr;
    const int error = read_dirblock(dir, block, candidate);
    // What cannot be read is skipped; what cannot be mapped for want of memory is not.
    if (error == -ENOMEM) return error;
    if (error == 0) {
      core_.charge(core_.costs().dir_block);
      entry = directory.find(name);
      if (entry != nullptr && entry->block == block) {
        dir.dir_start_lookup = block;
        buffer = candidate;
        return 0;
      }
      entry = nullptr;
      buffers_.put(*candidate);
    }
    if (++block >= blocks) block = 0;
  }
  return 0;
}

int Ext4::lookup(Inode& dir, NameId name, Inode*& found) {
  Frame frame(core_.current(), "ext4_lookup");
  const Directory::Entry* entry = nullptr;
  Buffer* block = nullptr;
  int error = find_entry(as_ext4(dir), name, entry, block);
  if (error != 0 || entry == nullptr) return error;
  const InodeNumber ino = entry->ino;
  buffers_.put(*block);
  found = iget(ino, error);
  return error == -ESTALE ? -EIO : error;
}

/// ext4_append(): another block at the end of the directory, for the running handle.
int Ext4::append(Handle& handle, Ext4Inode& dir, Buffer*& buffer) {
  Frame frame(core_.current(), "ext4_append");
  Directory& directory = *dir.raw->directory;
  BlockMap map{directory.blocks(), 1};
  int error = map_blocks(&handle, dir, map, true, false);
  if (error < 0) return error;
  if (map.length == 0) return -ENOSPC;
  buffer = buffers_.getblk(map.start);
  if (buffer == nullptr) return -ENOMEM;
  if (map.fresh) {
    error = get_create_access(handle, *buffer);
    if (error == 0) {
      buffers_.fill(*buffer);
      error = dirty_metadata(handle, *buffer);
    }
  } else if (!buffer->has(BH_Uptodate)) {
    buffers_.start_read(*buffer, site::bh_bio);
    buffers_.wait_on(*buffer);
    if (!buffer->has(BH_Uptodate)) error = -EIO;
  }
  if (error == 0) {
    dir.size += Directory::block_bytes;
    dir.disk_size = dir.size;
    directory.append_block();
    error = get_write_access(handle, *buffer);
    if (error != 0) std_error(error);
  }
  if (error == 0) return 0;
  buffers_.put(*buffer);
  buffer = nullptr;
  return error;
}

/// add_dirent_to_buf(): -ENOSPC if there is no room in this block.
int Ext4::add_to_block(Handle& handle, Ext4Inode& dir, std::uint32_t block, Buffer& buffer,
                       NameId name, const Ext4Inode& inode) {
  const std::uint32_t length = vfs().names().length(name);
  core_.charge(core_.costs().dir_block);
  if (!dir.raw->directory->has_room(block, length)) return -ENOSPC;
  int error = get_write_access(handle, buffer);
  if (error != 0) {
    std_error(error);
    return error;
  }
  dir.raw->directory->add(name, length, {inode.ino, block, inode.directory});
  dir.mtime = current_time();
  // Errors from here on are the handle's: the entry is there.
  static_cast<void>(mark_inode_dirty(handle, dir));
  error = dirty_metadata(handle, buffer);
  if (error != 0) std_error(error);
  return 0;
}

int Ext4::add_entry(Handle& handle, Ext4Inode& dir, NameId name, const Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_add_entry");
  const std::uint32_t blocks = dir.raw->directory->blocks();
  Buffer* buffer = nullptr;
  for (std::uint32_t block = 0; block < blocks; ++block) {
    int error = read_dirblock(dir, block, buffer);
    if (error != 0) return error;
    error = add_to_block(handle, dir, block, *buffer, name, inode);
    buffers_.put(*buffer);
    if (error != -ENOSPC) return error;
  }
  int error = append(handle, dir, buffer);
  if (error != 0) return error;
  error = add_to_block(handle, dir, blocks, *buffer, name, inode);
  buffers_.put(*buffer);
  return error;
}

int Ext4::delete_entry(Handle& handle, Ext4Inode& dir, NameId name, Buffer& buffer) {
  int error = get_write_access(handle, buffer);
  if (error == 0) {
    if (dir.raw->directory->find(name) == nullptr) return -ENOENT;
    dir.raw->directory->remove(name, vfs().names().length(name));
    error = dirty_metadata(handle, buffer);
  }
  if (error != 0) std_error(error);
  return error;
}

/// empty_dir(): unreadable counts as empty, as in the kernel.
bool Ext4::is_empty(Ext4Inode& dir) {
  for (std::uint32_t block = 0; block < dir.raw->directory->blocks(); ++block) {
    Buffer* buffer = nullptr;
    if (read_dirblock(dir, block, buffer) != 0) return true;
    core_.charge(core_.costs().dir_block);
    buffers_.put(*buffer);
    if (dir.raw->directory->entries() != 0) return false;
  }
  return true;
}

// --- Creating.

int Ext4::create(Inode& dir, NameId name, Inode*& made) {
  Frame frame(core_.current(), "ext4_create");
  int error = 0;
  for (int retries = 0;;) {
    error = try_create(as_ext4(dir), name, made);
    if (error != -ENOSPC || !should_retry_alloc(retries)) return error;
  }
}

int Ext4::try_create(Ext4Inode& parent, NameId name, Inode*& made) {
  Handle* handle = nullptr;
  int error = 0;
  Ext4Inode* const inode = new_inode(parent, name, false, create_credits, handle, error);
  if (inode != nullptr) {
    error = add_entry(*handle, parent, name, *inode);
    if (error == 0) {
      static_cast<void>(mark_inode_dirty(*handle, *inode));
      clear_state(*inode, I_NEW);
      made = inode;
    } else {
      inode->nlink = 0;
      clear_state(*inode, I_NEW);
      iput(*inode);
    }
  }
  if (handle != nullptr) static_cast<void>(stop_handle(handle));
  return error;
}

/// The first block of a new directory, with "." and "..".
int Ext4::init_new_dir(Handle& handle, Ext4Inode& inode) {
  Frame frame(core_.current(), "ext4_init_new_dir");
  inode.size = 0;
  Buffer* block = nullptr;
  int error = append(handle, inode, block);
  if (error != 0) return error;
  inode.nlink = 2;
  error = dirty_metadata(handle, *block);
  buffers_.put(*block);
  return error;
}

int Ext4::mkdir(Inode& dir, NameId name, Inode*& made) {
  Frame frame(core_.current(), "ext4_mkdir");
  if (dir.nlink >= link_max) return -EMLINK;
  int error = 0;
  for (int retries = 0;;) {
    error = try_mkdir(as_ext4(dir), name, made);
    if (error != -ENOSPC || !should_retry_alloc(retries)) return error;
  }
}

int Ext4::try_mkdir(Ext4Inode& parent, NameId name, Inode*& made) {
  Handle* handle = nullptr;
  int error = 0;
  Ext4Inode* const inode = new_inode(parent, name, true, create_credits, handle, error);
  if (inode != nullptr) {
    error = init_new_dir(*handle, *inode);
    if (error == 0) error = mark_inode_dirty(*handle, *inode);
    if (error == 0) error = add_entry(*handle, parent, name, *inode);
    if (error == 0) {
      ++parent.nlink;
      error = mark_inode_dirty(*handle, parent);
    }
    if (error == 0) {
      clear_state(*inode, I_NEW);
      made = inode;
    } else {
      inode->nlink = 0;
      clear_state(*inode, I_NEW);
      static_cast<void>(mark_inode_dirty(*handle, *inode));
      iput(*inode);
    }
  }
  if (handle != nullptr) static_cast<void>(stop_handle(handle));
  return error;
}

}  // namespace brink
