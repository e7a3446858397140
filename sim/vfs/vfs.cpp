// The mount tree, paths for people and for lock names, and whose lists a dirty inode is on.

#include "sim/vfs/vfs.hpp"

#include "sim/mm/memory.hpp"

namespace brink {

Vfs::Vfs(Memory& memory, Block& block)
    : core_(memory.core()),
      memory_(memory),
      block_(block),
      dcache_(memory, names_),
      files_(memory),
      names_cache_(memory.slab_cache({.name = "names_cache", .size = 4096})),
      rename_mutex_(memory.locks(), memory.locks().lock_class("vfs.rename.mutex")),
      page_writeback_(*this) {
  memory_.set_flushers(*this);
}

Vfs::~Vfs() = default;

// --- The tree.

void Vfs::mount(std::string_view path, SuperBlock& sb) {
  BRINK_ASSERT(sb.root() != nullptr);
  super_blocks_.push_back(&sb);
  if (path == "/") {
    BRINK_ASSERT(root_ == nullptr);
    root_ = sb.root();
    return;
  }
  Dentry* const at = find_cached(path);
  BRINK_ASSERT(at != nullptr && !at->negative() && at->inode->directory && !at->mountpoint);
  at->mountpoint = true;
  dcache_.get(*at);
  mounts_.push_back({at, &sb});
}

Dentry& Vfs::follow_mounts(Dentry& dentry) const {
  Dentry* at = &dentry;
  while (at->mountpoint) {
    const Dentry* const over = at;
    for (const Mount& mount : mounts_) {
      if (mount.at == over) at = mount.sb->root();
    }
    BRINK_ASSERT(at != over);
  }
  return *at;
}

Dentry& Vfs::leave_root(Dentry& dentry) const {
  Dentry* at = &dentry;
  while (at->root() && at != root_) {
    const SuperBlock* const sb = at->sb;
    for (const Mount& mount : mounts_) {
      if (mount.sb == sb) at = mount.at;
    }
  }
  return *at;
}

std::string Vfs::path_of(const Dentry& dentry) const {
  std::string path;
  const Dentry* at = &leave_root(const_cast<Dentry&>(dentry));
  while (!at->root()) {
    path.insert(0, "/" + std::string(names_.text(at->name)));
    at = &leave_root(*at->parent);
  }
  return path.empty() ? "/" : path;
}

Dentry* Vfs::find_cached(std::string_view path) {
  Dentry* at = root_;
  for (std::size_t from = 0; at != nullptr && from < path.size();) {
    const std::size_t slash = path.find('/', from);
    const std::size_t end = slash == std::string_view::npos ? path.size() : slash;
    if (end > from) {
      at = dcache_.find(*at, names_.intern(path.substr(from, end - from)));
      if (at != nullptr) at = &follow_mounts(*at);
    }
    from = end + 1;
  }
  return at;
}

Lock* Vfs::find_lock(std::string_view instance) {
  const Dentry* const dentry = find_cached(instance);
  if (dentry == nullptr || dentry->negative()) return nullptr;
  return &dentry->inode->i_mutex;
}

// --- Writeback.

Flusher& Vfs::flusher(Device& device) {
  for (const auto& flusher : flushers_) {
    if (&flusher->device() == &device) return *flusher;
  }
  flushers_.push_back(std::make_unique<Flusher>(*this, device));
  return *flushers_.back();
}

void Vfs::wake(Pages nr_pages) {
  for (const auto& flusher : flushers_) {
    if (flusher->has_dirty()) flusher->start_writeback(static_cast<std::int64_t>(nr_pages));
  }
}

void Vfs::throttle_vm_writeout(Gfp gfp) {
  if (memory_.rules().throttle_vm_writeout) page_writeback_.throttle_vm_writeout(gfp);
}

void Vfs::mark_inode_dirty(Inode& inode, std::uint32_t what) {
  if ((what & I_DIRTY_SYNC) != 0) inode.sb.dirty_inode(inode);
  if ((inode.state & what) == what) return;
  const bool was_dirty = inode.has(I_DIRTY);
  inode.state |= what;
  // Whoever is writing it puts it back where it belongs.
  if (was_dirty || inode.has(I_SYNC | I_FREEING) || !inode.hashed) return;
  flusher(inode.sb.device()).add_dirty(inode);
}

void Vfs::forget_dirty(Inode& inode) {
  if (inode.flusher != nullptr) inode.flusher->remove(inode);
}

}  // namespace brink
