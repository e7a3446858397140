// The buffer cache: metadata blocks of a device in its page cache (fs/buffer.c, Linux 4.0). A block
// is a page, so that each page has one buffer. Left out: the per-CPU LRU of buffers, which would
// keep a few of them busy, and block sizes other than 4 KiB.
//
// A buffer says whether a block is in memory and in what state; what the block means is kept by the
// file system itself.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "sim/block/block.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {

class Inode;
class Vfs;
struct JournalHead;
struct Writeback;

enum BufferState : std::uint32_t {
  BH_Uptodate = 1u << 0,
  BH_Dirty = 1u << 1,        ///< to be written in place
  BH_Lock = 1u << 2,         ///< under I/O
  BH_JBDDirty = 1u << 3,     ///< dirty, but the journal's business
  BH_Shadow = 1u << 4,       ///< being written to the journal, from its own page
  BH_Revoked = 1u << 5,      ///< the running transaction revokes it
  BH_RevokeValid = 1u << 6,  ///< BH_Revoked can be trusted
  BH_Write_EIO = 1u << 7,
  BH_Escape = 1u << 8,  ///< begins with the journal's magic number
};

struct Buffer {
  BlockNumber block = 0;
  Pfn page = no_page;
  std::uint32_t state = 0;
  std::uint32_t count = 0;  ///< b_count
  JournalHead* jh = nullptr;
  Task* submitter = nullptr;  ///< who is about to start the I/O that it is marked with
  Nanos submitting_since = 0;
  Waiters sleepers;
  SlabObject head;

  bool has(std::uint32_t bits) const { return (state & bits) != 0; }
};

/// What the journal has to say about its buffers; implemented by jbd2.
class BufferOwner {
 public:
  /// Lets go of the buffer's journal head if nothing needs it any more; true if there is none left.
  virtual bool try_to_free(Buffer& buffer) = 0;

 protected:
  ~BufferOwner() = default;
};

class BufferCache final : public MappingOps {
 public:
  BufferCache(Vfs& vfs, const Partition& partition);
  ~BufferCache() override;

  /// The inode on whose flusher's list dirty blocks are.
  void set_inode(Inode& inode) { inode_ = &inode; }
  void set_owner(BufferOwner& owner) { owner_ = &owner; }

  /// The buffer of a block, with a reference, perhaps not up to date (__getblk()). It insists on
  /// memory as the sites' rules say; null only where they let it fail.
  Buffer* getblk(BlockNumber block);
  /// Only if it is cached.
  Buffer* find(BlockNumber block);
  /// Up to date; null after an I/O error (__bread()).
  Buffer* bread(BlockNumber block);
  /// Makes it up to date without reading: its contents are about to be written whole.
  void fill(Buffer& buffer) { buffer.state |= BH_Uptodate; }
  void get(Buffer& buffer) { ++buffer.count; }
  void put(Buffer& buffer) noexcept;

  /// Starts to read it, if it is not up to date and not under I/O already.
  void start_read(Buffer& buffer, Site site);
  void wait_on(Buffer& buffer, std::uint32_t bits = BH_Lock);
  void mark_dirty(Buffer& buffer);
  /// Starts to write it in place, if it is dirty (write_dirty_buffer()).
  void write_dirty(Buffer& buffer);
  /// Starts to write it, dirty or not, and leaves waiting to the caller.
  void start_write(Buffer& buffer);
  /// The running task will start the I/O that it has marked the buffer with.
  void about_to_submit(Buffer& buffer);
  /// Wakes who waits for bits of its state to fall.
  void wake(Buffer& buffer) noexcept;
  /// An empty bio that makes the device write back its cache; waits for it (blkdev_issue_flush()).
  int issue_flush();

  int writepages(Writeback& control);

  Vfs& vfs() const { return vfs_; }
  Device& device() const { return *partition_.device; }
  BlockNumber on_device(BlockNumber block) const { return partition_.first + block; }
  FileMapping& mapping() { return mapping_; }
  std::size_t buffers() const { return buffers_.live(); }

  // --- MappingOps, for the pages of the device.
  Written writepage(FileMapping& mapping, Pfn page) override;
  bool release_page(FileMapping& mapping, Pfn page, Gfp gfp) override;
  void invalidate_page(FileMapping& mapping, Pfn page) override;
  void blockers(const FileMapping& mapping, Pfn page, const Task& waiter,
                BlockerSink& sink) const override;
  std::string describe(const FileMapping& mapping) const override;
  /// Who must act before I/O on this block ends.
  void io_blockers(const Buffer& buffer, const Task& waiter, BlockerSink& sink) const;
  bool write_congested(const FileMapping&) const override { return device().congested(true); }

 private:
  using Chunk = std::array<Buffer*, 512>;

  Buffer* lookup(BlockNumber block) const;
  void set(BlockNumber block, Buffer* buffer);
  Buffer* grow(BlockNumber block);
  Pfn find_or_create_page(BlockNumber block);
  bool drop(Buffer& buffer);
  bool write_page(Pfn page, bool sync);
  void submit(Buffer& buffer, bool write, Site site, Bio::EndIo end_io);
  static void end_read(Bio& bio);
  static void end_write(Bio& bio);
  static void end_page_write(Bio& bio);

  Vfs& vfs_;
  Memory& memory_;
  Core& core_;
  const Partition partition_;
  SlabCache& head_cache_;
  FileMapping mapping_;
  Inode* inode_ = nullptr;
  BufferOwner* owner_ = nullptr;
  std::vector<std::unique_ptr<Chunk>> chunks_;  ///< by block / 512
  Pool<Buffer> buffers_;
};

/// A reference to a buffer for as long as it lives; may be empty.
class BufferRef {
 public:
  BufferRef() = default;
  BufferRef(BufferCache& cache, Buffer* buffer) : cache_(&cache), buffer_(buffer) {}
  BufferRef(BufferRef&& other) noexcept : cache_(other.cache_), buffer_(other.release()) {}
  BufferRef& operator=(BufferRef&& other) noexcept {
    reset();
    cache_ = other.cache_;
    buffer_ = other.release();
    return *this;
  }
  ~BufferRef() { reset(); }

  explicit operator bool() const { return buffer_ != nullptr; }
  Buffer& operator*() const { return *buffer_; }
  Buffer* operator->() const { return buffer_; }
  Buffer* release() {
    Buffer* const buffer = buffer_;
    buffer_ = nullptr;
    return buffer;
  }
  void reset() {
    if (buffer_ != nullptr) cache_->put(*buffer_);
    buffer_ = nullptr;
  }

 private:
  BufferCache* cache_ = nullptr;
  Buffer* buffer_ = nullptr;
};

}  // namespace brink
