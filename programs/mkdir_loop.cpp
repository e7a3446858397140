// mkdir_loop: makes one directory after another in the same place, each with a name of its own, and
// with `rmdir` removes it again. A directory that it cannot make for lack of memory it does
// without; any other error ends it with status 1.

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class MkdirLoop final : public Program {
 public:
  explicit MkdirLoop(Params& params)
      : directory_(read_path(params, "dir", "/", "where the directories are made")),
        count_(static_cast<std::uint64_t>(
            params.integer("count", 1'000, {1, 1'000'000'000}, "how many each instance makes"))),
        rmdir_(params.boolean("rmdir", false, "remove each directory after making it")),
        pause_(params.duration("pause", 0, 0, 3'600 * seconds, "wait between two directories")) {}

  int main(Syscalls& sys) const override {
    for (std::uint64_t n = 1; n <= count_; ++n) {
      const std::string path = numbered(directory_, 'd', sys.instance(), n);
      const int made = sys.mkdir(path);
      if (made < 0 && !goes_on(sys, made)) return 1;
      if (rmdir_ && made == 0) {
        const int removed = sys.rmdir(path);
        if (removed < 0 && !goes_on(sys, removed)) return 1;
      }
      if (pause_ > 0) sys.sleep(pause_);
    }
    return 0;
  }

  std::vector<std::string> paths() const override { return {directory_ + "/"}; }

 private:
  const std::string directory_;
  const std::uint64_t count_;
  const bool rmdir_;
  const Nanos pause_;
};

}  // namespace

std::unique_ptr<Program> make_mkdir_loop(Params& params, const std::string&) {
  return std::make_unique<MkdirLoop>(params);
}

}  // namespace brink
