// file_writer: writes one file from beginning to end, as dd does: in chunks, with an fsync() now
// and then if wanted, going on after a short write. Like dd it gives up at the first error, ENOMEM
// included, with status 1. The first instance writes `path`, the others `path`.1, `path`.2, …

#include <algorithm>

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class FileWriter final : public Program {
 public:
  explicit FileWriter(Params& params)
      : path_(read_path(params, "path", "", "the file; required")),
        size_(params.size("size", 16 * MiB, 0, 1024 * GiB, "how much is written")),
        chunk_(params.size("chunk", 64 * KiB, 1, 1 * GiB, "bytes of one write()")),
        fsync_every_(params.size("fsync_every", 0, 0, 1024 * GiB,
                                 "fsync() after this much, and at the end; 0 B: never")) {}

  int main(Syscalls& sys) const override {
    const std::uint32_t instance = sys.instance();
    const std::string path = instance == 0 ? path_ : path_ + "." + std::to_string(instance);
    const int fd = sys.open(path, open_wronly | open_creat | open_trunc);
    if (fd < 0) return exits(sys);
    std::uint64_t unsynced = 0;
    for (std::uint64_t written = 0; written < size_;) {
      const std::int64_t result = sys.write(fd, std::min(chunk_, size_ - written));
      if (result <= 0) return exits(sys);
      written += static_cast<std::uint64_t>(result);
      unsynced += static_cast<std::uint64_t>(result);
      const bool due = unsynced >= fsync_every_ || written == size_;
      if (fsync_every_ == 0 || !due) continue;
      if (sys.fsync(fd) < 0) return exits(sys);
      unsynced = 0;
    }
    return sys.close(fd) < 0 ? exits(sys) : 0;
  }

  std::vector<std::string> paths() const override { return {path_}; }

 private:
  const std::string path_;
  const std::uint64_t size_;
  const std::uint64_t chunk_;
  const std::uint64_t fsync_every_;
};

}  // namespace

std::unique_ptr<Program> make_file_writer(Params& params, const std::string&) {
  return std::make_unique<FileWriter>(params);
}

}  // namespace brink
