// Finding, making, reading and writing buffers.

#include "sim/fs/buffer.hpp"

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

/// A buffer under I/O: the device answers once it has been asked.
class BufferWait final : public Waitable {
 public:
  BufferWait(const BufferCache& cache, const Buffer& buffer)
      : Waitable(WaitKind::wakers), cache_(cache), buffer_(buffer) {}
  void blockers(const Task& waiter, BlockerSink& sink) const override {
    cache_.io_blockers(buffer_, waiter, sink);
  }
  std::string describe() const override { return "I/O on block " + std::to_string(buffer_.block); }

 private:
  const BufferCache& cache_;
  const Buffer& buffer_;
};

}  // namespace

BufferCache::BufferCache(Vfs& vfs, const Partition& partition)
    : vfs_(vfs),
      memory_(vfs.memory()),
      core_(vfs.core()),
      partition_(partition),
      head_cache_(
          vfs.memory().slab_cache({.name = "buffer_head", .size = 104, .reclaim_account = true})),
      mapping_(vfs.memory(), *this, this),
      chunks_(partition.blocks / 512 + 1) {}

BufferCache::~BufferCache() = default;

// --- Finding and making.

Buffer* BufferCache::lookup(BlockNumber block) const {
  const auto& chunk = chunks_[block / 512];
  return chunk ? (*chunk)[block % 512] : nullptr;
}

void BufferCache::set(BlockNumber block, Buffer* buffer) {
  auto& chunk = chunks_[block / 512];
  if (!chunk) chunk = std::make_unique<Chunk>();
  (*chunk)[block % 512] = buffer;
}

Buffer* BufferCache::find(BlockNumber block) {
  Buffer* const buffer = lookup(block);
  if (buffer == nullptr) return nullptr;
  memory_.cache().mark_page_accessed(buffer->page);
  get(*buffer);
  return buffer;
}

Buffer* BufferCache::getblk(BlockNumber block) {
  BRINK_ASSERT(block < partition_.blocks);
  Buffer* const buffer = find(block);
  return buffer != nullptr ? buffer : grow(block);
}

/// The page of a block, locked; no_page if there is no memory for it, where that can be.
Pfn BufferCache::find_or_create_page(BlockNumber block) {
  PageCache& cache = memory_.cache();
  const auto index = static_cast<std::uint32_t>(block);
  for (;;) {
    Pfn page = mapping_.find(index);
    if (page != no_page) {
      cache.pin(page);
      cache.lock_page(page);
      const bool still_there = mapping_.find(index) == page;
      if (!still_there) cache.unlock_page(page);
      cache.unpin(page);
      if (still_there) return page;
      continue;
    }
    page = memory_.alloc_pages_insisting(site::bh_page);
    if (page == no_page) return no_page;
    const int error = mapping_.add(page, index, site::bh_node, memory_.rule(site::bh_node).gfp);
    if (error == 0) return page;
    memory_.free_pages(page, 0);
    if (error != -EEXIST) return no_page;
  }
}

Buffer* BufferCache::grow(BlockNumber block) {
  Frame frame(core_.current(), "__getblk_slow");
  const Pfn page = find_or_create_page(block);
  if (page == no_page) return nullptr;
  Buffer* buffer = lookup(block);
  if (buffer == nullptr) {
    const SlabObject head = memory_.alloc_object_insisting(head_cache_, site::bh_head, {.nap = 0});
    if (head) {
      buffer = &buffers_.make();
      buffer->block = block;
      buffer->page = page;
      buffer->head = head;
      if (memory_.page(page).has(PG_uptodate)) buffer->state |= BH_Uptodate;
      set(block, buffer);
      memory_.cache().set_private(page);
    }
  }
  if (buffer != nullptr) get(*buffer);
  memory_.cache().unlock_page(page);
  return buffer;
}

void BufferCache::put(Buffer& buffer) noexcept {
  if (core_.aborting()) return;
  BRINK_ASSERT(buffer.count > 0);
  if (--buffer.count == 0 && buffer.jh == nullptr && !buffer.has(BH_Dirty | BH_Lock)) {
    memory_.reclaim_changed();
  }
}

/// drop_buffers(): frees a buffer that nobody uses; false if somebody does.
bool BufferCache::drop(Buffer& buffer) {
  if (buffer.has(BH_Dirty | BH_Lock | BH_JBDDirty)) return false;
  if (buffer.jh != nullptr && (owner_ == nullptr || !owner_->try_to_free(buffer))) return false;
  if (buffer.count != 0) return false;
  memory_.cache().clear_private(buffer.page);
  set(buffer.block, nullptr);
  memory_.free_object(buffer.head);
  buffers_.destroy(buffer);
  return true;
}

// --- Reading and writing one block.

void BufferCache::about_to_submit(Buffer& buffer) {
  buffer.submitter = &core_.current();
  buffer.submitting_since = core_.now();
}

void BufferCache::submit(Buffer& buffer, bool write, Site site, Bio::EndIo end_io) {
  about_to_submit(buffer);
  Bio& bio = vfs_.block().bios().alloc(site);
  bio.block = on_device(buffer.block);
  bio.blocks = 1;
  bio.write = write;
  bio.owner = this;
  bio.argument = buffer.block;
  bio.end_io = end_io;
  buffer.submitter = nullptr;
  device().submit(bio);
}

void BufferCache::start_read(Buffer& buffer, Site site) {
  if (buffer.has(BH_Uptodate | BH_Lock)) return;
  buffer.state |= BH_Lock;
  submit(buffer, false, site, end_read);
}

void BufferCache::end_read(Bio& bio) {
  BufferCache& self = *static_cast<BufferCache*>(bio.owner);
  Buffer& buffer = *self.lookup(bio.argument);
  buffer.state &= ~std::uint32_t{BH_Lock};
  if (bio.error == 0) buffer.state |= BH_Uptodate;
  self.wake(buffer);
}

Buffer* BufferCache::bread(BlockNumber block) {
  Buffer* const buffer = getblk(block);
  if (buffer == nullptr || buffer->has(BH_Uptodate)) return buffer;
  start_read(*buffer, site::bh_bio);
  wait_on(*buffer);
  if (buffer->has(BH_Uptodate)) return buffer;
  put(*buffer);
  return nullptr;
}

void BufferCache::wait_on(Buffer& buffer, std::uint32_t bits) {
  while (buffer.has(bits)) {
    const BufferWait wait(*this, buffer);
    buffer.sleepers.push(core_.current());
    core_.park(wait, WaitMode::uninterruptible);
  }
}

void BufferCache::wake(Buffer& buffer) noexcept {
  while (!buffer.sleepers.empty()) core_.wake(buffer.sleepers.pop());
}

void BufferCache::mark_dirty(Buffer& buffer) {
  if (buffer.has(BH_Dirty)) return;
  buffer.state |= BH_Dirty;
  memory_.cache().set_page_dirty(buffer.page);
  vfs_.mark_inode_dirty(*inode_, I_DIRTY_PAGES);
}

void BufferCache::start_write(Buffer& buffer) {
  BRINK_ASSERT(!buffer.has(BH_Lock));
  buffer.state |= BH_Lock;
  buffer.state &= ~std::uint32_t{BH_Dirty};
  submit(buffer, true, site::bh_bio, end_write);
}

void BufferCache::write_dirty(Buffer& buffer) {
  wait_on(buffer);
  if (buffer.has(BH_Dirty)) start_write(buffer);
}

void BufferCache::end_write(Bio& bio) {
  BufferCache& self = *static_cast<BufferCache*>(bio.owner);
  Buffer& buffer = *self.lookup(bio.argument);
  buffer.state &= ~std::uint32_t{BH_Lock};
  if (bio.error != 0) buffer.state |= BH_Write_EIO;
  self.memory_.reclaim_changed();
  self.wake(buffer);
}

int BufferCache::issue_flush() {
  Frame frame(core_.current(), "blkdev_issue_flush");
  Bio& bio = vfs_.block().bios().alloc(site::blk_flush_bio);
  WaitQueue queue(core_, "a cache flush", WaitKind::io);
  struct Ended {
    WaitQueue& queue;
    bool done;
    int error;
  } ended{queue, false, 0};
  bio.write = true;
  bio.sync = true;
  bio.blocks = 0;
  bio.owner = &ended;
  bio.end_io = [](Bio& flush) {
    Ended& end = *static_cast<Ended*>(flush.owner);
    end.done = true;
    end.error = flush.error;
    end.queue.wake_up();
  };
  device().submit(bio);
  queue.wait_event([&ended] { return ended.done; });
  return ended.error;
}

}  // namespace brink
