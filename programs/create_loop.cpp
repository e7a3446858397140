// create_loop: creates a file that was not there (O_CREAT | O_EXCL), closes it, unlinks it, and
// again with another name, all in one directory. A file that it cannot create or unlink for lack of
// memory it leaves; any other error ends it with status 1.

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class CreateLoop final : public Program {
 public:
  explicit CreateLoop(Params& params)
      : directory_(read_path(params, "dir", "/", "where the files are created")),
        count_(static_cast<std::uint64_t>(
            params.integer("count", 1'000, {1, 1'000'000'000}, "how many each instance creates"))),
        pause_(params.duration("pause", 0, 0, 3'600 * seconds, "wait between two files")) {}

  int main(Syscalls& sys) const override {
    for (std::uint64_t n = 1; n <= count_; ++n) {
      const std::string path = numbered(directory_, 'f', sys.instance(), n);
      const int fd = sys.open(path, open_wronly | open_creat | open_excl);
      if (fd < 0 && !goes_on(sys, fd)) return 1;
      if (fd >= 0) {
        const int closed = sys.close(fd);
        if (closed < 0 && !goes_on(sys, closed)) return 1;
        const int unlinked = sys.unlink(path);
        if (unlinked < 0 && !goes_on(sys, unlinked)) return 1;
      }
      if (pause_ > 0) sys.sleep(pause_);
    }
    return 0;
  }

  std::vector<std::string> paths() const override { return {directory_ + "/"}; }

 private:
  const std::string directory_;
  const std::uint64_t count_;
  const Nanos pause_;
};

}  // namespace

std::unique_ptr<Program> make_create_loop(Params& params, const std::string&) {
  return std::make_unique<CreateLoop>(params);
}

}  // namespace brink
