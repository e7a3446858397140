// tmpfs_writer: fills a directory with files, as a browser's cache or a build in /tmp does: so many
// files of one size, written in chunks, held for a while, and deleted if it is told to. On tmpfs
// that is memory which belongs to nobody. Files are named `DIR/tI.N` (instance, number). At any
// error it stops writing, keeps what it has for as long, and its exit status is 1.

#include <algorithm>

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class TmpfsWriter final : public Program {
 public:
  explicit TmpfsWriter(Params& params)
      : dir_(read_path(params, "dir", "/tmp", "the directory; it is there from the start")),
        files_(params.integer("files", 4, {1, 1'000'000}, "how many files")),
        size_(params.size("size", 4 * MiB, 1, 1024 * GiB, "size of each file")),
        chunk_(params.size("chunk", 64 * KiB, 1, 1 * GiB, "bytes of one write()")),
        hold_(params.duration("hold", 1 * seconds, 0, 86'400 * seconds,
                              "how long it waits once they are written")),
        delete_(params.boolean("delete", false, "delete the files after that")) {}

  int main(Syscalls& sys) const override {
    std::int64_t made = 0;
    bool ok = true;
    while (ok && made < files_) {
      const std::string path =
          numbered(dir_, 't', sys.instance(), static_cast<std::uint64_t>(made));
      const int fd = sys.open(path, open_wronly | open_creat | open_trunc);
      ok = fd >= 0 ? write(sys, fd) : failed(sys);
      if (fd < 0) break;
      ++made;
      if (sys.close(fd) < 0) ok = failed(sys);
    }
    if (hold_ > 0) sys.sleep(hold_);
    for (std::int64_t i = 0; delete_ && i < made; ++i) {
      const std::string path = numbered(dir_, 't', sys.instance(), static_cast<std::uint64_t>(i));
      if (sys.unlink(path) < 0) ok = failed(sys);
    }
    return ok ? 0 : 1;
  }

  std::vector<std::string> paths() const override { return {dir_ + "/"}; }

 private:
  bool write(Syscalls& sys, int fd) const {
    for (std::uint64_t written = 0; written < size_;) {
      const std::int64_t result = sys.write(fd, std::min(chunk_, size_ - written));
      if (result <= 0) return failed(sys);
      written += static_cast<std::uint64_t>(result);
    }
    return true;
  }
  static bool failed(Syscalls& sys) {
    sys.react(Reaction::checked);
    return false;
  }

  const std::string dir_;
  const std::int64_t files_;
  const std::uint64_t size_;
  const std::uint64_t chunk_;
  const Nanos hold_;
  const bool delete_;
};

}  // namespace

std::unique_ptr<Program> make_tmpfs_writer(Params& params, const std::string&) {
  return std::make_unique<TmpfsWriter>(params);
}

}  // namespace brink
