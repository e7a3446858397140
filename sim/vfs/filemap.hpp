// Reading and writing files through the page cache (mm/filemap.c and mm/readahead.c, Linux 4.0).
// Left out: direct I/O, the asynchronous half of readahead, faults on the user's buffer (the
// programs' calls name no buffer).
#pragma once

#include <cstdint>

#include "brink/units.hpp"

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

/// page_cache_sync_readahead(): reads page `index` and what a sequential reader will want next,
/// as far as there is memory; `wanted` pages are wanted now.
void readahead(Vfs& vfs, File& file, std::uint32_t index, std::uint32_t wanted);

}  // namespace brink
