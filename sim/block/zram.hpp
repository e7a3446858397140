// A block device that keeps its blocks compressed in memory (drivers/block/zram and mm/zsmalloc.c,
// Linux 4.0). Whoever submits a transfer compresses or decompresses it then and there. Objects of a
// size lie together in runs of one to four pages, which are taken from the allocator one by one,
// with GFP_NOIO, as objects need them; if there is none, the write fails.
//
// How well a block compresses is a function of its number, spread around the device's ratio
// (guess); what does not shrink to three quarters is kept as it is. Left out: pages of one value,
// the handles and the table (they exist before the run), several streams, zsmalloc's fullness
// groups.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/block/device.hpp"
#include "sim/locking/mutex.hpp"

namespace brink {

class Zram final : public Device {
 public:
  struct Config {
    std::uint32_t ratio = 40;            ///< size of a compressed block, in percent
    Nanos compress = 0, decompress = 0;  ///< a page
  };

  Zram(Memory& memory, const Config& config, std::string name);

  void submit(Bio& bio) override;
  bool congested(bool) const override { return false; }
  Nanos page_time() const override { return config_.compress; }
  void blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const override;
  void discard(BlockNumber block) override;

  /// Pages that it has of the machine.
  Pages pages() const { return pages_; }
  std::uint64_t blocks() const { return stored_; }

 private:
  static constexpr std::uint32_t class_step = 16;  // ZS_SIZE_CLASS_DELTA
  static constexpr std::uint32_t classes = page_size / class_step + 1;

  /// A run of pages that holds objects of one size (a zspage).
  struct Run {
    std::vector<Pfn> pages;
    std::uint32_t used = 0;
  };
  struct SizeClass {
    std::vector<std::unique_ptr<Run>> runs;
  };
  struct Slot {
    Run* run = nullptr;
    std::uint32_t size_class = 0;
  };
  static constexpr std::size_t chunk_size = 512;
  using Chunk = std::vector<Slot>;

  static std::uint32_t run_pages(std::uint32_t size);
  static std::uint32_t run_objects(std::uint32_t size);
  std::uint32_t compressed_size(BlockNumber block) const;
  Slot* find(BlockNumber block);
  Slot& slot(BlockNumber block);
  int store(BlockNumber block);
  Run* take(std::uint32_t size_class);
  bool grow(Run& run, std::uint32_t pages);
  void drop(Slot& slot) noexcept;

  const Config config_;
  Mutex stream_;
  std::vector<const Bio*> under_way_;
  std::vector<SizeClass> classes_;
  std::vector<std::unique_ptr<Chunk>> slots_;
  Pages pages_ = 0;
  std::uint64_t stored_ = 0;
};

}  // namespace brink
