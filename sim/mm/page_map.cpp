// The store of page metadata: zero pages of the host, reserved once for each thread and machine
// size.

#include "sim/mm/page.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "brink/assert.hpp"

namespace brink {
namespace {

void* reserve(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  BRINK_ASSERT(memory != MAP_FAILED);
  return memory;
}

}  // namespace

struct PageMap::Mapping {
  explicit Mapping(Pages pages)
      : capacity(pages),
        page_bytes(pages * sizeof(Page)),
        block_bytes((pages >> pageblock_order) * sizeof(std::uint32_t)),
        page_memory(static_cast<Page*>(reserve(page_bytes))),
        block_memory(static_cast<std::uint32_t*>(reserve(block_bytes))) {}
  ~Mapping() {
    munmap(page_memory, page_bytes);
    munmap(block_memory, block_bytes);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// All pages become invalid. After 65,535 machines everything is zero again.
  std::uint16_t next_epoch() {
    if (++epoch == 0) {
      madvise(page_memory, page_bytes, MADV_DONTNEED);
      madvise(block_memory, block_bytes, MADV_DONTNEED);
      epoch = 1;
    }
    return epoch;
  }

  const Pages capacity;
  const std::size_t page_bytes, block_bytes;
  Page* const page_memory;
  std::uint32_t* const block_memory;
  std::uint16_t epoch = 0;
  bool used = false;

  static Mapping& take(Pages pages);
};

PageMap::Mapping& PageMap::Mapping::take(Pages pages) {
  static thread_local std::vector<std::unique_ptr<Mapping>> mappings;
  // Whole blocks of the highest order, and one more: a buddy of the last page may be looked at.
  const Pages wanted = ((pages >> 10) + 2) << 10;
  for (auto& mapping : mappings) {
    if (mapping->used) continue;
    if (mapping->capacity < wanted) mapping = std::make_unique<Mapping>(wanted);
    mapping->used = true;
    return *mapping;
  }
  mappings.push_back(std::make_unique<Mapping>(wanted));
  mappings.back()->used = true;
  return *mappings.back();
}

PageMap::PageMap(Pages pages) {
  BRINK_ASSERT(pages <= max_pages);
  mapping_ = &Mapping::take(pages);
  pages_ = mapping_->page_memory;
  blocks_ = mapping_->block_memory;
  epoch_ = mapping_->next_epoch();
}

PageMap::~PageMap() { mapping_->used = false; }

}  // namespace brink
