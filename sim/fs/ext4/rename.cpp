// rename within one file system (fs/ext4/namei.c, Linux 4.0): the new name first, then the old one
// goes; if that fails, both names exist.

#include <cerrno>

#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

struct Ext4::Renaming {
  Ext4Inode& old_dir;
  NameId old_name;
  Ext4Inode& source;
  Ext4Inode& new_dir;
  NameId new_name;
  Ext4Inode* target;
  Buffer* old_block = nullptr;
  Buffer* new_block = nullptr;
  Buffer* dir_block = nullptr;  ///< of a directory that moves: its ".."
};

/// ext4_rename_dir_prepare(): the ".." of the directory that moves will be written.
int Ext4::rename_dir_prepare(Handle& handle, Renaming& r) {
  const int error = read_dirblock(r.source, 0, r.dir_block);
  if (error != 0) {
    r.dir_block = nullptr;
    return error;
  }
  return get_write_access(handle, *r.dir_block);
}

/// ext4_setent(): the name that exists stands for the source from now on.
int Ext4::set_entry(Handle& handle, Renaming& r) {
  int error = get_write_access(handle, *r.new_block);
  if (error != 0) return error;
  r.new_dir.raw->directory->set(r.new_name, r.source.ino, r.source.directory);
  r.new_dir.mtime = current_time();
  static_cast<void>(mark_inode_dirty(handle, r.new_dir));
  error = dirty_metadata(handle, *r.new_block);
  if (error != 0) std_error(error);
  return error;
}

int Ext4::rename_handled(Handle& handle, Renaming& r) {
  int error = 0;
  if (r.source.directory) {
    if (r.target != nullptr && !is_empty(*r.target)) return -ENOTEMPTY;
    if (r.target == nullptr && &r.new_dir != &r.old_dir && r.new_dir.nlink >= link_max) {
      return -EMLINK;
    }
    error = rename_dir_prepare(handle, r);
    if (error != 0) return error;
  }
  error = r.new_block == nullptr ? add_entry(handle, r.new_dir, r.new_name, r.source)
                                 : set_entry(handle, r);
  if (error != 0) return error;
  static_cast<void>(mark_inode_dirty(handle, r.source));
  // ext4_rename_delete(): a warning is all that comes of an error.
  static_cast<void>(delete_entry(handle, r.old_dir, r.old_name, *r.old_block));
  if (r.target != nullptr && (!r.target->directory || r.target->nlink > 2)) --r.target->nlink;
  r.old_dir.mtime = current_time();
  if (r.dir_block != nullptr) {
    error = dirty_metadata(handle, *r.dir_block);
    if (error != 0) {
      std_error(error);
      return error;
    }
    if (r.old_dir.nlink > 2) --r.old_dir.nlink;
    if (r.target != nullptr) {
      r.target->nlink = 0;
    } else {
      ++r.new_dir.nlink;
      static_cast<void>(mark_inode_dirty(handle, r.new_dir));
    }
  }
  static_cast<void>(mark_inode_dirty(handle, r.old_dir));
  if (r.target != nullptr) {
    static_cast<void>(mark_inode_dirty(handle, *r.target));
    if (r.target->nlink == 0) static_cast<void>(orphan_add(handle, *r.target));
  }
  return 0;
}

int Ext4::rename(Inode& old_dir, NameId old_name, Inode& source, Inode& new_dir, NameId new_name,
                 Inode* target) {
  Frame frame(core_.current(), "ext4_rename");
  Renaming r{as_ext4(old_dir), old_name, as_ext4(source),
             as_ext4(new_dir), new_name, target == nullptr ? nullptr : &as_ext4(*target)};
  const Directory::Entry* entry = nullptr;
  int error = find_entry(r.old_dir, old_name, entry, r.old_block);
  if (error != 0) return error;
  if (entry == nullptr) return -ENOENT;
  if (entry->ino != r.source.ino) error = -ENOENT;
  if (error == 0) error = find_entry(r.new_dir, new_name, entry, r.new_block);
  if (error == 0 && r.new_block != nullptr && r.target == nullptr) {
    buffers_.put(*r.new_block);
    r.new_block = nullptr;
  }
  Handle* handle = nullptr;
  if (error == 0) {
    if (r.target != nullptr) write_delayed(r.source);
    handle = start_handle(2 * data_credits + index_credits + 2, error);
  }
  if (handle != nullptr) error = rename_handled(*handle, r);
  if (r.dir_block != nullptr) buffers_.put(*r.dir_block);
  if (r.old_block != nullptr) buffers_.put(*r.old_block);
  if (r.new_block != nullptr) buffers_.put(*r.new_block);
  if (handle != nullptr) static_cast<void>(stop_handle(handle));
  return error;
}

}  // namespace brink
