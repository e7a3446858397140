// The programs by name: what `brink list` prints and what an experiment file may name.

#include <array>

#include "programs/builtin.hpp"

namespace brink {

std::span<const ProgramRow> program_table() {
  static constexpr std::array<ProgramRow, 11> rows = {{
      {"alloc_trace", "replay a recorded kernel allocation trace", make_alloc_trace},
      {"anon_hog", "map memory, touch all of it once, hold it, exit", make_anon_hog},
      {"create_loop", "create, close and unlink files in one directory", make_create_loop},
      {"file_writer", "write one file from beginning to end", make_file_writer},
      {"forker", "fork children that write to what they inherit", make_forker},
      {"log_writer", "need more and more memory and write a log", make_log_writer},
      {"mapped_reader", "map a file and read it over and over", make_mapped_reader},
      {"mkdir_loop", "make directories in one directory", make_mkdir_loop},
      {"order_probe", "fragment memory, then ask for blocks of each order", make_order_probe},
      {"pool_grower", "let a driver take pages, then ask for one more", make_pool_grower},
      {"tmpfs_writer", "fill a directory with files, hold them, delete them", make_tmpfs_writer},
  }};
  return rows;
}

}  // namespace brink
