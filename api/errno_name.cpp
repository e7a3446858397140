// Names of error numbers. A table of our own, because the C library has none that is portable; the
// numbers are the host's, which on Linux are the simulated kernel's.

#include <array>
#include <cerrno>

#include "brink/outcome.hpp"

namespace brink {
namespace {

struct Row {
  int error;
  const char* name;
};

constexpr std::array rows = {
    Row{0, "0"},
    Row{EPERM, "EPERM"},
    Row{ENOENT, "ENOENT"},
    Row{EINTR, "EINTR"},
    Row{EIO, "EIO"},
    Row{E2BIG, "E2BIG"},
    Row{EBADF, "EBADF"},
    Row{ECHILD, "ECHILD"},
    Row{EAGAIN, "EAGAIN"},
    Row{ENOMEM, "ENOMEM"},
    Row{EACCES, "EACCES"},
    Row{EFAULT, "EFAULT"},
    Row{EBUSY, "EBUSY"},
    Row{EEXIST, "EEXIST"},
    Row{EXDEV, "EXDEV"},
    Row{ENODEV, "ENODEV"},
    Row{ENOTDIR, "ENOTDIR"},
    Row{EISDIR, "EISDIR"},
    Row{EINVAL, "EINVAL"},
    Row{ENFILE, "ENFILE"},
    Row{EMFILE, "EMFILE"},
    Row{EFBIG, "EFBIG"},
    Row{ENOSPC, "ENOSPC"},
    Row{ESPIPE, "ESPIPE"},
    Row{EROFS, "EROFS"},
    Row{EMLINK, "EMLINK"},
    Row{EPIPE, "EPIPE"},
    Row{ENAMETOOLONG, "ENAMETOOLONG"},
    Row{ENOSYS, "ENOSYS"},
    Row{ENOTEMPTY, "ENOTEMPTY"},
    Row{ELOOP, "ELOOP"},
    Row{EOPNOTSUPP, "EOPNOTSUPP"},
    Row{ENOBUFS, "ENOBUFS"},
    Row{ETIMEDOUT, "ETIMEDOUT"},
    Row{ECONNREFUSED, "ECONNREFUSED"},
    Row{EDQUOT, "EDQUOT"},
};

}  // namespace

std::string errno_name(int error) {
  for (const Row& row : rows) {
    if (row.error == error) return row.name;
  }
  return std::to_string(error);
}

}  // namespace brink
