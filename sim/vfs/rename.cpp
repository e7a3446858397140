// rename: both directories locked, parents before children, then the inodes themselves.

#include <cerrno>
#include <utility>

#include "sim/mm/memory.hpp"
#include "sim/vfs/inode_lock.hpp"
#include "sim/vfs/namei.hpp"
#include "sim/vfs/vfs.hpp"
#include "sim/vfs/walk.hpp"

namespace brink {
namespace {

/// Whether `above` is a proper ancestor of `dentry`; if so, its child on the way there.
Dentry* ancestor(const Dentry& above, Dentry& dentry) {
  for (Dentry* at = &dentry; !at->root(); at = at->parent) {
    if (at->parent == &above) return at;
  }
  return nullptr;
}

/// lock_rename(): the directories of a rename, and what must not be moved into itself.
class RenameLock {
 public:
  RenameLock(Vfs& vfs, Dentry& a, Dentry& b) : vfs_(vfs), a_(a), b_(b) {
    if (&a == &b) {
      a.inode->i_mutex.lock(I_MUTEX_PARENT);
      return;
    }
    vfs.rename_mutex().lock();
    trap_ = ancestor(b, a);
    Inode* first = a.inode;
    Inode* second = b.inode;
    if (trap_ != nullptr) {
      std::swap(first, second);
    } else {
      trap_ = ancestor(a, b);
    }
    first->i_mutex.lock(I_MUTEX_PARENT);
    second->i_mutex.lock(I_MUTEX_CHILD);
  }
  ~RenameLock() {
    a_.inode->i_mutex.unlock();
    if (&a_ == &b_) return;
    b_.inode->i_mutex.unlock();
    vfs_.rename_mutex().unlock();
  }
  RenameLock(const RenameLock&) = delete;
  RenameLock& operator=(const RenameLock&) = delete;

  const Dentry* trap() const { return trap_; }

 private:
  Vfs& vfs_;
  Dentry& a_;
  Dentry& b_;
  const Dentry* trap_ = nullptr;
};

/// The i_mutexes of what is moved and of what is replaced. Of two files that with the lower number
/// comes first: the kernel goes by address.
class InodeLocks {
 public:
  InodeLocks(Inode& source, Inode* target) {
    if (source.directory) {
      if (target != nullptr) take(*target, I_MUTEX_NORMAL);
      return;
    }
    Inode* first = &source;
    Inode* second = target;
    if (second != nullptr && second->directory) second = nullptr;
    if (second != nullptr && second->ino < first->ino) std::swap(first, second);
    take(*first, I_MUTEX_NORMAL);
    if (second != nullptr) take(*second, I_MUTEX_NONDIR2);
  }
  ~InodeLocks() {
    for (Inode* inode : taken_) {
      if (inode != nullptr) inode->i_mutex.unlock();
    }
  }
  InodeLocks(const InodeLocks&) = delete;
  InodeLocks& operator=(const InodeLocks&) = delete;

 private:
  void take(Inode& inode, unsigned subclass) {
    inode.i_mutex.lock(subclass);
    (taken_[0] == nullptr ? taken_[0] : taken_[1]) = &inode;
  }

  Inode* taken_[2] = {nullptr, nullptr};
};

/// may_delete() and may_create() of both ends.
int check(const Inode& old_dir, const Dentry& from, const Inode& new_dir, const Dentry& to) {
  const bool directory = from.inode->directory;
  if (old_dir.has(S_DEAD) || new_dir.has(S_DEAD)) return -ENOENT;
  if (to.negative()) return from.mountpoint ? -EBUSY : 0;
  if (directory && !to.inode->directory) return -ENOTDIR;
  if (!directory && to.inode->directory) return -EISDIR;
  return from.mountpoint || to.mountpoint ? -EBUSY : 0;
}

/// vfs_rename(), with the directories locked and both names looked up.
int rename_dentry(Vfs& vfs, Inode& old_dir, Dentry& from, Inode& new_dir, Dentry& to) {
  Frame frame(vfs.core().current(), "vfs_rename");
  Inode& source = *from.inode;
  Inode* const target = to.inode;
  if (&source == target) return 0;
  int error = check(old_dir, from, new_dir, to);
  if (error != 0) return error;
  Dcache& dcache = vfs.dcache();
  dcache.get(to);
  {
    const InodeLocks locks(source, target);
    if (source.directory && target != nullptr) dcache.shrink_parent(to);
    error = old_dir.sb.rename(old_dir, from.name, source, new_dir, to.name, target);
    if (error == 0) {
      if (target != nullptr && target->directory) target->state |= S_DEAD;
      dcache.move(from, to);
    }
  }
  dcache.put(to);
  return error;
}

int rename_locked(Vfs& vfs, Walk& from, Walk& to) {
  int error = 0;
  const RenameLock lock(vfs, to.dentry(), from.dentry());
  Dentry* const old_dentry = lookup_hash(vfs, from.dentry(), from.last(), error);
  if (old_dentry == nullptr) return error;
  Dentry* new_dentry = nullptr;
  if (old_dentry->negative()) {
    error = -ENOENT;
  } else {
    new_dentry = lookup_hash(vfs, to.dentry(), to.last(), error);
  }
  if (new_dentry != nullptr) {
    const bool slashes = from.trailing_slash() || to.trailing_slash();
    if (!old_dentry->inode->directory && slashes) {
      error = -ENOTDIR;
    } else if (old_dentry == lock.trap()) {
      error = -EINVAL;
    } else if (new_dentry == lock.trap()) {
      error = -ENOTEMPTY;
    } else {
      error = rename_dentry(vfs, from.inode(), *old_dentry, to.inode(), *new_dentry);
    }
    vfs.dcache().put(*new_dentry);
  }
  vfs.dcache().put(*old_dentry);
  return error;
}

}  // namespace

int do_rename(Vfs& vfs, std::string_view from_path, std::string_view to_path) {
  const Filename from_name(vfs, from_path);
  if (from_name.error() != 0) return from_name.error();
  Walk from(vfs);
  int error = from.to_parent(from_name.text());
  if (error != 0) return error;
  const Filename to_name(vfs, to_path);
  error = to_name.error();
  if (error == 0) {
    Walk to(vfs);
    error = to.to_parent(to_name.text());
    if (error == 0) {
      if (from.dentry().sb != to.dentry().sb) {
        error = -EXDEV;
      } else if (from.last_type() != LastType::normal || to.last_type() != LastType::normal) {
        error = -EBUSY;
      } else if (from.dentry().sb->read_only()) {
        error = -EROFS;
      } else {
        error = rename_locked(vfs, from, to);
      }
      to.put();
    }
  }
  from.put();
  return error;
}

}  // namespace brink
