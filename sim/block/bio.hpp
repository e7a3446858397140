// A transfer between memory and a run of adjacent blocks of a device (struct bio, include/linux/
// blk_types.h, Linux 4.0). A block is a page: 4 KiB.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/units.hpp"
#include "sim/mm/mempool.hpp"

namespace brink {

using BlockNumber = std::uint64_t;

class BioSet;

struct Bio {
  /// Called in interrupt context when the transfer has ended; the bio is freed afterwards.
  using EndIo = void (*)(Bio& bio);

  Bio* next = nullptr;  ///< in a plug or in a request
  BlockNumber block = 0;
  std::uint32_t blocks = 0;  ///< 0: a cache flush
  bool write = false;
  bool sync = false;  ///< a write that somebody waits for (REQ_SYNC)
  int error = 0;      ///< 0 or -EIO, once it has ended
  Nanos delay = 0;    ///< on top of what the device takes
  EndIo end_io = nullptr;
  void* owner = nullptr;  ///< what end_io makes of it
  std::uint64_t argument = 0;
  TaskId task = no_task;   ///< who allocated it
  Nanos since = 0;         ///< and when
  std::vector<Pfn> pages;  ///< those whose state the completion changes, in order
  MempoolElement memory;
  BioSet* set = nullptr;  ///< that it came from

  /// rw_is_sync(): reads always are.
  bool is_sync() const { return !write || sync; }
  BlockNumber end() const { return block + blocks; }
};

}  // namespace brink
