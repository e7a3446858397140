// forker: a server or a shell script that forks: it has some memory of its own, forks so many
// children at a time, each of which writes to a part of what it has inherited and exits, waits for
// them, and does so again. A fork that fails (ENOMEM, EAGAIN) it does without, and its exit status
// is 1.

#include <algorithm>

#include "brink/params.hpp"
#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class Forker final : public Program {
 public:
  explicit Forker(Params& params)
      : size_(params.size("size", 4 * MiB, page_size, 1024 * GiB, "memory that it has itself")),
        touch_(params.size("touch", 1 * MiB, 0, 1024 * GiB, "what each child writes to of that")),
        hold_(params.duration("hold", 0, 0, 86'400 * seconds, "how long a child lives after that")),
        children_(params.integer("children", 2, {1, 10'000}, "children at a time")),
        rounds_(params.integer("rounds", 4, {1, 1'000'000'000}, "how often it forks them")),
        pause_(params.duration("pause", 0, 0, 3'600 * seconds, "wait between two times")) {}

  int main(Syscalls& sys) const override {
    const std::int64_t map = sys.mmap_anonymous(size_);
    if (map < 0) return exits(sys);
    sys.touch(static_cast<Address>(map), size_);
    const auto child = [this, map](Syscalls& self) {
      if (touch_ > 0) self.touch(static_cast<Address>(map), std::min(touch_, size_));
      if (hold_ > 0) self.sleep(hold_);
      return 0;
    };
    bool complete = true;
    for (std::int64_t round = 0; round < rounds_; ++round) {
      for (std::int64_t i = 0; i < children_; ++i) {
        if (sys.fork(child) >= 0) continue;
        sys.react(Reaction::checked);
        complete = false;
      }
      while (sys.wait() > 0) {
      }
      sys.react(Reaction::checked);  // ECHILD: all have ended.
      if (pause_ > 0) sys.sleep(pause_);
    }
    return complete ? 0 : 1;
  }

 private:
  const std::uint64_t size_;
  const std::uint64_t touch_;
  const Nanos hold_;
  const std::int64_t children_;
  const std::int64_t rounds_;
  const Nanos pause_;
};

}  // namespace

std::unique_ptr<Program> make_forker(Params& params, const std::string&) {
  return std::make_unique<Forker>(params);
}

}  // namespace brink
