// Memory that looks like a file: the pages of tmpfs, and of shared anonymous mappings (mm/shmem.c,
// Linux 4.0). A page is on the anonymous lists, always dirty, and charged to nobody; it can be
// reclaimed only to swap, where the file's index remembers its slot. Left out: fallocate, xattrs,
// memory policies, SHM_LOCK, swapoff, and the list of inodes that have swapped (shmem_swaplist).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/mm/mapped_file.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/swap.hpp"

namespace brink {

/// Pages of one mount (struct shmem_sb_info): at most `max`, or any number if that is 0.
struct ShmemSpace {
  Pages max = 0, used = 0;
};

class Shmem final : public MappingOps {
 public:
  /// `space` may be null. `promised`: all its pages were granted by Overcommit beforehand; else
  /// each is when it comes to be. `name` is for people.
  Shmem(Memory& memory, ShmemSpace* space, bool promised, std::function<std::string()> name);

  FileMapping& pages() { return pages_; }

  enum class Want : std::uint8_t {
    read,   ///< SGP_READ: of a hole there is no page
    cache,  ///< SGP_CACHE: a page of zeroes for a hole
    write,  ///< SGP_WRITE: the same, also beyond the end of the file
  };
  /// shmem_getpage(): page `index` of a file of so many pages, locked and pinned, brought back from
  /// swap if need be; no_page for a hole that is read. 0, -EINVAL beyond the end, -ENOMEM, -ENOSPC,
  /// -EIO.
  [[nodiscard]] int get_page(std::uint32_t index, std::uint64_t size, Want want, Pfn& page);
  /// shmem_truncate_range(): drops the pages from `index` on, and their slots.
  void truncate(std::uint32_t index);

  // --- MappingOps.
  Written writepage(FileMapping& mapping, Pfn page) override;
  bool release_page(FileMapping&, Pfn, Gfp) override { return true; }
  void invalidate_page(FileMapping&, Pfn) override {}
  void blockers(const FileMapping&, Pfn, const Task&, BlockerSink& sink) const override;
  std::string describe(const FileMapping&) const override { return name_(); }

 private:
  int swap_in(std::uint32_t index, SwapSlot slot, Pfn& page);
  int new_page(std::uint32_t index, Want want, Pfn& page);
  bool reserve_block(int& error);
  void free_blocks(Pages pages);
  void recalculate();

  Memory& memory_;
  ShmemSpace* const space_;
  const bool promised_;
  const std::function<std::string()> name_;
  FileMapping pages_;
  Pages alloced_ = 0;  ///< pages that count against the mount, in memory or in swap
};

/// The kernel's own mount of tmpfs (shm_mnt): the files behind shared anonymous mappings.
class ShmemFiles {
 public:
  explicit ShmemFiles(Memory& memory);
  ~ShmemFiles();
  ShmemFiles(const ShmemFiles&) = delete;
  ShmemFiles& operator=(const ShmemFiles&) = delete;

  /// shmem_zero_setup(): a file of so many pages, with one user. Null, and `error` says why.
  MappedFile* make(Pages pages, Pages total_vm, int& error);

 private:
  class File;
  friend class File;

  Memory& memory_;
  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace brink
