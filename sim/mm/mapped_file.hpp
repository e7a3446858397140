// A file that an address space maps: what a fault needs of it (struct vm_operations_struct,
// include/linux/mm.h, Linux 4.0). Implemented by the rung that knows files, and by shared anonymous
// memory.
#pragma once

#include <cstdint>

#include "sim/mm/page.hpp"

namespace brink {

class FileMapping;

class MappedFile {
 public:
  virtual ~MappedFile() = default;

  /// One more area, or one less, refers to it (get_file(), fput()).
  virtual void area_opened() = 0;
  virtual void area_closed() = 0;
  /// Its cached pages.
  virtual FileMapping& pages() = 0;
  /// Page `index`, pinned, perhaps still under read: cached, or made so. 0; -ENOMEM; -EINTR if the
  /// task was killed while it waited; anything else is a SIGBUS. May sleep.
  virtual int find_page(std::uint32_t index, Pfn& page) = 0;
  /// Reads the page, which is locked, pinned and not up to date; it comes back unlocked. 0 or a
  /// negative errno. May sleep.
  virtual int read_page(Pfn page) = 0;
  /// page_mkwrite(): the page, which is pinned, is about to be written to through a shared mapping;
  /// it comes back locked and dirty. 0; -EAGAIN if it has left the file; -ENOMEM; anything else is
  /// a SIGBUS, and the page is not locked. May sleep.
  virtual int make_writable(Pfn page) = 0;

 protected:
  MappedFile() = default;
  MappedFile(const MappedFile&) = default;
  MappedFile& operator=(const MappedFile&) = default;
};

}  // namespace brink
