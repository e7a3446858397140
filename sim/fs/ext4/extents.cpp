// Which block of the device is which block of a file (fs/ext4/extents.c and ext4_map_blocks() of
// inode.c, Linux 4.0). Four extents fit into the inode; beyond that they are in leaf blocks of 340
// under an index in the inode. Left out: deeper trees, unwritten extents, removal from the middle.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::size_t extents_in_inode = 4;
constexpr std::size_t extents_in_leaf = 340;
constexpr std::uint32_t extent_max = 32'768;  // EXT_INIT_MAX_LEN

std::uint32_t depth(const DiskInode& raw) { return raw.tree.empty() ? 0 : 1; }

/// The extent that holds the logical block, or the first one behind it.
std::size_t position(const DiskInode& raw, std::uint32_t block) {
  const auto at = std::partition_point(raw.extents.begin(), raw.extents.end(),
                                       [block](const Extent& e) { return e.end() <= block; });
  return static_cast<std::size_t>(at - raw.extents.begin());
}

/// Which leaf block holds the extent at this position.
std::size_t leaf_index(const DiskInode& raw, std::size_t at) {
  return std::min(at / extents_in_leaf, raw.tree.size() - 1);
}

}  // namespace

/// ext4_find_extent(): memory for the path through the tree, and the leaf block, if there is one.
int Ext4::find_extent(Ext4Inode& inode, Site site, SlabObject& path, Buffer*& leaf,
                      std::uint32_t block) {
  const DiskInode& raw = *inode.raw;
  leaf = nullptr;
  path = memory_.kmalloc(48 * (depth(raw) + 2), site);
  if (!path) return -ENOMEM;
  if (raw.tree.empty()) return 0;
  int error = 0;
  leaf = bread(raw.tree[leaf_index(raw, position(raw, block))], error);
  if (leaf != nullptr) return 0;
  memory_.free_object(path);
  path = {};
  return error;
}

/// ext4_map_blocks(): 0 with a length of 0 for a hole that was not to be filled; or a negative
/// errno. `reserved` says that delayed allocation has claimed the blocks already.
int Ext4::map_blocks(Handle* handle, Ext4Inode& inode, BlockMap& map, bool create, bool reserved) {
  core_.charge(1);
  const std::uint32_t wanted = map.length;
  const ExtentStatus* const known = inode.status.find(map.block);
  bool mapped = false;
  if (known != nullptr) {
    mapped = known->kind == ExtentStatus::Kind::written;
    map.length = mapped ? std::min(wanted, known->end() - map.block) : 0;
    if (mapped) map.start = known->start + (map.block - known->block);
  } else {
    const ReadGuard guard(inode.i_data_sem);
    const int error = ext_map_blocks(nullptr, inode, map, false);
    if (error != 0) return error;
    mapped = map.length != 0;
    if (mapped) {
      const int kept =
          inode.status.insert({map.block, map.length, map.start, ExtentStatus::Kind::written, {}});
      if (kept != 0) return kept;
    }
  }
  if (!create || mapped) return 0;
  map.length = wanted;
  const WriteGuard guard(inode.i_data_sem);
  int error = ext_map_blocks(handle, inode, map, true, reserved);
  if (error == 0 && map.length != 0) {
    error =
        inode.status.insert({map.block, map.length, map.start, ExtentStatus::Kind::written, {}});
  }
  return error;
}

/// ext4_ext_map_blocks(), with i_data_sem held.
int Ext4::ext_map_blocks(Handle* handle, Ext4Inode& inode, BlockMap& map, bool create,
                         bool reserved) {
  Frame frame(core_.current(), "ext4_ext_map_blocks");
  SlabObject path;
  Buffer* leaf = nullptr;
  int error = find_extent(inode, site::ext4_extent_path, path, leaf, map.block);
  if (error != 0) return error;
  const std::vector<Extent>& extents = inode.raw->extents;
  const std::size_t at = position(*inode.raw, map.block);
  map.fresh = false;
  if (at < extents.size() && extents[at].block <= map.block) {
    const std::uint32_t into = map.block - extents[at].block;
    map.start = extents[at].start + into;
    map.length = std::min(map.length, extents[at].length - into);
  } else if (!create) {
    // What is known to be missing is remembered too, if there is memory to do so.
    const std::uint32_t end = at < extents.size() ? extents[at].block : ~std::uint32_t{0};
    const std::uint32_t gap = std::min(end, inode.status.unknown_until(map.block)) - map.block;
    if (gap != 0) {
      static_cast<void>(inode.status.insert({map.block, gap, 0, ExtentStatus::Kind::hole, {}}));
    }
    map.length = 0;
  } else {
    if (at < extents.size()) map.length = std::min(map.length, extents[at].block - map.block);
    error = allocate_extent(*handle, inode, map, at, reserved, leaf);
  }
  if (leaf != nullptr) buffers_.put(*leaf);
  memory_.free_object(path);
  return error;
}

/// New blocks for a hole, near those before it.
int Ext4::allocate_extent(Handle& handle, Ext4Inode& inode, BlockMap& map, std::size_t at,
                          bool reserved, Buffer*& leaf) {
  const std::vector<Extent>& extents = inode.raw->extents;
  BlockNumber goal = contents_.layout().first_block(Layout::group_of(inode.ino));
  if (at > 0) goal = extents[at - 1].start + (map.block - extents[at - 1].block);
  map.length = std::min(map.length, extent_max);
  int error = 0;
  const BlockNumber start = new_blocks(handle, inode, map.block, goal, map.length, reserved, error);
  if (error != 0) return error;
  map.start = start;
  map.fresh = true;
  error = insert_extent(handle, inode, {map.block, map.length, start}, leaf);
  if (error == 0) return 0;
  // The blocks are given back; what was reserved for them stays reserved.
  discard_preallocations(inode);
  free_blocks(handle, start, map.length, false);
  map.length = 0;
  return error;
}

/// ext4_ext_insert_extent(): joins it to a neighbour, or makes room for one more.
int Ext4::insert_extent(Handle& handle, Ext4Inode& inode, const Extent& extent, Buffer*& leaf) {
  Frame frame(core_.current(), "ext4_ext_insert_extent");
  DiskInode& raw = *inode.raw;
  const std::size_t at = position(raw, extent.block);
  Extent* const before = at > 0 ? &raw.extents[at - 1] : nullptr;
  const bool joins = before != nullptr && before->end() == extent.block &&
                     before->start + before->length == extent.start &&
                     before->length + extent.length <= extent_max;
  const std::size_t room = raw.tree.empty() ? extents_in_inode : raw.tree.size() * extents_in_leaf;
  if (!joins && raw.extents.size() == room) {
    const int error = grow_tree(handle, inode, leaf);
    if (error != 0) return error;
  }
  if (leaf != nullptr) {
    const int error = get_write_access(handle, *leaf);
    if (error != 0) return error;
  }
  if (joins) {
    raw.extents[at - 1].length += extent.length;
  } else {
    raw.extents.insert(raw.extents.begin() + static_cast<std::ptrdiff_t>(at), extent);
  }
  return leaf != nullptr ? dirty_metadata(handle, *leaf) : mark_inode_dirty(handle, inode);
}

/// ext4_ext_grow_indepth() and ext4_ext_split(): a block more for the tree.
int Ext4::grow_tree(Handle& handle, Ext4Inode& inode, Buffer*& leaf) {
  Frame frame(core_.current(), "ext4_ext_create_new_leaf");
  DiskInode& raw = *inode.raw;
  SlabObject list;
  if (!raw.tree.empty()) {
    list = memory_.kmalloc(8, site::ext4_extent_split);
    if (!list) return -ENOMEM;
  }
  int error = 0;
  std::uint32_t length = 1;
  const BlockNumber goal = contents_.layout().first_block(Layout::group_of(inode.ino));
  const BlockNumber block = new_blocks(handle, inode, no_logical, goal, length, false, error);
  Buffer* const buffer = error == 0 ? buffers_.getblk(block) : nullptr;
  if (error == 0 && buffer == nullptr) error = -ENOMEM;
  if (buffer != nullptr) {
    error = get_create_access(handle, *buffer);
    if (error == 0) {
      buffers_.fill(*buffer);
      error = dirty_metadata(handle, *buffer);
    }
    if (error != 0) buffers_.put(*buffer);
  }
  if (list) memory_.free_object(list);
  if (error != 0) return error;
  raw.tree.push_back(block);
  if (leaf != nullptr) buffers_.put(*leaf);
  leaf = buffer;
  return mark_inode_dirty(handle, inode);
}

}  // namespace brink
