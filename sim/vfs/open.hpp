// The end of an open file.
#pragma once

namespace brink {

class Vfs;
struct File;

/// __fput(): the last reference to it is gone. May evict its inode, and sleep for long.
void end_file(Vfs& vfs, File& file);

}  // namespace brink
