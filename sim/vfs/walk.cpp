// Path walk: component by component, lockless while names are cached.

#include "sim/vfs/walk.hpp"

#include <cerrno>

#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

constexpr std::size_t name_max = 255;

}  // namespace

Dentry* lookup_hash(Vfs& vfs, Dentry& dir, NameId name, int& error) {
  Dcache& dcache = vfs.dcache();
  if (Dentry* const cached = dcache.lookup(dir, name)) return cached;
  Dentry* const dentry = dcache.alloc(dir, name);
  if (dentry == nullptr) {
    error = -ENOMEM;
    return nullptr;
  }
  Inode* found = nullptr;
  // No child is made for a directory that is gone.
  error = dir.inode->has(S_DEAD) ? -ENOENT : dir.sb->lookup(*dir.inode, name, found);
  if (error != 0) {
    dcache.put(*dentry);
    return nullptr;
  }
  if (found != nullptr) dcache.instantiate(*dentry, *found);
  dcache.rehash(*dentry);
  return dentry;
}

Walk::Walk(Vfs& vfs) : vfs_(vfs) {}

void Walk::hold() {
  if (held_) return;
  vfs_.dcache().get(*at_);
  held_ = true;
}

void Walk::put() {
  if (!held_) return;
  held_ = false;
  vfs_.dcache().put(*at_);
}

void Walk::move_to(Dentry& dentry) {
  Dentry& left = *at_;
  const bool held = held_;
  at_ = &dentry;
  held_ = true;
  if (held) vfs_.dcache().put(left);
}

int Walk::to(std::string_view path) { return walk(path, false); }

int Walk::to_parent(std::string_view path) { return walk(path, true); }

int Walk::walk(std::string_view path, bool parent_only) {
  Frame frame(vfs_.core().current(), "path_lookupat");
  at_ = &vfs_.root();
  last_type_ = LastType::root;
  std::size_t from = path.find_first_not_of('/');
  while (from != std::string_view::npos) {
    const std::size_t slash = path.find('/', from);
    const std::string_view name = path.substr(from, slash - from);
    from = slash == std::string_view::npos ? slash : path.find_first_not_of('/', slash);
    const bool final = from == std::string_view::npos;
    if (final) trailing_slash_ = slash != std::string_view::npos;
    int error = check_directory();
    if (error == 0 && name.size() > name_max) error = -ENAMETOOLONG;
    if (error != 0) {
      put();
      return error;
    }
    last_type_ = name == "." ? LastType::dot : name == ".." ? LastType::dotdot : LastType::normal;
    if (last_type_ == LastType::normal) last_ = vfs_.names().intern(name);
    if (final && parent_only) break;
    if (last_type_ == LastType::dot) continue;
    error = last_type_ == LastType::dotdot ? step_up() : step(last_);
    if (error != 0) return error;
    if (!final) continue;
    if (trailing_slash_) error = check_directory();
    if (error != 0) {
      put();
      return error;
    }
  }
  hold();
  return 0;
}

int Walk::check_directory() { return at_->inode->directory ? 0 : -ENOTDIR; }

int Walk::step_up() {
  Dentry& here = vfs_.leave_root(*at_);
  Dentry& up = vfs_.follow_mounts(*here.parent);
  if (held_) {
    vfs_.dcache().get(up);
    move_to(up);
  } else {
    at_ = &up;
  }
  return 0;
}

int Walk::step(NameId name) {
  Core& core = vfs_.core();
  core.charge(core.costs().path_component);
  Dentry* const cached = vfs_.dcache().find(*at_, name);
  if (cached == nullptr) {
    const int error = step_slow(name);
    if (error != 0) return error;
  } else if (held_) {
    vfs_.dcache().get(*cached);
    move_to(*cached);
  } else {
    at_ = cached;
  }
  if (at_->mountpoint) {
    Dentry& over = vfs_.follow_mounts(*at_);
    if (held_) vfs_.dcache().get(over);
    if (held_) {
      move_to(over);
    } else {
      at_ = &over;
    }
  }
  if (!at_->negative()) return 0;
  put();
  return -ENOENT;
}

/// lookup_slow(): under the directory's i_mutex, whatever that waits for.
int Walk::step_slow(NameId name) {
  Frame frame(vfs_.core().current(), "lookup_slow");
  hold();
  int error = 0;
  Dentry* found = nullptr;
  {
    const MutexGuard guard(at_->inode->i_mutex);
    found = lookup_hash(vfs_, *at_, name, error);
  }
  if (found == nullptr) {
    put();
    return error;
  }
  move_to(*found);
  return 0;
}

}  // namespace brink
