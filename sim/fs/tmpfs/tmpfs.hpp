// tmpfs (mm/shmem.c and fs/libfs.c, Linux 4.0): files that are nowhere but in memory and swap. Left
// out: extended attributes, symbolic and hard links, remounts, the cursor of getdents. Names are
// kept in their directory; that this pins their dentries in the kernel is modelled by the dentry
// cache (SuperBlock::pins_dentries()).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/block/pool.hpp"
#include "sim/fs/flat_map.hpp"
#include "sim/mm/shmem.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

class TmpfsInode final : public Inode {
 public:
  TmpfsInode(SuperBlock& super, InodeNumber number, bool is_directory, ShmemSpace& space);

  Shmem data;
  FlatMap<NameId, TmpfsInode*> names;  ///< of a directory
};

class Tmpfs final : public SuperBlock {
 public:
  /// At most `size` bytes in files; 0: half of RAM.
  Tmpfs(Vfs& vfs, std::uint64_t size);
  ~Tmpfs() override;

  void make_directory(std::string_view path) override;
  /// shmem_fill_super(): the root, and what make_directory() was told of. By the task that boots
  /// the machine.
  void load() override;
  std::string check() const override;
  bool pins_dentries() const override { return true; }

  const ShmemSpace& space() const { return space_; }

  // --- SuperBlock.
  int lookup(Inode& dir, NameId name, Inode*& found) override;
  int create(Inode& dir, NameId name, Inode*& made) override;
  int mkdir(Inode& dir, NameId name, Inode*& made) override;
  int unlink(Inode& dir, NameId name, Inode& target) override;
  int rmdir(Inode& dir, NameId name, Inode& target) override;
  int rename(Inode& old_dir, NameId old_name, Inode& source, Inode& new_dir, NameId new_name,
             Inode* target) override;
  int open(Inode&, bool) override { return 0; }
  void release(Inode&, bool) override {}
  int truncate(Inode& inode) override;
  int write_begin(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn& page) override;
  int write_end(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn page) override;
  int read_pages(Inode& inode, const std::vector<Pfn>& pages, bool ahead) override;
  int writepages(Inode&, Writeback&) override { return 0; }
  int find_page(Inode& inode, std::uint32_t index, Pfn& page) override;
  int fault(File& file, std::uint32_t index, Pfn& page) override;
  int page_mkwrite(Inode& inode, Pfn page) override;
  int fsync(Inode&) override { return 0; }
  void dirty_inode(Inode&) override {}
  int write_inode(Inode&, const Writeback&) override { return 0; }
  void evict_inode(Inode& inode) override;
  void destroy_inode(Inode& inode) override;

 private:
  TmpfsInode& ours(Inode& inode) const { return static_cast<TmpfsInode&>(inode); }
  TmpfsInode* new_inode(bool directory, Site inode_site, Site security_site);
  TmpfsInode& directory_in(TmpfsInode& dir, std::string_view name);
  void link(TmpfsInode& dir, NameId name, TmpfsInode& inode);
  void unlink_name(TmpfsInode& dir, NameId name, TmpfsInode& inode);
  void touch(Inode& inode);

  Memory& memory_;
  ShmemSpace space_;
  Pages max_inodes_;
  std::uint64_t inodes_made_ = 0, inodes_live_ = 0;
  SlabCache& inode_cache_;
  std::vector<std::string> directories_;  ///< that load() makes
  Pool<TmpfsInode> inodes_;
};

}  // namespace brink
