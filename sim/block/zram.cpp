// Storing blocks in memory (drivers/block/zram/zram_drv.c and mm/zsmalloc.c, Linux 4.0).

#include "sim/block/zram.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "brink/site_list.hpp"
#include "sim/block/bio_set.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"

namespace brink {

Zram::Zram(Memory& memory, const Config& config, std::string name)
    : Device(memory, std::move(name)),
      config_(config),
      stream_(memory.locks(), memory.locks().lock_class("zram.strm_lock")),
      classes_(classes) {}

/// zram_make_request().
void Zram::submit(Bio& bio) {
  Frame frame(core().current(), "zram_make_request");
  under_way_.push_back(&bio);
  int error = 0;
  for (std::uint32_t i = 0; i < bio.blocks && error == 0; ++i) {
    if (bio.write) {
      error = store(bio.block + i);
    } else if (find(bio.block + i) != nullptr) {
      core().step(config_.decompress);
    }
  }
  std::erase(under_way_, &bio);
  end(bio, error == 0 ? 0 : -EIO);
}

void Zram::blockers(const BioKey& of, const Task&, BlockerSink& sink) const {
  for (const Bio* bio : under_way_) {
    if (of.matches(*bio)) return name_blocker(sink, core().task(bio->task), bio->since);
  }
  sink.event();
}

// --- Sizes.

/// 50 to 150 % of the ratio.
std::uint32_t Zram::compressed_size(BlockNumber block) const {
  const std::uint64_t spread = 50 + (block * 0x9e3779b97f4a7c15u >> 32) % 101;
  const std::uint64_t size = page_size * config_.ratio * spread / 10'000;
  // max_zpage_size: what does not compress is stored as it is.
  if (size > page_size / 4 * 3) return page_size;
  return std::max<std::uint32_t>(static_cast<std::uint32_t>(size), 32);
}

/// get_pages_per_zspage(): whichever of 1 to 4 pages wastes least.
std::uint32_t Zram::run_pages(std::uint32_t size) {
  std::uint32_t best = 1, best_used = 0;
  for (std::uint32_t pages = 1; pages <= 4; ++pages) {
    const std::uint32_t bytes = pages * static_cast<std::uint32_t>(page_size);
    const std::uint32_t used = (bytes - bytes % size) * 100 / bytes;
    if (used > best_used) {
      best = pages;
      best_used = used;
    }
  }
  return best;
}

std::uint32_t Zram::run_objects(std::uint32_t size) {
  return run_pages(size) * static_cast<std::uint32_t>(page_size) / size;
}

// --- Blocks.

Zram::Slot* Zram::find(BlockNumber block) {
  const std::size_t chunk = block / chunk_size;
  if (chunk >= slots_.size() || slots_[chunk] == nullptr) return nullptr;
  Slot& slot = (*slots_[chunk])[block % chunk_size];
  return slot.run != nullptr ? &slot : nullptr;
}

Zram::Slot& Zram::slot(BlockNumber block) {
  const std::size_t chunk = block / chunk_size;
  if (chunk >= slots_.size()) slots_.resize(chunk + 1);
  if (slots_[chunk] == nullptr) slots_[chunk] = std::make_unique<Chunk>(chunk_size);
  return (*slots_[chunk])[block % chunk_size];
}

/// zram_bvec_write(). The stream is held while memory is waited for.
int Zram::store(BlockNumber block) {
  const MutexGuard guard(stream_);
  core().step(config_.compress);
  const std::uint32_t size_class = (compressed_size(block) + class_step - 1) / class_step;
  Run* const run = take(size_class);
  if (run == nullptr) {
    memory().failures().settle_last(Fate::deferred);
    return -ENOMEM;
  }
  // An old copy goes only once the new one is there.
  if (Slot* const old = find(block)) drop(*old);
  slot(block) = {run, size_class};
  ++stored_;
  return 0;
}

void Zram::discard(BlockNumber block) {
  if (Slot* const old = find(block)) drop(*old);
}

// --- Runs.

/// zs_malloc(): a place in a run that has one, or in a fresh one; null if there is no memory.
Zram::Run* Zram::take(std::uint32_t size_class) {
  const std::uint32_t size = size_class * class_step;
  std::vector<std::unique_ptr<Run>>& runs = classes_[size_class].runs;
  for (const auto& run : runs) {
    if (run->used == run_objects(size)) continue;
    ++run->used;
    return run.get();
  }
  auto fresh = std::make_unique<Run>();
  if (!grow(*fresh, run_pages(size))) return nullptr;
  fresh->used = 1;
  return runs.emplace_back(std::move(fresh)).get();
}

bool Zram::grow(Run& run, std::uint32_t pages) {
  while (run.pages.size() < pages) {
    const Pfn page = memory().alloc_pages(site::zram_page);
    if (page == no_page) {
      for (const Pfn taken : run.pages) memory().free_pages(taken, 0);
      pages_ -= run.pages.size();
      return false;
    }
    run.pages.push_back(page);
    ++pages_;
  }
  return true;
}

/// zs_free(): the run goes with its last object.
void Zram::drop(Slot& slot) noexcept {
  --stored_;
  Run* const run = std::exchange(slot.run, nullptr);
  if (--run->used != 0) return;
  for (const Pfn page : run->pages) memory().free_pages(page, 0);
  pages_ -= run->pages.size();
  std::erase_if(classes_[slot.size_class].runs, [run](const auto& r) { return r.get() == run; });
}

}  // namespace brink
