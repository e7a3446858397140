// The pages under the buffers: what the flusher and reclaim do with them (block_write_full_page()
// and try_to_free_buffers(), fs/buffer.c, Linux 4.0).

#include "brink/site_list.hpp"
#include "sim/fs/buffer.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

/// Writes a page that is locked and no longer marked dirty; unlocks it. False if it had to be left
/// for later, because its buffer is under I/O.
bool BufferCache::write_page(Pfn page, bool sync) {
  PageCache& cache = memory_.cache();
  Buffer* const buffer = lookup(memory_.page(page).index);
  if (buffer != nullptr && sync) wait_on(*buffer);
  if (buffer == nullptr || !buffer->has(BH_Dirty)) {
    cache.unlock_page(page);
    return true;
  }
  if (buffer->has(BH_Lock)) {
    cache.set_page_dirty(page);
    cache.unlock_page(page);
    return false;
  }
  buffer->state |= BH_Lock;
  buffer->state &= ~std::uint32_t{BH_Dirty};
  about_to_submit(*buffer);
  cache.set_page_writeback(page);
  cache.unlock_page(page);
  submit(*buffer, true, site::blk_page_bio, end_page_write);
  return true;
}

void BufferCache::end_page_write(Bio& bio) {
  BufferCache& self = *static_cast<BufferCache*>(bio.owner);
  Buffer& buffer = *self.lookup(bio.argument);
  buffer.state &= ~std::uint32_t{BH_Lock};
  if (bio.error != 0) buffer.state |= BH_Write_EIO;
  self.wake(buffer);
  self.memory_.cache().end_page_writeback(buffer.page);
}

int BufferCache::writepages(Writeback& control) {
  Frame frame(core_.current(), "blkdev_writepages");
  PageCache& cache = memory_.cache();
  std::uint32_t index = control.range_cyclic ? inode_->writeback_index : 0;
  bool cycled = index == 0;
  while (control.sync || control.nr_to_write > 0) {
    const Pfn page = mapping_.next_dirty(index);
    if (page == no_page) {
      if (cycled) break;
      cycled = true;
      index = 0;
      continue;
    }
    index = memory_.page(page).index + 1;
    cache.pin(page);
    cache.lock_page(page);
    const bool there = mapping_.find(index - 1) == page;
    const bool busy = there && memory_.page(page).has(PG_writeback);
    if (busy && control.sync) cache.wait_on_page_writeback(page);
    if (there && (!busy || control.sync) && cache.clear_page_dirty_for_io(page)) {
      if (write_page(page, control.sync)) {
        --control.nr_to_write;
      } else {
        ++control.pages_skipped;
      }
    } else {
      cache.unlock_page(page);
    }
    cache.unpin(page);
    core_.cond_resched();
  }
  if (control.range_cyclic) inode_->writeback_index = index;
  return 0;
}

// --- MappingOps.

MappingOps::Written BufferCache::writepage(FileMapping&, Pfn page) {
  Frame frame(core_.current(), "blkdev_writepage");
  write_page(page, false);
  return Written::started;
}

bool BufferCache::release_page(FileMapping&, Pfn page, Gfp) {
  Buffer* const buffer = lookup(memory_.page(page).index);
  return buffer == nullptr || drop(*buffer);
}

void BufferCache::invalidate_page(FileMapping&, Pfn page) {
  Buffer* const buffer = lookup(memory_.page(page).index);
  if (buffer == nullptr) return;
  buffer->state &= ~std::uint32_t{BH_Dirty};
  static_cast<void>(drop(*buffer));
}

void BufferCache::blockers(const FileMapping&, Pfn page, const Task& waiter,
                           BlockerSink& sink) const {
  const Buffer* const buffer = lookup(memory_.page(page).index);
  if (buffer == nullptr) return sink.event();
  io_blockers(*buffer, waiter, sink);
}

void BufferCache::io_blockers(const Buffer& buffer, const Task& waiter, BlockerSink& sink) const {
  if (buffer.submitter != nullptr) {
    return name_blocker(sink, *buffer.submitter, buffer.submitting_since);
  }
  device().blockers({.owner = this, .argument = buffer.block}, waiter, sink);
}

std::string BufferCache::describe(const FileMapping&) const {
  return "blocks of " + device().name();
}

}  // namespace brink
