// Reading and writing files through the page cache (mm/filemap.c and mm/readahead.c, Linux 4.0).
// Left out: direct I/O, the asynchronous half of readahead, faults on the user's buffer (the
// programs' calls name no buffer).
#pragma once

#include <cstdint>

#include "sim/mm/page.hpp"

namespace brink {

class Inode;
class Vfs;
struct File;

/// Bytes read from, or written at, the file's position, which moves on; or a negative errno.
std::int64_t file_read(Vfs& vfs, File& file, std::uint64_t bytes);
std::int64_t file_write(Vfs& vfs, File& file, std::uint64_t bytes);
int file_fsync(Vfs& vfs, File& file);

/// filemap_write_and_wait(): 0, or the error of starting, or that of an earlier write.
int write_and_wait(Vfs& vfs, Inode& inode);

/// file_update_time(): times are stamped in ticks, and an inode is dirtied once a tick.
void file_update_time(Vfs& vfs, Inode& inode);

/// filemap_fault() up to the lock of the page: page `index`, pinned, read around if it is not
/// cached. 0; -EFAULT beyond the end; -ENOMEM; -EIO.
int filemap_fault(Vfs& vfs, File& file, std::uint32_t index, Pfn& page);

/// do_sync_mmap_readahead(): what lies around page `index`.
void read_around(Vfs& vfs, File& file, std::uint32_t index);

/// page_cache_sync_readahead(): reads page `index` and what a sequential reader will want next,
/// as far as there is memory; `wanted` pages are wanted now.
void readahead(Vfs& vfs, File& file, std::uint32_t index, std::uint32_t wanted);

}  // namespace brink
