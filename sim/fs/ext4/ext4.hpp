// The ext4 file system with its journal, data=ordered, delayed allocation (fs/ext4, Linux 4.0).
// Left out: htree indices (a directory is searched block by block), flex_bg, inline data, extended
// attributes, ACLs, quotas, symbolic links, hard links, direct I/O, data=journal, the fallback from
// delayed allocation when space runs low.
//
// Every metadata block is read, and access to it asked of the journal, where the kernel does so;
// what it contains is in Contents.
#pragma once

#include <string>
#include <string_view>

#include "brink/machine.hpp"
#include "sim/fs/buffer.hpp"
#include "sim/fs/ext4/contents.hpp"
#include "sim/fs/ext4/inode.hpp"
#include "sim/fs/jbd2/journal.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

/// The file system gave up, and was mounted so that this ends the run (errors=panic).
class PanicSink {
 public:
  virtual void panic(const std::string& reason) = 0;

 protected:
  ~PanicSink() = default;
};

/// A request to map a run of a file's blocks (struct ext4_map_blocks).
struct BlockMap {
  std::uint32_t block = 0;   ///< logical
  std::uint32_t length = 0;  ///< wanted; what was found
  BlockNumber start = 0;
  bool fresh = false;  ///< just allocated
};

struct Ext4Config {
  ErrorsMode errors = ErrorsMode::remount_ro;
  std::uint64_t journal = 64 * MiB;
};

class Ext4 final : public SuperBlock, public MappingOps, public JournalClient {
 public:
  // Blocks that an operation may change (fs/ext4/ext4_jbd2.h).
  static constexpr std::uint32_t data_credits = 27 + 6 - 2;  ///< EXT4_DATA_TRANS_BLOCKS
  static constexpr std::uint32_t index_credits = 8;          ///< EXT4_INDEX_EXTRA_TRANS_BLOCKS
  static constexpr std::uint32_t create_credits = data_credits + index_credits + 3;
  static constexpr std::uint32_t link_max = 65'000;  ///< EXT4_LINK_MAX
  /// In place of a logical block: for the extent tree itself.
  static constexpr std::uint32_t no_logical = ~std::uint32_t{0};

  /// Makes an empty file system on the partition (mkfs), without cost. `panic` may be null.
  Ext4(Vfs& vfs, const Partition& partition, const Ext4Config& config, PanicSink* panic);
  ~Ext4() override;

  /// Before the mount: a directory or file that is there from the start, with those above it.
  void make_directory(std::string_view path) override;
  void make_file(std::string_view path, std::uint64_t size);
  /// ext4_fill_super(): the superblock, the descriptors and the root come into memory, and the
  /// journal's thread starts. By the task that boots the machine.
  void load() override;

  Contents& contents() { return contents_; }
  Journal& journal() { return journal_; }
  BufferCache& buffers() { return buffers_; }
  /// Errors that were recorded (s_error_count), and whether the journal was aborted for one.
  std::uint32_t errors() const override { return errors_; }
  bool fs_aborted() const { return fs_aborted_; }
  std::uint64_t reserved_blocks() const { return reserved_blocks_; }
  /// Empty if links, bitmaps and counters agree with what the directories refer to; else what does
  /// not. For tests; nothing may be running. Without links and names if the journal has aborted.
  std::string check() const override;

  // --- SuperBlock.
  int lookup(Inode& dir, NameId name, Inode*& found) override;
  int create(Inode& dir, NameId name, Inode*& made) override;
  int mkdir(Inode& dir, NameId name, Inode*& made) override;
  int unlink(Inode& dir, NameId name, Inode& target) override;
  int rmdir(Inode& dir, NameId name, Inode& target) override;
  int rename(Inode& old_dir, NameId old_name, Inode& source, Inode& new_dir, NameId new_name,
             Inode* target) override;
  int open(Inode& inode, bool write) override;
  void release(Inode& inode, bool write) override;
  int truncate(Inode& inode) override;
  int write_begin(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn& page) override;
  int write_end(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn page) override;
  int read_pages(Inode& inode, const std::vector<Pfn>& pages, bool ahead) override;
  int writepages(Inode& inode, Writeback& control) override;
  int page_mkwrite(Inode& inode, Pfn page) override;
  int fsync(Inode& inode) override;
  void dirty_inode(Inode& inode) override;
  int write_inode(Inode& inode, const Writeback& control) override;
  void evict_inode(Inode& inode) override;
  void destroy_inode(Inode& inode) override;
  void settle_success(Task& task) override;
  void cleaners(BlockerSink& sink) const override;

  // --- MappingOps, of regular files and of the buddy bitmaps.
  Written writepage(FileMapping& mapping, Pfn page) override;
  bool release_page(FileMapping& mapping, Pfn page, Gfp gfp) override;
  void invalidate_page(FileMapping& mapping, Pfn page) override;
  void blockers(const FileMapping& mapping, Pfn page, const Task& waiter,
                BlockerSink& sink) const override;
  std::string describe(const FileMapping& mapping) const override;
  bool write_congested(const FileMapping&) const override { return device().congested(true); }

  // --- JournalClient.
  void commit_callback(std::uint64_t what) override;

 private:
  /// Blocks that were freed, until their transaction is on disk (struct ext4_free_data).
  struct FreeData {
    std::uint32_t group, bit, count;
    SlabObject memory;
  };
  /// What is kept with a page that has been written to (its buffer_head).
  struct PageBuffer {
    BlockNumber block;
    bool mapped, delayed;
    SlabObject head;
    bool busy = false;  ///< under I/O of its own (buffer_busy())
  };
  /// One round of writeback: its pages and bios (struct mpage_da_data, ext4_io_end_t).
  struct IoEnd {
    Ext4Inode* inode;
    std::uint32_t users;
    SlabObject memory;
  };
  /// An inode's slab objects; `inode` is invalid if there was no memory.
  struct InodeMemory {
    SlabObject inode, security;
  };
  struct Round;
  struct Renaming;

  // super.cpp
  InodeNumber make_parents(std::string_view path, std::string_view& last);
  InodeNumber directory_in(InodeNumber dir, std::string_view name);
  // handle.cpp (ext4_jbd2.c, super.c): journalling with ext4's reaction to errors.
  Handle* start_handle(std::uint32_t credits, int& error);
  int stop_handle(Handle* handle);
  int get_write_access(Handle& handle, Buffer& buffer);
  int get_create_access(Handle& handle, Buffer& buffer);
  int dirty_metadata(Handle& handle, Buffer& buffer);
  int forget(Handle& handle, Buffer* buffer, BlockNumber block);
  void abort_handle(Handle& handle, int error);
  void std_error(int error);
  void handle_error();
  void note_fs_error(int error);
  Buffer* bread(BlockNumber block, int& error);

  // ialloc.cpp
  Ext4Inode* new_inode(Ext4Inode& dir, NameId name, bool directory, std::uint32_t credits,
                       Handle*& handle, int& error);
  int claim_inode(std::uint32_t group, bool directory, std::uint32_t credits, Handle*& handle,
                  InodeNumber& ino);
  int take_inode(Handle& handle, Buffer& bitmap, std::uint32_t group, bool directory);
  std::uint32_t find_group(const Ext4Inode& dir, NameId name, bool directory) const;
  void free_inode(Handle& handle, Ext4Inode& inode);
  // inode.cpp
  InodeMemory alloc_inode_memory();
  void free_inode_memory(const InodeMemory& memory);
  Ext4Inode& make_inode(const InodeMemory& memory, InodeNumber ino, bool directory);
  Ext4Inode* iget(InodeNumber ino, int& error);
  Buffer* inode_block(Ext4Inode& inode, int& error);
  int reserve_inode_write(Handle& handle, Ext4Inode& inode, Buffer*& buffer);
  int mark_inode_dirty(Handle& handle, Ext4Inode& inode);
  void clear_inode(Ext4Inode& inode);
  int attach_jinode(Ext4Inode& inode);
  // dir.cpp
  int read_dirblock(Ext4Inode& dir, std::uint32_t block, Buffer*& buffer);
  int find_entry(Ext4Inode& dir, NameId name, const Directory::Entry*& entry, Buffer*& buffer);
  int append(Handle& handle, Ext4Inode& dir, Buffer*& buffer);
  int add_entry(Handle& handle, Ext4Inode& dir, NameId name, const Ext4Inode& inode);
  int add_to_block(Handle& handle, Ext4Inode& dir, std::uint32_t block, Buffer& buffer, NameId name,
                   const Ext4Inode& inode);
  int delete_entry(Handle& handle, Ext4Inode& dir, NameId name, Buffer& buffer);
  bool is_empty(Ext4Inode& dir);
  int try_create(Ext4Inode& parent, NameId name, Inode*& made);
  int try_mkdir(Ext4Inode& parent, NameId name, Inode*& made);
  int init_new_dir(Handle& handle, Ext4Inode& inode);
  // rename.cpp
  int rename_dir_prepare(Handle& handle, Renaming& renaming);
  int set_entry(Handle& handle, Renaming& renaming);
  int rename_handled(Handle& handle, Renaming& renaming);
  // unlink.cpp, evict.cpp
  int find_entry_of(Ext4Inode& dir, NameId name, const Ext4Inode& inode, Buffer*& block);
  int orphan_add(Handle& handle, Ext4Inode& inode);
  int orphan_del(Handle* handle, Ext4Inode& inode);
  void truncate_blocks(Ext4Inode& inode);
  void ext_truncate(Handle& handle, Ext4Inode& inode);
  int remove_space(Ext4Inode& inode, std::uint32_t from);
  int remove_last_extent(Handle& handle, Ext4Inode& inode, std::uint32_t from);
  int ensure_credits(Handle& handle, Ext4Inode& inode, std::uint32_t credits);
  void delete_inode(Ext4Inode& inode);
  // extents.cpp
  int map_blocks(Handle* handle, Ext4Inode& inode, BlockMap& map, bool create, bool reserved);
  int find_extent(Ext4Inode& inode, Site site, SlabObject& path, Buffer*& leaf,
                  std::uint32_t block);
  int ext_map_blocks(Handle* handle, Ext4Inode& inode, BlockMap& map, bool create,
                     bool reserved = false);
  int allocate_extent(Handle& handle, Ext4Inode& inode, BlockMap& map, std::size_t at,
                      bool reserved, Buffer*& leaf);
  int insert_extent(Handle& handle, Ext4Inode& inode, const Extent& extent, Buffer*& leaf);
  int grow_tree(Handle& handle, Ext4Inode& inode, Buffer*& leaf);
  // mballoc.cpp
  BlockNumber new_blocks(Handle& handle, Ext4Inode& inode, std::uint32_t logical, BlockNumber goal,
                         std::uint32_t& length, bool reserved, int& error);
  int allocate(Ext4Inode& inode, std::uint32_t logical, BlockNumber goal, std::uint32_t& length,
               BlockNumber& start);
  int find_run(BlockNumber goal, std::uint32_t& length, BlockNumber& start);
  int load_buddy(std::uint32_t group);
  int mark_diskspace_used(Handle& handle, BlockNumber start, std::uint32_t length);
  void free_blocks(Handle& handle, BlockNumber start, std::uint32_t length, bool metadata);
  int free_in_group(Handle& handle, std::uint32_t group, std::uint32_t bit, std::uint32_t count);
  void discard_preallocations(Ext4Inode& inode);
  bool discard_all_preallocations();
  std::uint64_t claimable() const;
  // write.cpp, read.cpp, page_io.cpp
  void write_delayed(Ext4Inode& inode);
  bool should_retry_alloc(int& retries);
  int grab_page(FileMapping& mapping, std::uint32_t index, Pfn& page);
  int prepare_page(Ext4Inode& inode, Pfn page, std::uint32_t index, bool partial);
  int read_page(Pfn page, BlockNumber block);
  int create_page_buffer(Pfn page);
  int da_map_block(Ext4Inode& inode, Pfn page, std::uint32_t block);
  void drop_page_buffer(Pfn page);
  Bio& new_bio(Site site, BlockNumber block, bool write);
  void send_bio(Bio*& bio);
  bool extends(const Bio* bio, BlockNumber block) const;
  int write_round(Round& round, bool& done);
  int prepare_extent(Round& round);
  void send_page(Round& round, Pfn page, BlockNumber block);
  int map_and_submit(Round& round);
  void release_unused(Round& round);
  void put_io_end(IoEnd& io_end) noexcept;
  static void end_bio(Bio& bio);
  static void end_read_bio(Bio& bio);
  static BlockNumber log_block(const void* ext4, std::uint32_t index);

  /// ext4_current_time(): to the tick.
  Nanos current_time() const { return core_.now() - core_.now() % core_.tick(); }
  Ext4Inode& as_ext4(Inode& inode) const { return static_cast<Ext4Inode&>(inode); }

  Memory& memory_;
  Core& core_;
  const Partition partition_;
  const ErrorsMode errors_mode_;
  PanicSink* const panic_;
  Contents contents_;
  BufferCache buffers_;
  Journal journal_;
  ExtentStatusShrinker status_shrinker_;
  LockClass& data_class_;
  Mutex orphan_lock_;
  SlabCache& inode_cache_;
  SlabCache& page_head_cache_;
  SlabCache& context_cache_;
  SlabCache& prealloc_cache_;
  SlabCache& free_data_cache_;
  SlabCache& jinode_cache_;
  SlabCache& io_end_cache_;
  std::uint32_t errors_ = 0;
  bool fs_aborted_ = false;            ///< EXT4_MF_FS_ABORTED
  std::uint64_t reserved_blocks_ = 0;  ///< s_dirtyclusters_counter
  std::uint64_t leaked_reservations_ = 0;
  IntrusiveList<Ext4Inode, &Ext4Inode::orphan_hook> orphans_;  ///< the latest first
  std::vector<Ext4Inode*> with_preallocations_;
  FlatMap<Pfn, PageBuffer> page_buffers_;
  std::vector<Bio*> building_;  ///< bios that wait for more pages before they are submitted
  Pool<Ext4Inode> inodes_;
  Pool<FreeData> free_data_;
  Pool<IoEnd> io_ends_;
  Inode device_inode_;  ///< of the block device: whose pages the metadata blocks are
  FileMapping buddy_;   ///< pages of bitmaps and buddies, two for each group
};

}  // namespace brink
