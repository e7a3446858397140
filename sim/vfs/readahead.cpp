// Reading ahead on a miss. A page for which there is no memory ends the batch: the reader does the
// rest itself, page by page.

#include <algorithm>
#include <bit>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/filemap.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

constexpr std::uint32_t max_window = 32;  // VM_MAX_READAHEAD: 128 KiB

std::uint32_t initial_window(std::uint32_t wanted) {
  const std::uint32_t size = std::bit_ceil(wanted);
  if (size <= max_window / 32) return size * 4;
  if (size <= max_window / 4) return size * 2;
  return max_window;
}

std::uint32_t next_window(std::uint32_t size) {
  return std::min(size < max_window / 16 ? size * 4 : size * 2, max_window);
}

/// __do_page_cache_readahead(): the pages of [index, index + size) that are not cached.
void read_range(Vfs& vfs, Inode& inode, std::uint32_t index, std::uint32_t size) {
  Memory& memory = vfs.memory();
  FileMapping& mapping = *inode.mapping();
  if (inode.size == 0) return;
  const auto last = static_cast<std::uint32_t>((inode.size - 1) >> page_shift);
  std::vector<Pfn> pages;
  std::vector<std::uint32_t> indices;
  for (std::uint32_t at = index; at < index + size && at <= last; ++at) {
    if (mapping.find(at) != no_page) continue;
    const Gfp gfp = memory.rule(site::pc_readahead).gfp & ~inode.gfp_without;
    const Pfn page = memory.alloc_pages(site::pc_readahead, 0, gfp);
    if (page == no_page) {
      memory.failures().settle_last(Fate::degraded);
      break;
    }
    pages.push_back(page);
    indices.push_back(at);
  }
  std::vector<Pfn> added;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const int error = mapping.add(pages[i], indices[i], site::pc_readahead_node,
                                  memory.rule(site::pc_readahead_node).gfp & ~inode.gfp_without);
    if (error == 0) {
      added.push_back(pages[i]);
      continue;
    }
    if (error == -ENOMEM) memory.failures().settle_last(Fate::degraded);
    memory.free_pages(pages[i], 0);
  }
  if (!added.empty()) static_cast<void>(inode.sb.read_pages(inode, added, true));
}

}  // namespace

void readahead(Vfs& vfs, File& file, std::uint32_t index, std::uint32_t wanted) {
  Frame frame(vfs.core().current(), "page_cache_sync_readahead");
  Readahead& ra = file.ra;
  wanted = std::max(wanted, 1u);
  const bool sequential = index == 0 || index == ra.previous + 1;
  if (!sequential) return read_range(vfs, *file.inode, index, std::min(wanted, max_window));
  const bool on = ra.size != 0 && index == ra.start + ra.size;
  ra.start = index;
  ra.size = on ? next_window(ra.size) : initial_window(wanted);
  read_range(vfs, *file.inode, ra.start, ra.size);
}

}  // namespace brink
