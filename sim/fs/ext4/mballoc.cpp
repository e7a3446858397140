// The block allocator (fs/ext4/mballoc.c, Linux 4.0): first fit from a goal in place of the buddy
// search, preallocation for files. Left out: buddy orders, locality groups, stripes, discard.
//
// A group's in-core state is two pages of a cache of its own; they can be reclaimed and are made
// again from the block bitmap.

#include <algorithm>
#include <bit>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::uint32_t prealloc_max = 2048;  // 8 MiB

/// ext4_mb_normalize_request(): the size that a file of so many blocks may grow to.
std::uint32_t normal_size(std::uint64_t blocks) {
  if (blocks <= 4) return 4;  // 16 KiB
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(std::bit_ceil(blocks), prealloc_max));
}

}  // namespace

/// Free blocks that nobody has been promised.
std::uint64_t Ext4::claimable() const {
  return contents_.free_blocks > reserved_blocks_ ? contents_.free_blocks - reserved_blocks_ : 0;
}

/// ext4_mb_load_buddy(): the group's bitmap and buddy pages are in memory.
int Ext4::load_buddy(std::uint32_t group) {
  Frame frame(core_.current(), "ext4_mb_load_buddy");
  PageCache& cache = memory_.cache();
  for (std::uint32_t index = group * 2; index < group * 2 + 2; ++index) {
    Pfn page = buddy_.find(index);
    if (page != no_page && memory_.page(page).has(PG_uptodate)) {
      cache.mark_page_accessed(page);
      continue;
    }
    if (page == no_page) {
      page = memory_.alloc_pages(site::ext4_buddy_page);
      if (page == no_page) return -ENOMEM;
      const int error =
          buddy_.add(page, index, site::pc_node, memory_.rule(site::ext4_buddy_page).gfp);
      if (error != 0) memory_.free_pages(page, 0);
      if (error == -EEXIST) {
        --index;
        continue;
      }
      if (error != 0) return error;
    } else {
      cache.pin(page);
      cache.lock_page(page);
      cache.unpin(page);
    }
    int error = 0;
    cache.pin(page);
    const BufferRef bitmap(buffers_, bread(contents_.layout().block_bitmap(group), error));
    if (error == 0) memory_.page(page).set(PG_uptodate);
    cache.unlock_page(page);
    cache.unpin(page);
    if (error != 0) return error;
  }
  return 0;
}

/// ext4_mb_new_blocks(): `length` blocks or fewer, on disk and in the counters. `logical` is
/// no_logical for blocks of the extent tree.
BlockNumber Ext4::new_blocks(Handle& handle, Ext4Inode& inode, std::uint32_t logical,
                             BlockNumber goal, std::uint32_t& length, bool reserved, int& error) {
  Frame frame(core_.current(), "ext4_mb_new_blocks");
  core_.might_sleep();
  std::uint32_t claimed = 0;
  if (!reserved) {
    while (length != 0 && claimable() < length) length /= 2;
    if (length == 0) {
      error = -ENOSPC;
      return 0;
    }
    claimed = length;
    reserved_blocks_ += claimed;
  }
  const SlabObject context = memory_.alloc_object(context_cache_, site::ext4_alloc_context);
  BlockNumber start = 0;
  if (!context) {
    error = -ENOMEM;
  } else {
    error = allocate(inode, logical, goal, length, start);
    if (error == 0) {
      error = mark_diskspace_used(handle, start, length);
      if (error != 0) {
        const std::uint32_t g = static_cast<std::uint32_t>(start / Layout::blocks_per_group);
        contents_.group(g).buddy->clear(
            static_cast<std::uint32_t>(start % Layout::blocks_per_group), length);
      }
    }
    memory_.free_object(context);
  }
  reserved_blocks_ -= claimed;
  if (error != 0) {
    length = 0;
    return 0;
  }
  if (reserved) {
    // What was delayed is allocated now.
    const std::uint32_t used = std::min(length, inode.reserved_blocks);
    inode.reserved_blocks -= used;
    reserved_blocks_ -= used;
  }
  return start;
}

/// Finds the blocks and takes them in core; more than was wanted may be set aside for the file.
int Ext4::allocate(Ext4Inode& inode, std::uint32_t logical, BlockNumber goal, std::uint32_t& length,
                   BlockNumber& start) {
  for (Preallocation& pa : inode.preallocations) {
    const std::uint32_t next = pa.block + pa.used;
    if (logical != next || pa.used == pa.length) continue;
    length = std::min(length, pa.length - pa.used);
    start = pa.start + pa.used;
    pa.used += length;
    return 0;
  }
  const bool data = !inode.directory && logical != no_logical;
  std::uint32_t wanted = length;
  if (data) {
    const std::uint64_t blocks = std::max<std::uint64_t>((inode.size + page_size - 1) / page_size,
                                                         std::uint64_t{logical} + length);
    const std::uint32_t size = normal_size(blocks);
    if (size > logical) wanted = std::max(wanted, size - logical);
  }
  if (int error = find_run(goal, wanted, start)) {
    if (error != -ENOSPC || !discard_all_preallocations()) return error;
    error = find_run(goal, wanted, start);
    if (error != 0) return error;
  }
  if (wanted <= length) {
    length = wanted;
    return 0;
  }
  // ext4_mb_new_inode_pa(): the rest is kept for the file.
  const SlabObject object = memory_.alloc_object(prealloc_cache_, site::ext4_prealloc);
  if (!object) {
    const auto g = static_cast<std::uint32_t>(start / Layout::blocks_per_group);
    contents_.group(g).buddy->clear(static_cast<std::uint32_t>(start % Layout::blocks_per_group),
                                    wanted);
    return -ENOMEM;
  }
  if (inode.preallocations.empty()) with_preallocations_.push_back(&inode);
  inode.preallocations.push_back({logical, start, wanted, length, object});
  return 0;
}

/// ext4_mb_regular_allocator(): the first free run from the goal on, of up to `length` blocks,
/// taken in core.
int Ext4::find_run(BlockNumber goal, std::uint32_t& length, BlockNumber& start) {
  const std::uint32_t groups = contents_.groups();
  const auto first = static_cast<std::uint32_t>(goal / Layout::blocks_per_group) % groups;
  for (std::uint32_t i = 0; i <= groups; ++i) {
    const std::uint32_t g = (first + i) % groups;
    if (contents_.peek(g).free_blocks == 0) continue;
    const int error = load_buddy(g);
    if (error != 0) return error;
    Bitmap& buddy = *contents_.group(g).buddy;
    const auto from = i == 0 ? static_cast<std::uint32_t>(goal % Layout::blocks_per_group) : 0;
    const std::uint32_t bit = buddy.find_clear(from);
    if (bit == buddy.size()) continue;
    length = buddy.clear_run(bit, length);
    buddy.set(bit, length);
    start = contents_.layout().first_block(g) + bit;
    return 0;
  }
  return -ENOSPC;
}

/// ext4_mb_mark_diskspace_used(): in the bitmap and the descriptor, through the journal.
int Ext4::mark_diskspace_used(Handle& handle, BlockNumber start, std::uint32_t length) {
  const auto g = static_cast<std::uint32_t>(start / Layout::blocks_per_group);
  int error = 0;
  const BufferRef bitmap(buffers_, bread(contents_.layout().block_bitmap(g), error));
  if (!bitmap) return error;
  error = get_write_access(handle, *bitmap);
  if (error != 0) return error;
  const BufferRef descriptor(buffers_, bread(contents_.layout().descriptor_block(g), error));
  if (!descriptor) return error;
  error = get_write_access(handle, *descriptor);
  if (error != 0) return error;
  Group& group = contents_.group(g);
  group.blocks->set(static_cast<std::uint32_t>(start % Layout::blocks_per_group), length);
  group.free_blocks -= length;
  contents_.free_blocks -= length;
  error = dirty_metadata(handle, *bitmap);
  return error != 0 ? error : dirty_metadata(handle, *descriptor);
}

// --- Preallocations.

void Ext4::discard_preallocations(Ext4Inode& inode) {
  if (inode.preallocations.empty()) return;
  for (const Preallocation& pa : inode.preallocations) {
    const auto g = static_cast<std::uint32_t>(pa.start / Layout::blocks_per_group);
    const auto bit = static_cast<std::uint32_t>(pa.start % Layout::blocks_per_group);
    contents_.group(g).buddy->clear(bit + pa.used, pa.length - pa.used);
    memory_.free_object(pa.memory);
  }
  inode.preallocations.clear();
  std::erase(with_preallocations_, &inode);
}

bool Ext4::discard_all_preallocations() {
  if (with_preallocations_.empty()) return false;
  while (!with_preallocations_.empty()) discard_preallocations(*with_preallocations_.back());
  return true;
}

// --- Freeing.

/// ext4_free_blocks(): nobody is told of errors; the file system is. `metadata` blocks are revoked.
void Ext4::free_blocks(Handle& handle, BlockNumber start, std::uint32_t length, bool metadata) {
  Frame frame(core_.current(), "ext4_free_blocks");
  core_.might_sleep();
  if (metadata) {
    for (std::uint32_t i = 0; i < length; ++i) {
      Buffer* const buffer = buffers_.find(start + i);
      if (buffer != nullptr) static_cast<void>(forget(handle, buffer, start + i));
    }
  }
  while (length != 0) {
    const auto g = static_cast<std::uint32_t>(start / Layout::blocks_per_group);
    const auto bit = static_cast<std::uint32_t>(start % Layout::blocks_per_group);
    const std::uint32_t count = std::min(length, Layout::blocks_per_group - bit);
    const int error = free_in_group(handle, g, bit, count);
    if (error != 0) return std_error(error);
    start += count;
    length -= count;
  }
}

int Ext4::free_in_group(Handle& handle, std::uint32_t g, std::uint32_t bit, std::uint32_t count) {
  int error = 0;
  const BufferRef bitmap(buffers_, bread(contents_.layout().block_bitmap(g), error));
  if (!bitmap) return error;
  const BufferRef descriptor(buffers_, bread(contents_.layout().descriptor_block(g), error));
  if (!descriptor) return error;
  error = get_write_access(handle, *bitmap);
  if (error == 0) error = get_write_access(handle, *descriptor);
  if (error == 0) error = load_buddy(g);
  if (error != 0) return error;
  // The blocks must not be used again before this transaction is on disk.
  const SlabObject object = memory_.alloc_object_insisting(free_data_cache_, site::ext4_free_data);
  if (!object) return -ENOMEM;
  FreeData& record = free_data_.make();
  record = {g, bit, count, object};
  Group& group = contents_.group(g);
  group.blocks->clear(bit, count);
  group.free_blocks += count;
  contents_.free_blocks += count;
  journal_.on_commit(handle, reinterpret_cast<std::uintptr_t>(&record));
  error = dirty_metadata(handle, *bitmap);
  const int result = dirty_metadata(handle, *descriptor);
  return error != 0 ? error : result;
}

/// ext4_free_data_callback(): the blocks may be used again.
void Ext4::commit_callback(std::uint64_t what) {
  FreeData& record = *reinterpret_cast<FreeData*>(static_cast<std::uintptr_t>(what));
  contents_.group(record.group).buddy->clear(record.bit, record.count);
  memory_.free_object(record.memory);
  free_data_.destroy(record);
}

}  // namespace brink
