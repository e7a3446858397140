// Words of the machine that have no table under include/brink: the simulation knows them by name
// and refuses others, so a test of the whole holds these lists against it.

#include <array>

#include "experiment/registries.hpp"

namespace brink {

std::span<const WordRow> builtin_file_systems() {
  static constexpr std::array<WordRow, 1> rows = {{
      {"ext4", "ext4 with its jbd2 journal, data=ordered"},
  }};
  return rows;
}

std::span<const WordRow> builtin_devices() {
  static constexpr std::array<WordRow, 4> rows = {{
      {"disk", "a hard disk: 6 ms a seek, 100 MB/s"},
      {"network", "a disk at the other end of a network (nbd): 500 us a round trip, 100 MB/s"},
      {"ramdisk", "memory that is not the machine's own: 1 us a request, 4 GB/s"},
      {"ssd", "a SATA flash disk: 100 us a request, 500 MB/s"},
  }};
  return rows;
}

std::span<const WordRow> builtin_strategies() {
  static constexpr std::array<WordRow, 5> rows = {{
      {"fifo", "the oldest READY task, round robin; preempts at the tick only"},
      {"random", "uniformly at every choice; carrying on is one of them"},
      {"pct", "priorities with `depth` - 1 changes spread over `steps` choices"},
      {"dfs", "every schedule within `preemptions`, one after another; seeds count schedules"},
      {"replay", "the choices that a run id names with schedule="},
  }};
  return rows;
}

std::span<const WordRow> builtin_syscalls() {
  static constexpr std::array<WordRow, 15> rows = {{
      {"open", "a file, by path"},
      {"close", "a descriptor"},
      {"read", "through the page cache"},
      {"write", "into the page cache"},
      {"fsync", "a file's data and the journal"},
      {"mkdir", "a directory"},
      {"rmdir", "a directory"},
      {"unlink", "a file"},
      {"rename", "a file or directory"},
      {"stat", "a path"},
      {"mmap", "anonymous memory"},
      {"munmap", "a range of it"},
      {"brk", "the heap's end"},
      {"exit", "the process"},
      {"#PF", "a page fault: no call, but it may end in SIGBUS"},
  }};
  return rows;
}

}  // namespace brink
