// Open files and the descriptors that stand for them (fs/file_table.c and fs/file.c, Linux 4.0).
// Left out: close-on-exec, dup(), shared tables, file locks, the global limit on open files.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/block/pool.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/vmalloc.hpp"

namespace brink {

class Inode;
class Memory;
class Vfs;
struct Dentry;

/// How far a sequential reader is ahead (struct file_ra_state), in pages.
struct Readahead {
  std::uint32_t start = 0, size = 0;
  std::uint32_t previous = ~std::uint32_t{0};  ///< the page that was read last
  std::uint32_t mmap_miss = 0;  ///< faults on pages that were not cached, less those that were
};

/// struct file.
struct File final : MappedFile {
  Inode* inode = nullptr;
  Dentry* dentry = nullptr;
  std::uint64_t pos = 0;
  std::uint32_t flags = 0;  ///< OpenFlag
  Readahead ra;
  SlabObject memory, security;
  std::uint32_t count = 1;  ///< descriptors and areas that refer to it (f_count)

  bool writable() const { return (flags & 03) != 0; }
  bool readable() const { return (flags & 03) != 1; }

  // --- MappedFile (mapped_file.cpp).
  void area_opened() override { ++count; }
  void area_closed() override;
  FileMapping& pages() override;
  int find_page(std::uint32_t index, Pfn& page) override;
  int read_page(Pfn page) override;
  int make_writable(Pfn page) override;
};

/// Makes and ends open files.
class FileTable {
 public:
  explicit FileTable(Memory& memory);

  /// get_empty_filp(): null if there is no memory.
  File* alloc(std::uint32_t flags);
  /// Of a file that was never opened: gives back its memory.
  void free(File& file);
  std::size_t open_files() const { return files_.live(); }

 private:
  Memory& memory_;
  SlabCache& filp_;
  Pool<File> files_;
};

/// The descriptors of one process (struct files_struct).
class Files {
 public:
  static constexpr std::uint32_t embedded = 64;  ///< NR_OPEN_DEFAULT
  static constexpr std::uint32_t limit = 1024;   ///< RLIMIT_NOFILE

  explicit Files(Memory& memory) : memory_(memory), slots_(embedded) {}
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  /// get_unused_fd_flags(): the lowest free descriptor, reserved; -EMFILE, or -ENOMEM if the table
  /// had to grow and could not.
  [[nodiscard]] int reserve();
  void install(int fd, File& file);
  void release(int fd);  ///< a reserved one, unused
  /// Null if nothing is open there.
  File* find(int fd) const;
  /// Takes the file out of the table.
  File* take(int fd);
  /// The next open descriptor from `fd` on; -1 if there is none.
  int next(int fd) const;
  /// dup_fd(): becomes a copy of `from`, with a reference to each file. 0 or -ENOMEM.
  int copy_from(const Files& from);
  /// Gives back the memory of a table that grew.
  void free_table();
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(slots_.size()); }

 private:
  struct Slot {
    File* file = nullptr;
    bool reserved = false;
  };
  /// What a grown table is made of: its head, and two arrays from kmalloc or vmalloc.
  struct Table {
    SlabObject head;
    std::array<KvMemory, 2> arrays;
  };

  int grow(std::uint32_t fd);
  bool alloc_array(Table& table, std::size_t which, std::uint32_t bytes);
  void free_memory(Table& table);

  Memory& memory_;
  std::vector<Slot> slots_;
  std::uint32_t lowest_free_ = 0;  ///< no free one is below it
  Table table_;
};

}  // namespace brink
