// Files of tmpfs: every page goes through shmem_getpage() (mm/shmem.c, Linux 4.0).

#include <algorithm>
#include <cerrno>

#include "sim/fs/tmpfs/tmpfs.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

int Tmpfs::truncate(Inode& inode) {
  inode.size = 0;
  ours(inode).data.truncate(0);
  touch(inode);
  return 0;
}

int Tmpfs::write_begin(Inode& inode, std::uint64_t pos, std::uint32_t, Pfn& page) {
  Frame frame(vfs().core().current(), "shmem_write_begin");
  const auto index = static_cast<std::uint32_t>(pos >> page_shift);
  return ours(inode).data.get_page(index, inode.size, Shmem::Want::write, page);
}

int Tmpfs::write_end(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn page) {
  PageCache& cache = memory_.cache();
  inode.size = std::max(inode.size, pos + length);
  cache.set_page_dirty(page);
  cache.unlock_page(page);
  cache.unpin(page);
  return 0;
}

/// shmem_file_read_iter().
int Tmpfs::find_page(Inode& inode, std::uint32_t index, Pfn& page) {
  const int error = ours(inode).data.get_page(index, inode.size, Shmem::Want::read, page);
  if (error == -EINVAL) return -EAGAIN;  // Truncated while it was read: the caller looks again.
  if (error == 0 && page != no_page) memory_.cache().unlock_page(page);
  return error;
}

/// shmem_fault().
int Tmpfs::fault(File& file, std::uint32_t index, Pfn& page) {
  Frame frame(vfs().core().current(), "shmem_fault");
  Inode& inode = *file.inode;
  const int error = ours(inode).data.get_page(index, inode.size, Shmem::Want::cache, page);
  if (error == 0) memory_.cache().unlock_page(page);
  return error;
}

int Tmpfs::page_mkwrite(Inode& inode, Pfn page) {
  PageCache& cache = memory_.cache();
  cache.lock_page(page);
  if (inode.mapping()->find(memory_.page(page).index) != page) {
    cache.unlock_page(page);
    return -EAGAIN;
  }
  cache.set_page_dirty(page);
  return 0;
}

/// Nobody calls it: a page of tmpfs that is there is up to date.
int Tmpfs::read_pages(Inode&, const std::vector<Pfn>& pages, bool) {
  for (const Pfn page : pages) memory_.cache().unlock_page(page);
  return -EIO;
}

}  // namespace brink
