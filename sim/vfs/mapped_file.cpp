// Open files that are mapped (mm/filemap.c: filemap_fault, Linux 4.0). Left out: the asynchronous
// half of readahead, areas that say how they will be used (MADV_SEQUENTIAL, MADV_RANDOM).

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/filemap.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

void File::area_closed() { inode->sb.vfs().fput(*this); }

FileMapping& File::pages() { return *inode->mapping(); }

int File::find_page(std::uint32_t index, Pfn& page) { return inode->sb.fault(*this, index, page); }

int File::read_page(Pfn page) {
  PageCache& cache = inode->sb.vfs().memory().cache();
  const int error = inode->sb.read_pages(*inode, {page}, false);
  if (error != 0) return error;
  static_cast<void>(cache.wait_on_page_locked(page));
  return inode->sb.vfs().memory().page(page).has(PG_uptodate) ? 0 : -EIO;
}

int File::make_writable(Pfn page) {
  Frame frame(inode->sb.vfs().core().current(), "do_page_mkwrite");
  return inode->sb.page_mkwrite(*inode, page);
}

namespace {

/// page_cache_read(): the page is added and its read begins.
int add_page(Vfs& vfs, Inode& inode, std::uint32_t index) {
  Memory& memory = vfs.memory();
  const Pfn page = memory.alloc_pages(site::mm_file_page);
  if (page == no_page) return -ENOMEM;
  const int error =
      inode.mapping()->add(page, index, site::pc_node, memory.rule(site::pc_node).gfp);
  if (error == 0) return inode.sb.read_pages(inode, {page}, false);
  memory.free_pages(page, 0);
  return error == -EEXIST ? 0 : error;
}

}  // namespace

int filemap_fault(Vfs& vfs, File& file, std::uint32_t index, Pfn& page) {
  Frame frame(vfs.core().current(), "filemap_fault");
  Inode& inode = *file.inode;
  FileMapping& mapping = *inode.mapping();
  const auto beyond = [&] { return std::uint64_t{index} << page_shift >= inode.size; };
  if (beyond()) return -EFAULT;
  page = mapping.find(index);
  if (page != no_page) {
    if (file.ra.mmap_miss != 0) --file.ra.mmap_miss;
  } else {
    read_around(vfs, file, index);
  }
  for (page = mapping.find(index); page == no_page; page = mapping.find(index)) {
    if (beyond()) return -EFAULT;
    if (const int error = add_page(vfs, inode, index)) return error;
  }
  vfs.memory().cache().pin(page);
  return 0;
}

}  // namespace brink
