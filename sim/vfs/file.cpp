// Open files and descriptor tables. A table grows to the next power of two from 128 descriptors on;
// its arrays fall back from kmalloc to single pages.

#include "sim/vfs/file.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <utility>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

FileTable::FileTable(Memory& memory)
    : memory_(memory), filp_(memory.slab_cache("filp")) {}

File* FileTable::alloc(std::uint32_t flags) {
  Frame frame(memory_.core().current(), "get_empty_filp");
  const SlabObject object = memory_.alloc_object(filp_, site::vfs_file);
  if (!object) return nullptr;
  SlabObject security;
  if (memory_.rules().lsm_blobs) {
    security = memory_.kmalloc(32, site::lsm_file);
    if (!security) {
      memory_.free_object(object);
      return nullptr;
    }
  }
  File& file = files_.make();
  file.memory = object;
  file.security = security;
  file.flags = flags;
  return &file;
}

void FileTable::free(File& file) {
  if (file.security) memory_.free_object(file.security);
  memory_.free_object(file.memory);
  files_.destroy(file);
}

// --- Descriptors.

int Files::reserve() {
  std::uint32_t fd = lowest_free_;
  while (fd < slots_.size() && slots_[fd].reserved) ++fd;
  if (fd >= limit) return -EMFILE;
  if (fd >= slots_.size()) {
    const int error = grow(fd);
    if (error != 0) return error;
  }
  slots_[fd].reserved = true;
  lowest_free_ = fd + 1;
  return static_cast<int>(fd);
}

int Files::grow(std::uint32_t fd) {
  Frame frame(memory_.core().current(), "expand_files");
  constexpr std::uint32_t step = 1024 / sizeof(void*);
  const std::uint32_t size = std::bit_ceil(fd / step + 1) * step;
  Table table;
  table.head = memory_.kmalloc(56, site::vfs_fdtable);
  if (!table.head) return -ENOMEM;
  if (!alloc_array(table, 0, size * 8) || !alloc_array(table, 1, std::max(2 * size / 8, 64u))) {
    free_memory(table);
    return -ENOMEM;
  }
  free_memory(table_);
  table_ = std::move(table);
  slots_.resize(size);
  return 0;
}

/// alloc_fdmem(): kmalloc without insisting, then vmalloc; or kvmalloc().
bool Files::alloc_array(Table& table, std::size_t which, std::uint32_t bytes) {
  KvMemory& array = table.arrays[which];
  if (memory_.rules().fdtable_kvmalloc) {
    array = memory_.kvmalloc(bytes, site::vfs_fdtable_array);
    return static_cast<bool>(array);
  }
  if (bytes <= page_size << costly_order) {
    array.object = memory_.kmalloc(bytes, site::vfs_fdtable_array);
    if (array) return true;
    memory_.failures().settle_last(Fate::fallback);
  }
  array.area = memory_.vmalloc(bytes, site::vfs_fdtable_vmalloc);
  return static_cast<bool>(array);
}

void Files::free_memory(Table& table) {
  for (KvMemory& array : table.arrays) memory_.kvfree(array);
  if (table.head) memory_.free_object(table.head);
  table = {};
}

void Files::install(int fd, File& file) { slots_[static_cast<std::size_t>(fd)].file = &file; }

void Files::release(int fd) {
  const auto slot = static_cast<std::uint32_t>(fd);
  slots_[slot] = {};
  if (slot < lowest_free_) lowest_free_ = slot;
}

File* Files::find(int fd) const {
  const auto slot = static_cast<std::size_t>(fd);
  return fd >= 0 && slot < slots_.size() ? slots_[slot].file : nullptr;
}

File* Files::take(int fd) {
  File* const file = find(fd);
  if (file != nullptr) release(fd);
  return file;
}

int Files::next(int fd) const {
  for (auto slot = static_cast<std::size_t>(fd); slot < slots_.size(); ++slot) {
    if (slots_[slot].file != nullptr) return static_cast<int>(slot);
  }
  return -1;
}

int Files::copy_from(const Files& from) {
  if (from.slots_.size() > slots_.size()) {
    if (const int error = grow(static_cast<std::uint32_t>(from.slots_.size()) - 1)) return error;
  }
  for (std::size_t slot = 0; slot < from.slots_.size(); ++slot) {
    File* const file = from.slots_[slot].file;
    if (file == nullptr) continue;
    ++file->count;
    slots_[slot] = {file, true};
  }
  lowest_free_ = 0;
  return 0;
}

void Files::free_table() { free_memory(table_); }

}  // namespace brink
