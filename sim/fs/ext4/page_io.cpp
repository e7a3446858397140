// Writing pages of files back (ext4_writepages() of fs/ext4/inode.c, and page-io.c, Linux 4.0). A
// round takes a handle, locks a run of pages without blocks, allocates blocks for them, and sends
// them off together.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::size_t max_extent_pages = 2048;  // MAX_WRITEPAGES_EXTENT_LEN
/// ext4_da_writepages_trans_blocks(): bitmaps, descriptors, tree, inode and superblock of one
/// extent.
constexpr std::uint32_t round_credits = 16;

}  // namespace

/// struct mpage_da_data and struct ext4_io_submit.
struct Ext4::Round {
  Ext4Inode& inode;
  Writeback& control;
  std::uint32_t next;  ///< page to go on with
  Handle* handle = nullptr;
  IoEnd* io_end = nullptr;
  Bio* bio = nullptr;
  std::vector<Pfn> pages{};  ///< locked, adjacent, without blocks
  std::size_t sent = 0;      ///< of these
  bool give_up = false;      ///< what is left cannot be written, ever
};

int Ext4::writepages(Inode& inode, Writeback& control) {
  if (&inode == &device_inode_) return buffers_.writepages(control);
  Frame frame(core_.current(), "ext4_writepages");
  FileMapping* const mapping = inode.mapping();
  if (mapping == nullptr || mapping->next_dirty(0) == no_page) return 0;
  if (fs_aborted_) return -EROFS;
  Ext4Inode& ours = as_ext4(inode);
  Round round{ours, control, control.range_cyclic ? inode.writeback_index : 0};
  bool cycled = round.next == 0;
  int error = 0;
  for (;;) {
    bool done = false;
    error = write_round(round, done);
    if (error == -ENOSPC) {
      // Blocks that were freed lately come back with the next commit.
      error = journal_.force_commit() ? 0 : -ENOSPC;
      if (error == 0) continue;
    }
    if (error != 0) break;
    if (!done) continue;
    if (cycled || (!control.sync && control.nr_to_write <= 0)) break;
    cycled = true;
    round.next = 0;
  }
  if (control.range_cyclic) inode.writeback_index = round.next;
  return error;
}

/// One extent and one handle.
int Ext4::write_round(Round& round, bool& done) {
  const SlabObject object = memory_.alloc_object(io_end_cache_, site::ext4_io_end);
  if (!object) return -ENOMEM;
  round.io_end = &io_ends_.make(IoEnd{&round.inode, 1, object});
  int error = 0;
  round.handle = start_handle(round_credits, error);
  if (round.handle != nullptr) {
    error = prepare_extent(round);
    if (error == 0) {
      if (round.pages.empty()) {
        done = true;
      } else {
        error = map_and_submit(round);
      }
    }
    static_cast<void>(stop_handle(round.handle));
    send_bio(round.bio);
    release_unused(round);
  }
  put_io_end(*round.io_end);
  return error;
}

/// mpage_prepare_extent_to_map(): sends pages that have blocks, and collects a run of those that
/// have none.
int Ext4::prepare_extent(Round& round) {
  PageCache& cache = memory_.cache();
  FileMapping& mapping = *round.inode.mapping();
  const bool sync = round.control.sync;
  while (sync || round.control.nr_to_write > static_cast<std::int64_t>(round.pages.size())) {
    const Pfn page = mapping.next_dirty(round.next);
    if (page == no_page) break;
    const std::uint32_t index = memory_.page(page).index;
    if (!round.pages.empty() && (index != round.next || round.pages.size() == max_extent_pages)) {
      break;
    }
    cache.pin(page);
    cache.lock_page(page);
    const Page& meta = memory_.page(page);
    const bool there = mapping.find(index) == page && meta.has(PG_dirty);
    if (!there || (meta.has(PG_writeback) && !sync)) {
      cache.unlock_page(page);
      cache.unpin(page);
      if (!round.pages.empty()) break;
      round.next = index + 1;
      continue;
    }
    cache.wait_on_page_writeback(page);
    const PageBuffer* const buffer = page_buffers_.find(page);
    BRINK_ASSERT(buffer != nullptr);
    if (buffer->delayed) {
      round.pages.push_back(page);
      round.next = index + 1;
      continue;
    }
    if (!round.pages.empty()) {
      cache.unlock_page(page);
      cache.unpin(page);
      break;
    }
    round.next = index + 1;
    send_page(round, page, buffer->block);
    core_.cond_resched();
  }
  return 0;
}

/// ext4_bio_write_page(): the page, which is locked and pinned, joins the round's bio.
void Ext4::send_page(Round& round, Pfn page, BlockNumber block) {
  PageCache& cache = memory_.cache();
  if (!extends(round.bio, block)) {
    send_bio(round.bio);
    round.bio = &new_bio(site::ext4_io_bio, block, true);
    round.bio->sync = round.control.sync;
    round.bio->end_io = end_bio;
    round.bio->argument = reinterpret_cast<std::uintptr_t>(round.io_end);
    ++round.io_end->users;
  }
  cache.clear_page_dirty_for_io(page);
  cache.set_page_writeback(page);
  round.bio->pages.push_back(page);
  ++round.bio->blocks;
  --round.control.nr_to_write;
  cache.unlock_page(page);
  cache.unpin(page);
}

/// mpage_map_and_submit_extent().
int Ext4::map_and_submit(Round& round) {
  Frame frame(core_.current(), "mpage_map_and_submit_extent");
  const std::uint32_t first = memory_.page(round.pages.front()).index;
  int error = 0;
  while (round.sent < round.pages.size() && error == 0) {
    BlockMap map{first + static_cast<std::uint32_t>(round.sent),
                 static_cast<std::uint32_t>(round.pages.size() - round.sent)};
    error = map_blocks(round.handle, round.inode, map, true, true);
    if (error != 0) break;
    for (std::uint32_t i = 0; i < map.length; ++i) {
      const Pfn page = round.pages[round.sent];
      PageBuffer& buffer = *page_buffers_.find(page);
      buffer = {map.start + i, true, false, buffer.head};
      // From here on the page is not the round's any more.
      ++round.sent;
      send_page(round, page, map.start + i);
    }
  }
  if (error != 0 && round.sent == 0) {
    // Want of memory or of space passes: the pages stay dirty, and their turn comes again.
    const bool transient = error == -ENOMEM || (error == -ENOSPC && contents_.free_blocks != 0);
    round.give_up = fs_aborted_ || !transient;
    return error;
  }
  const std::uint64_t end =
      std::min(round.inode.size, (std::uint64_t{first} + round.sent) << page_shift);
  if (end > round.inode.disk_size) {
    const WriteGuard guard(round.inode.i_data_sem);
    round.inode.disk_size = end;
    const int result = mark_inode_dirty(*round.handle, round.inode);
    if (result != 0) {
      ++errors_;
      handle_error();
    }
    if (error == 0) error = result;
  }
  return error;
}

/// mpage_release_unused_pages(): unlocks what was not sent; throws it away if there is no hope.
void Ext4::release_unused(Round& round) {
  PageCache& cache = memory_.cache();
  FileMapping& mapping = *round.inode.mapping();
  for (std::size_t i = round.sent; i < round.pages.size(); ++i) {
    const Pfn page = round.pages[i];
    if (round.give_up) {
      cache.clear_page_dirty_for_io(page);
      invalidate_page(mapping, page);
      memory_.page(page).clear(PG_uptodate);
      mapping.set_error(-EIO);
    }
    if (i == round.sent && !round.give_up) round.next = memory_.page(page).index;
    cache.unlock_page(page);
    cache.unpin(page);
  }
  round.pages.clear();
  round.sent = 0;
  round.give_up = false;
}

void Ext4::put_io_end(IoEnd& io_end) noexcept {
  if (--io_end.users != 0) return;
  memory_.free_object(io_end.memory);
  io_ends_.destroy(io_end);
}

/// ext4_end_bio(), in interrupt context.
void Ext4::end_bio(Bio& bio) {
  Ext4& self = *static_cast<Ext4*>(bio.owner);
  IoEnd& io_end = *reinterpret_cast<IoEnd*>(static_cast<std::uintptr_t>(bio.argument));
  PageCache& cache = self.memory_.cache();
  for (const Pfn page : bio.pages) {
    if (bio.error != 0) cache.mapping_of(self.memory_.page(page)).set_error(-EIO);
    cache.end_page_writeback(page);
  }
  self.put_io_end(io_end);
}

/// ext4_writepage(), for reclaim: a page that has no block yet must wait for the flusher.
MappingOps::Written Ext4::writepage(FileMapping& mapping, Pfn page) {
  Frame frame(core_.current(), "ext4_writepage");
  PageCache& cache = memory_.cache();
  const PageBuffer* const buffer = page_buffers_.find(page);
  if (buffer == nullptr || buffer->delayed) {
    cache.set_page_dirty(page);
    cache.unlock_page(page);
    return Written::started;
  }
  const BlockNumber block = buffer->block;
  const SlabObject object = memory_.alloc_object(io_end_cache_, site::ext4_write_io_end);
  if (!object) {
    // pageout() takes it for an I/O error, which the next fsync() will report.
    cache.set_page_dirty(page);
    cache.unlock_page(page);
    mapping.set_error(-EIO);
    memory_.failures().settle_last(Fate::late);
    return Written::failed;
  }
  Writeback control;
  Round round{as_ext4(*static_cast<Inode*>(mapping.host())), control, 0};
  round.io_end = &io_ends_.make(IoEnd{&round.inode, 1, object});
  cache.pin(page);
  send_page(round, page, block);
  send_bio(round.bio);
  put_io_end(*round.io_end);
  return Written::started;
}

}  // namespace brink
