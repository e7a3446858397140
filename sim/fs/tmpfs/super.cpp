// tmpfs from mount to its inodes' end.

#include <string>

#include "brink/site_list.hpp"
#include "sim/fs/tmpfs/tmpfs.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

TmpfsInode::TmpfsInode(SuperBlock& super, InodeNumber number, bool is_directory, ShmemSpace& space)
    : Inode(super, number, is_directory),
      data(super.vfs().memory(), &space, false, [this] { return inode_path(*this); }) {
  set_device_pages(data.pages());
}

Tmpfs::Tmpfs(Vfs& vfs, std::uint64_t size)
    : SuperBlock(vfs, "tmpfs"),
      memory_(vfs.memory()),
      max_inodes_(vfs.memory().zones().managed() / 2),
      inode_cache_(memory_.slab_cache("shmem_inode_cache")) {
  space_.max = size != 0 ? (size + page_size - 1) / page_size : memory_.zones().managed() / 2;
}

Tmpfs::~Tmpfs() = default;

void Tmpfs::make_directory(std::string_view path) { directories_.emplace_back(path); }

void Tmpfs::load() {
  TmpfsInode& root = *new_inode(true, site::kernel_boot, site::kernel_boot);
  root.nlink = 2;
  set_root(vfs().dcache().make_root(*this, root));
  for (const std::string& path : directories_) {
    TmpfsInode* dir = &root;
    for (std::size_t from = path.find_first_not_of('/'); from != std::string::npos;) {
      const std::size_t slash = path.find('/', from);
      dir = &directory_in(*dir, std::string_view(path).substr(from, slash - from));
      from = slash == std::string::npos ? slash : path.find_first_not_of('/', slash);
    }
  }
}

/// The directory of that name, made if it is not there.
TmpfsInode& Tmpfs::directory_in(TmpfsInode& dir, std::string_view name) {
  const NameId id = vfs().names().intern(name);
  if (TmpfsInode* const* const found = dir.names.find(id)) return **found;
  TmpfsInode& made = *new_inode(true, site::kernel_boot, site::kernel_boot);
  made.nlink = 2;
  ++dir.nlink;
  link(dir, id, made);
  // Its one reference is its name's: there is no dentry yet.
  --made.count;
  return made;
}

/// shmem_get_inode(): null if there is no memory, or there are too many.
TmpfsInode* Tmpfs::new_inode(bool directory, Site inode_site, Site security_site) {
  Frame frame(vfs().core().current(), "shmem_get_inode");
  if (inodes_live_ >= max_inodes_) return nullptr;
  const SlabObject memory = memory_.alloc_object(inode_cache_, inode_site);
  if (!memory) return nullptr;
  SlabObject security;
  if (memory_.rules().lsm_blobs) {
    security = memory_.kmalloc(72, security_site);
    if (!security) {
      memory_.free_object(memory);
      return nullptr;
    }
  }
  ++inodes_live_;
  TmpfsInode& inode = inodes_.make(*this, ++inodes_made_, directory, space_);
  inode.memory = memory;
  inode.security = security;
  touch(inode);
  hash_inode(inode);
  return &inode;
}

void Tmpfs::touch(Inode& inode) {
  const Core& core = vfs().core();
  inode.mtime = core.now() - core.now() % core.tick();
}

/// shmem_evict_inode().
void Tmpfs::evict_inode(Inode& inode) { ours(inode).data.truncate(0); }

void Tmpfs::destroy_inode(Inode& inode) {
  if (inode.security) memory_.free_object(inode.security);
  memory_.free_object(inode.memory);
  --inodes_live_;
  inodes_.destroy(ours(inode));
}

std::string Tmpfs::check() const {
  return space_.used > space_.max ? "more blocks in use than the mount has" : std::string();
}

}  // namespace brink
