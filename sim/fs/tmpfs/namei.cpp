// Names in tmpfs (mm/shmem.c and fs/libfs.c, Linux 4.0). An inode for which there is no memory is
// told of as ENOSPC.

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/tmpfs/tmpfs.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

/// The name holds a reference, as the pinned dentry does in the kernel.
void Tmpfs::link(TmpfsInode& dir, NameId name, TmpfsInode& inode) {
  dir.names.insert(name, &inode);
  iget(inode);
  touch(dir);
}

void Tmpfs::unlink_name(TmpfsInode& dir, NameId name, TmpfsInode& inode) {
  dir.names.erase(name);
  touch(dir);
  iput(inode);
}

/// simple_lookup(), and what is only there because load() made it.
int Tmpfs::lookup(Inode& dir, NameId name, Inode*& found) {
  TmpfsInode* const* const inode = ours(dir).names.find(name);
  if (inode == nullptr) return 0;
  iget(**inode);
  found = *inode;
  return 0;
}

int Tmpfs::create(Inode& dir, NameId name, Inode*& made) {
  Frame frame(vfs().core().current(), "shmem_mknod");
  TmpfsInode* const inode = new_inode(false, site::shmem_inode, site::lsm_inode);
  if (inode == nullptr) return -ENOSPC;
  link(ours(dir), name, *inode);
  made = inode;
  return 0;
}

int Tmpfs::mkdir(Inode& dir, NameId name, Inode*& made) {
  Frame frame(vfs().core().current(), "shmem_mkdir");
  TmpfsInode* const inode = new_inode(true, site::shmem_inode, site::lsm_inode);
  if (inode == nullptr) return -ENOSPC;
  inode->nlink = 2;
  ++dir.nlink;
  link(ours(dir), name, *inode);
  made = inode;
  return 0;
}

int Tmpfs::unlink(Inode& dir, NameId name, Inode& target) {
  Frame frame(vfs().core().current(), "shmem_unlink");
  --target.nlink;
  unlink_name(ours(dir), name, ours(target));
  return 0;
}

int Tmpfs::rmdir(Inode& dir, NameId name, Inode& target) {
  Frame frame(vfs().core().current(), "shmem_rmdir");
  if (ours(target).names.size() != 0) return -ENOTEMPTY;
  target.nlink = 0;
  --dir.nlink;
  unlink_name(ours(dir), name, ours(target));
  return 0;
}

/// shmem_rename2(), which needs no memory.
int Tmpfs::rename(Inode& old_dir, NameId old_name, Inode& source, Inode& new_dir, NameId new_name,
                  Inode* target) {
  Frame frame(vfs().core().current(), "shmem_rename2");
  if (target != nullptr) {
    if (target->directory && ours(*target).names.size() != 0) return -ENOTEMPTY;
    const int error =
        target->directory ? rmdir(new_dir, new_name, *target) : unlink(new_dir, new_name, *target);
    if (error != 0) return error;
  }
  ours(old_dir).names.erase(old_name);
  ours(new_dir).names.insert(new_name, &ours(source));
  if (source.directory) {
    --old_dir.nlink;
    ++new_dir.nlink;
  }
  touch(old_dir);
  touch(new_dir);
  return 0;
}

}  // namespace brink
