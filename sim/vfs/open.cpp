// open, and the end of an open file (fs/open.c, fs/file_table.c and do_last() of fs/namei.c, Linux
// 4.0). The file is allocated before the walk, as in the kernel.

#include <cerrno>

#include "sim/mm/memory.hpp"
#include "sim/vfs/inode_lock.hpp"
#include "sim/vfs/namei.hpp"
#include "sim/vfs/open.hpp"
#include "sim/vfs/vfs.hpp"
#include "sim/vfs/walk.hpp"

namespace brink {
namespace {

/// lookup_open(): the last name under its directory's lock, created if it is not there.
Dentry* lookup_open(Vfs& vfs, Walk& walk, bool& created, int& error) {
  const int write_error = walk.dentry().sb->read_only() ? -EROFS : 0;
  const MutexGuard guard(walk.inode().i_mutex);
  Dentry* const dentry = lookup_hash(vfs, walk.dentry(), walk.last(), error);
  if (dentry == nullptr || !dentry->negative()) return dentry;
  error = write_error;
  if (error == 0 && walk.inode().has(S_DEAD)) error = -ENOENT;
  if (error == 0) {
    Frame frame(vfs.core().current(), "vfs_create");
    Inode* made = nullptr;
    error = walk.dentry().sb->create(walk.inode(), dentry->name, made);
    if (error == 0) {
      vfs.dcache().instantiate(*dentry, *made);
      created = true;
      return dentry;
    }
  }
  vfs.dcache().put(*dentry);
  return nullptr;
}

/// Finds or makes what is to be opened; the walk then stands on it.
int find_or_create(Vfs& vfs, Walk& walk, std::string_view path, std::uint32_t flags,
                   bool& created) {
  if ((flags & open_creat) == 0) return walk.to(path);
  int error = walk.to_parent(path);
  if (error != 0) return error;
  Dentry* dentry = nullptr;
  if (walk.last_type() != LastType::normal || walk.trailing_slash()) {
    error = -EISDIR;
  } else {
    dentry = lookup_open(vfs, walk, created, error);
  }
  if (dentry == nullptr) {
    walk.put();
    return error;
  }
  walk.move_to(*dentry);
  if (!created && (flags & open_excl) != 0) error = -EEXIST;
  if (error == 0 && walk.inode().directory) error = -EISDIR;
  if (error != 0) walk.put();
  return error;
}

/// do_truncate() for O_TRUNC.
int truncate_opened(Inode& inode) {
  const MutexGuard guard(inode.i_mutex);
  return inode.sb.truncate(inode);
}

int open_dentry(Walk& walk, File& file, std::uint32_t flags, bool created) {
  Inode& inode = walk.inode();
  if (inode.directory && file.writable()) return -EISDIR;
  if (file.writable() && inode.sb.read_only()) return -EROFS;
  int error = inode.sb.open(inode, file.writable());
  if (error != 0) return error;
  file.dentry = &walk.dentry();
  file.inode = &inode;
  const bool truncates = (flags & open_trunc) != 0 && !created && !inode.directory;
  if (truncates) error = inode.sb.read_only() ? -EROFS : truncate_opened(inode);
  if (error != 0) inode.sb.release(inode, file.writable());
  return error;
}

}  // namespace

int do_open(Vfs& vfs, std::string_view path, std::uint32_t flags, File*& file) {
  Frame frame(vfs.core().current(), "do_filp_open");
  File* const opened = vfs.files().alloc(flags);
  if (opened == nullptr) return -ENOMEM;
  Walk walk(vfs);
  bool created = false;
  int error = find_or_create(vfs, walk, path, flags, created);
  if (error == 0) {
    error = open_dentry(walk, *opened, flags, created);
    if (error == 0) {
      file = opened;  // The walk's reference is the file's from now on.
      return 0;
    }
    walk.put();
  }
  vfs.files().free(*opened);
  return error;
}

void end_file(Vfs& vfs, File& file) {
  Frame frame(vfs.core().current(), "__fput");
  file.inode->sb.release(*file.inode, file.writable());
  Dentry* const dentry = file.dentry;
  vfs.files().free(file);
  vfs.dcache().put(*dentry);
}

}  // namespace brink
