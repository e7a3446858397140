// System calls on names (fs/namei.c, fs/stat.c, Linux 4.0): path walk, and what is done at its end.
// Left out: symbolic links, permissions, O_PATH, O_TMPFILE, relative paths of processes that
// changed their directory.
//
// A walk over cached names takes no lock and no reference. A name that is not cached is looked up
// under its directory's i_mutex, which is exclusive (rules.parallel_lookup is for later kernels).
#pragma once

#include <cstdint>
#include <string_view>

#include "brink/syscall.hpp"
#include "sim/mm/slab.hpp"

namespace brink {

class Vfs;
struct File;

/// Each returns 0 or a negative errno, and may sleep.
int do_mkdir(Vfs& vfs, std::string_view path);
int do_rmdir(Vfs& vfs, std::string_view path);
int do_unlink(Vfs& vfs, std::string_view path);
int do_rename(Vfs& vfs, std::string_view from, std::string_view to);
int do_stat(Vfs& vfs, std::string_view path, Stat* result);

/// do_filp_open(): opens or creates; `file` is set if it returns 0. `flags` are OpenFlag.
int do_open(Vfs& vfs, std::string_view path, std::uint32_t flags, File*& file);

/// The user's path, copied into the kernel (getname()); `error` is 0 if it is there.
class Filename {
 public:
  Filename(Vfs& vfs, std::string_view path);
  ~Filename();
  Filename(const Filename&) = delete;
  Filename& operator=(const Filename&) = delete;

  int error() const { return error_; }
  std::string_view text() const { return path_; }

 private:
  Vfs& vfs_;
  const std::string_view path_;
  SlabObject memory_;
  int error_ = 0;
};

}  // namespace brink
