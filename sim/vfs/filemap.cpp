// Buffered reads and writes, a page at a time. What was copied before an error counts: a short
// result, and the error is for the next call to meet.

#include "sim/vfs/filemap.hpp"

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

/// Gives up the page lock that a failed lookup of the page took, and looks again.
bool still_there(Vfs& vfs, FileMapping& mapping, std::uint32_t index, Pfn page) {
  if (mapping.find(index) == page) return true;
  vfs.memory().cache().unlock_page(page);
  return false;
}

/// A page that is not cached, after readahead could not help: new, locked, and pinned.
int new_page(Vfs& vfs, Inode& inode, std::uint32_t index, Pfn& page) {
  Memory& memory = vfs.memory();
  const Gfp without = inode.gfp_without;
  page = memory.alloc_pages(site::pc_read, 0, memory.rule(site::pc_read).gfp & ~without);
  if (page == no_page) return -ENOMEM;
  const Gfp gfp = memory.rule(site::pc_node).gfp & ~without;
  const int error = inode.mapping()->add(page, index, site::pc_node, gfp);
  if (error != 0) {
    memory.free_pages(page, 0);
    return error;
  }
  memory.cache().pin(page);
  return 0;
}

/// Reads the page, which is locked and pinned, and waits for it.
int read_page(Vfs& vfs, Inode& inode, Pfn page) {
  PageCache& cache = vfs.memory().cache();
  const int error = inode.sb.read_pages(inode, {page}, false);
  if (error != 0) return error;
  if (cache.wait_on_page_locked(page, WaitMode::killable) != 0) return -EINTR;
  return vfs.memory().page(page).has(PG_uptodate) ? 0 : -EIO;
}

/// Page `index`, up to date and pinned: 0, -EAGAIN if it went away meanwhile, or an error.
int get_page(Vfs& vfs, File& file, std::uint32_t index, std::uint32_t wanted, Pfn& page) {
  Memory& memory = vfs.memory();
  FileMapping& mapping = *file.inode->mapping();
  page = mapping.find(index);
  if (page == no_page) {
    readahead(vfs, file, index, wanted);
    page = mapping.find(index);
  }
  if (page == no_page) {
    const int error = new_page(vfs, *file.inode, index, page);
    if (error == -EEXIST) return -EAGAIN;
    if (error != 0) return error;
  } else {
    memory.cache().pin(page);
    if (memory.page(page).has(PG_uptodate)) return 0;
    if (memory.cache().lock_page_killable(page) != 0) {
      memory.cache().unpin(page);
      return -EINTR;
    }
    if (!still_there(vfs, mapping, index, page)) {
      memory.cache().unpin(page);
      return -EAGAIN;
    }
    if (memory.page(page).has(PG_uptodate)) {
      memory.cache().unlock_page(page);
      return 0;
    }
  }
  const int error = read_page(vfs, *file.inode, page);
  if (error != 0) memory.cache().unpin(page);
  return error;
}

/// What is told of an error that came after `done` bytes.
std::int64_t result_of(Vfs& vfs, std::uint64_t done, int error) {
  if (done == 0) return error;
  if (error == -ENOMEM || error == -EIO) vfs.memory().failures().settle_last(Fate::shortened);
  return static_cast<std::int64_t>(done);
}

}  // namespace

std::int64_t file_read(Vfs& vfs, File& file, std::uint64_t bytes) {
  Core& core = vfs.core();
  Frame frame(core.current(), "generic_file_read_iter");
  Inode& inode = *file.inode;
  std::uint64_t done = 0;
  while (done < bytes && file.pos < inode.size) {
    core.cond_resched();
    const auto index = static_cast<std::uint32_t>(file.pos >> page_shift);
    const std::uint64_t until = std::min(file.pos + (bytes - done), inode.size);
    const auto wanted = static_cast<std::uint32_t>((until + page_size - 1) >> page_shift) - index;
    Pfn page = no_page;
    const int error = get_page(vfs, file, index, wanted, page);
    if (error == -EAGAIN) continue;
    if (error != 0) return result_of(vfs, done, error);
    if (file.ra.previous != index) vfs.memory().cache().mark_page_accessed(page);
    file.ra.previous = index;
    core.step(core.costs().copy_page);
    vfs.memory().cache().unpin(page);
    const std::uint64_t end = std::min((std::uint64_t{index} + 1) << page_shift, until);
    if (end <= file.pos) break;  // Truncated while it was read.
    done += end - file.pos;
    file.pos = end;
  }
  return static_cast<std::int64_t>(done);
}

namespace {

/// file_update_time(): times are stamped in ticks, and an inode is dirtied once a tick.
void update_time(Vfs& vfs, Inode& inode) {
  const Core& core = vfs.core();
  const Nanos now = core.now() - core.now() % core.tick();
  if (inode.mtime == now) return;
  inode.mtime = now;
  vfs.mark_inode_dirty(inode, I_DIRTY_SYNC);
}

/// generic_perform_write().
std::int64_t perform_write(Vfs& vfs, File& file, std::uint64_t bytes) {
  Core& core = vfs.core();
  Inode& inode = *file.inode;
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::uint64_t room = page_size - file.pos % page_size;
    const auto length = static_cast<std::uint32_t>(std::min(room, bytes - done));
    if (core.current().signalled(WaitMode::killable)) return result_of(vfs, done, -EINTR);
    Pfn page = no_page;
    int error = inode.sb.write_begin(inode, file.pos, length, page);
    if (error != 0) return result_of(vfs, done, error);
    core.step(core.costs().copy_page);
    error = inode.sb.write_end(inode, file.pos, length, page);
    if (error != 0) return result_of(vfs, done, error);
    core.cond_resched();
    file.pos += length;
    done += length;
    vfs.page_writeback().dirtied(inode);
  }
  return static_cast<std::int64_t>(done);
}

}  // namespace

std::int64_t file_write(Vfs& vfs, File& file, std::uint64_t bytes) {
  Frame frame(vfs.core().current(), "generic_file_write_iter");
  Inode& inode = *file.inode;
  const MutexGuard guard(inode.i_mutex);
  if ((file.flags & open_append) != 0) file.pos = inode.size;
  if (bytes == 0) return 0;
  update_time(vfs, inode);
  return perform_write(vfs, file, bytes);
}

int write_and_wait(Vfs& vfs, Inode& inode) {
  FileMapping* const mapping = inode.mapping();
  if (mapping == nullptr || mapping->pages() == 0) return 0;
  Writeback control;
  control.sync = true;
  control.nr_to_write = std::int64_t{1} << 60;
  int error = inode.sb.writepages(inode, control);
  // Anything but an I/O error: some pages may be on their way, and are waited for.
  if (error == -EIO) return error;
  PageCache& cache = vfs.memory().cache();
  std::uint32_t from = 0;
  for (Pfn page = mapping->next_writeback(0); page != no_page;
       page = mapping->next_writeback(from)) {
    from = vfs.memory().page(page).index + 1;
    cache.pin(page);
    cache.wait_on_page_writeback(page);
    cache.unpin(page);
  }
  const int earlier = mapping->take_error();
  return error != 0 ? error : earlier;
}

int file_fsync(Vfs& vfs, File& file) {
  Frame frame(vfs.core().current(), "vfs_fsync_range");
  return file.inode->sb.fsync(*file.inode);
}

}  // namespace brink
