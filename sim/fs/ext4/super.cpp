// Making, loading and checking a file system (fs/ext4/super.c, Linux 4.0).

#include <string>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

Ext4::Ext4(Vfs& vfs, const Partition& partition, const Ext4Config& config, PanicSink* panic)
    : SuperBlock(vfs, *partition.device, "ext4"),
      memory_(vfs.memory()),
      core_(vfs.core()),
      partition_(partition),
      errors_mode_(config.errors),
      panic_(panic),
      contents_(Layout(partition.blocks * page_size, config.journal)),
      buffers_(vfs, partition),
      journal_(buffers_, contents_.layout().journal_blocks(), log_block, this, *this),
      status_shrinker_(vfs.memory()),
      data_class_(vfs.locks().lock_class("ext4.i_data_sem")),
      orphan_lock_(vfs.locks(), vfs.locks().lock_class("ext4.s_orphan_lock")),
      inode_cache_(memory_.slab_cache("ext4_inode_cache")),
      page_head_cache_(memory_.slab_cache("buffer_head")),
      context_cache_(memory_.slab_cache("ext4_allocation_context")),
      prealloc_cache_(memory_.slab_cache("ext4_prealloc_space")),
      free_data_cache_(memory_.slab_cache("ext4_free_data")),
      jinode_cache_(memory_.slab_cache("jbd2_inode")),
      io_end_cache_(memory_.slab_cache("ext4_io_end")),
      device_inode_(*this, 0, false),
      buddy_(vfs.memory(), *this, nullptr) {
  device_inode_.hashed = true;  // So that its dirty pages count, though nobody can look it up.
  device_inode_.set_device_pages(buffers_.mapping());
  buffers_.set_inode(device_inode_);
}

Ext4::~Ext4() = default;

BlockNumber Ext4::log_block(const void* ext4, std::uint32_t index) {
  return static_cast<const Ext4*>(ext4)->contents_.layout().journal_block(index);
}

// --- Before the mount.

InodeNumber Ext4::make_parents(std::string_view path, std::string_view& last) {
  InodeNumber dir = root_inode;
  std::size_t from = path.find_first_not_of('/');
  while (from != std::string_view::npos) {
    const std::size_t slash = path.find('/', from);
    last = path.substr(from, slash - from);
    from = slash == std::string_view::npos ? slash : path.find_first_not_of('/', slash);
    if (from == std::string_view::npos) break;
    dir = directory_in(dir, last);
  }
  return dir;
}

/// The directory of that name, made if it is not there.
InodeNumber Ext4::directory_in(InodeNumber dir, std::string_view name) {
  const NameId id = vfs().names().intern(name);
  if (const Directory::Entry* entry = contents_.inode(dir).directory->find(id)) return entry->ino;
  return contents_.make_directory(dir, id, static_cast<std::uint32_t>(name.size()));
}

void Ext4::make_directory(std::string_view path) {
  std::string_view last;
  const InodeNumber dir = make_parents(path, last);
  if (!last.empty()) directory_in(dir, last);
}

void Ext4::make_file(std::string_view path, std::uint64_t size) {
  std::string_view last;
  const InodeNumber dir = make_parents(path, last);
  BRINK_ASSERT(!last.empty());
  contents_.make_file(dir, vfs().names().intern(last), static_cast<std::uint32_t>(last.size()),
                      size);
}

void Ext4::load() {
  Frame frame(core_.current(), "ext4_fill_super");
  // These stay in memory for as long as it is mounted.
  const BlockNumber descriptors = contents_.layout().descriptor_block(contents_.groups() - 1);
  for (BlockNumber block = 0; block <= descriptors; ++block) {
    Buffer* const buffer = buffers_.getblk(block);
    BRINK_ASSERT(buffer != nullptr);
    buffers_.fill(*buffer);
  }
  journal_.load();
  // The mount has read the root's table block.
  Buffer* const table = buffers_.getblk(contents_.layout().inode_block(root_inode));
  BRINK_ASSERT(table != nullptr);
  buffers_.fill(*table);
  buffers_.put(*table);
  InodeMemory memory{memory_.alloc_object(inode_cache_, site::kernel_boot), {}};
  if (memory_.rules().lsm_blobs) memory.security = memory_.kmalloc(72, site::kernel_boot);
  BRINK_ASSERT(memory.inode);
  Ext4Inode& root = make_inode(memory, root_inode, true);
  root.raw = &contents_.inode(root_inode);
  root.nlink = root.raw->nlink;
  root.size = root.disk_size = root.raw->size;
  root.state = 0;
  hash_inode(root);
  set_root(vfs().dcache().make_root(*this, root));
}

}  // namespace brink
