// mkdir, rmdir, unlink and stat. Each copies the path, walks to the directory, locks it, looks the
// last name up under the lock and calls the file system.

#include "sim/vfs/namei.hpp"

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/inode_lock.hpp"
#include "sim/vfs/vfs.hpp"
#include "sim/vfs/walk.hpp"

namespace brink {

Filename::Filename(Vfs& vfs, std::string_view path) : vfs_(vfs), path_(path) {
  constexpr std::size_t path_max = 4096;
  Frame frame(vfs.core().current(), "getname");
  memory_ = vfs.memory().alloc_object(vfs.names_cache(), site::vfs_name);
  if (!memory_) {
    error_ = -ENOMEM;
  } else if (path.empty()) {
    error_ = -ENOENT;
  } else if (path.size() >= path_max) {
    error_ = -ENAMETOOLONG;
  }
}

Filename::~Filename() {
  if (memory_) vfs_.memory().free_object(memory_);
}

namespace {

/// mnt_want_write().
int want_write(const Walk& walk) { return walk.dentry().sb->read_only() ? -EROFS : 0; }

/// may_delete(): whether what the dentry stands for may go from there.
int may_delete(const Inode& dir, const Dentry& victim, bool directory) {
  if (directory) {
    if (!victim.inode->directory) return -ENOTDIR;
    if (victim.root() || victim.mountpoint) return -EBUSY;
  } else if (victim.inode->directory) {
    return -EISDIR;
  }
  return dir.has(S_DEAD) ? -ENOENT : 0;
}

}  // namespace

// --- mkdir.

namespace {

/// vfs_mkdir(), with the parent locked and the name looked up.
int make_directory(Vfs& vfs, Inode& dir, Dentry& dentry) {
  Frame frame(vfs.core().current(), "vfs_mkdir");
  if (dir.has(S_DEAD)) return -ENOENT;
  Inode* made = nullptr;
  const int error = dir.sb.mkdir(dir, dentry.name, made);
  if (error == 0) vfs.dcache().instantiate(dentry, *made);
  return error;
}

}  // namespace

int do_mkdir(Vfs& vfs, std::string_view path) {
  const Filename name(vfs, path);
  if (name.error() != 0) return name.error();
  Walk walk(vfs);
  int error = walk.to_parent(name.text());
  if (error != 0) return error;
  if (walk.last_type() != LastType::normal) {
    walk.put();
    return -EEXIST;
  }
  // A read-only file system is told of only if there is no other error.
  const int write_error = want_write(walk);
  {
    const MutexGuard guard(walk.inode().i_mutex, I_MUTEX_PARENT);
    Dentry* const dentry = lookup_hash(vfs, walk.dentry(), walk.last(), error);
    if (dentry != nullptr) {
      error = !dentry->negative() ? -EEXIST : write_error;
      if (error == 0) error = make_directory(vfs, walk.inode(), *dentry);
      vfs.dcache().put(*dentry);
    }
  }
  walk.put();
  return error;
}

// --- rmdir.

namespace {

/// vfs_rmdir(), with the parent locked.
int remove_directory(Vfs& vfs, Inode& dir, Dentry& dentry) {
  Frame frame(vfs.core().current(), "vfs_rmdir");
  int error = may_delete(dir, dentry, true);
  if (error != 0) return error;
  Dcache& dcache = vfs.dcache();
  dcache.get(dentry);
  {
    const MutexGuard guard(dentry.inode->i_mutex);
    dcache.shrink_parent(dentry);
    error = dir.sb.rmdir(dir, dentry.name, *dentry.inode);
    if (error == 0) dentry.inode->state |= S_DEAD;
  }
  dcache.put(dentry);
  // The inode goes here, with the parent's lock still held.
  if (error == 0) dcache.remove(dentry);
  return error;
}

}  // namespace

int do_rmdir(Vfs& vfs, std::string_view path) {
  const Filename name(vfs, path);
  if (name.error() != 0) return name.error();
  Walk walk(vfs);
  int error = walk.to_parent(name.text());
  if (error != 0) return error;
  switch (walk.last_type()) {
    case LastType::normal: error = want_write(walk); break;
    case LastType::dotdot: error = -ENOTEMPTY; break;
    case LastType::dot: error = -EINVAL; break;
    case LastType::root: error = -EBUSY; break;
  }
  if (error == 0) {
    const MutexGuard guard(walk.inode().i_mutex, I_MUTEX_PARENT);
    Dentry* const dentry = lookup_hash(vfs, walk.dentry(), walk.last(), error);
    if (dentry != nullptr) {
      error = dentry->negative() ? -ENOENT : remove_directory(vfs, walk.inode(), *dentry);
      vfs.dcache().put(*dentry);
    }
  }
  walk.put();
  return error;
}

// --- unlink.

namespace {

/// vfs_unlink(), with the parent locked.
int unlink_name(Vfs& vfs, Inode& dir, Dentry& dentry) {
  Frame frame(vfs.core().current(), "vfs_unlink");
  int error = may_delete(dir, dentry, false);
  if (error != 0) return error;
  {
    const MutexGuard guard(dentry.inode->i_mutex);
    error = dir.sb.unlink(dir, dentry.name, *dentry.inode);
  }
  if (error == 0) vfs.dcache().remove(dentry);
  return error;
}

int unlink_error(const Dentry& dentry) {
  if (dentry.negative()) return -ENOENT;
  return dentry.inode->directory ? -EISDIR : -ENOTDIR;
}

}  // namespace

int do_unlink(Vfs& vfs, std::string_view path) {
  const Filename name(vfs, path);
  if (name.error() != 0) return name.error();
  Walk walk(vfs);
  int error = walk.to_parent(name.text());
  if (error != 0) return error;
  error = walk.last_type() != LastType::normal ? -EISDIR : want_write(walk);
  Inode* inode = nullptr;
  if (error == 0) {
    const MutexGuard guard(walk.inode().i_mutex, I_MUTEX_PARENT);
    Dentry* const dentry = lookup_hash(vfs, walk.dentry(), walk.last(), error);
    if (dentry != nullptr) {
      if (walk.trailing_slash() || dentry->negative()) {
        error = unlink_error(*dentry);
      } else {
        inode = dentry->inode;
        inode->sb.iget(*inode);
        error = unlink_name(vfs, walk.inode(), *dentry);
      }
      vfs.dcache().put(*dentry);
    }
  }
  // The inode is truncated here, without the directory's lock.
  if (inode != nullptr) inode->sb.iput(*inode);
  walk.put();
  return error;
}

// --- stat.

int do_stat(Vfs& vfs, std::string_view path, Stat* result) {
  const Filename name(vfs, path);
  if (name.error() != 0) return name.error();
  Walk walk(vfs);
  const int error = walk.to(name.text());
  if (error != 0) return error;
  if (result != nullptr) {
    *result = {walk.inode().ino, walk.inode().size, walk.inode().directory};
  }
  walk.put();
  return 0;
}

}  // namespace brink
