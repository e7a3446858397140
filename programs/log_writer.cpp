// log_writer: a server that needs more and more memory and writes a log: it maps its memory, writes
// to each page once, and after so much of it writes a record. With `shared` all instances write the
// one log `path`, each from the beginning; else the first instance writes `path` and the others
// `path`.1, `path`.2, …
//
// A record that it cannot write it does without, and its exit status is 1.

#include <algorithm>

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class LogWriter final : public Program {
 public:
  explicit LogWriter(Params& params)
      : path_(read_path(params, "path", "", "the log; required")),
        shared_(params.boolean("shared", true, "all instances write the same log")),
        size_(params.size("size", 16 * MiB, page_size, 1024 * GiB, "memory that it comes to need")),
        every_(params.size("every", 256 * KiB, page_size, 1024 * GiB,
                           "one record after this much of it")),
        record_(params.size("record", 4 * KiB, 1, 1 * GiB, "bytes of one record")),
        fsync_(params.boolean("fsync", false, "fsync() after each record")),
        hold_(params.duration("hold", 0, 0, 86'400 * seconds,
                              "how long it keeps its memory before it exits")) {}

  int main(Syscalls& sys) const override {
    const std::uint32_t instance = sys.instance();
    const bool own = !shared_ && instance != 0;
    const int fd =
        sys.open(own ? path_ + "." + std::to_string(instance) : path_, open_wronly | open_creat);
    if (fd < 0) return exits(sys);
    const std::int64_t map = sys.mmap_anonymous(size_);
    if (map < 0 && map > -4096) return exits(sys);
    bool complete = true;
    for (std::uint64_t done = 0; done < size_;) {
      const std::uint64_t bytes = std::min(every_, size_ - done);
      sys.touch(static_cast<Address>(map) + done, bytes);
      done += bytes;
      if (bytes < every_ || write(sys, fd)) continue;
      sys.react(Reaction::checked);
      complete = false;
    }
    if (hold_ > 0) sys.sleep(hold_);
    if (sys.close(fd) < 0) return exits(sys);
    return complete ? 0 : 1;
  }

  std::vector<std::string> paths() const override { return {path_}; }

 private:
  bool write(Syscalls& sys, int fd) const {
    const auto all = static_cast<std::int64_t>(record_);
    return sys.write(fd, record_) == all && (!fsync_ || sys.fsync(fd) == 0);
  }

  const std::string path_;
  const bool shared_;
  const std::uint64_t size_;
  const std::uint64_t every_;
  const std::uint64_t record_;
  const bool fsync_;
  const Nanos hold_;
};

}  // namespace

std::unique_ptr<Program> make_log_writer(Params& params, const std::string&) {
  return std::make_unique<LogWriter>(params);
}

}  // namespace brink
