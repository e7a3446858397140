// anon_hog: a program that wants more memory than there is. It maps its maps, writes to each page
// once, map after map, holds what it has, and exits. With `lookup` it calls stat() in between, each
// time for a file that nobody has asked for before, so that the kernel must search the directory
// under its lock: this is how a hog comes to wait for a task that waits for memory.
//
// A map that it does not get (ENOMEM) it does without, and its exit status is 1. A file that it
// cannot stat, for whatever reason, is one that is not there: it expects ENOENT.

#include <algorithm>
#include <vector>

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class AnonHog final : public Program {
 public:
  explicit AnonHog(Params& params)
      : maps_(params.integer("maps", 1, {1, 65'536},
                             "how many maps, all made before any is touched")),
        size_(params.size("size", 100 * MiB, page_size, 1024 * GiB, "size of each map")),
        hold_(params.duration("hold", 1 * seconds, 0, 86'400 * seconds,
                              "how long it keeps its memory before it exits")),
        mlock_(params.boolean("mlock", false, "lock each map in memory before it is touched")) {
    Params lookup = params.table("lookup", "look up files while touching: { path, every }");
    if (!params.has("lookup") && !params.describing()) return;
    path_ =
        read_path(lookup, "path", "",
                  "beginning of the files' names: instance and a serial number follow, so "
                  "that \"/srv/x\" asks for /srv/x.0.1, /srv/x.0.2, …, none of which is cached");
    every_ =
        lookup.size("every", 1 * MiB, page_size, 1024 * GiB, "one lookup after this much touched");
    lookup.done();
  }

  int main(Syscalls& sys) const override {
    std::vector<Address> maps;
    for (std::int64_t i = 0; i < maps_; ++i) {
      const std::int64_t map = sys.mmap_anonymous(size_);
      if (map < 0 && map > -4096) {
        sys.react(Reaction::checked);
      } else {
        maps.push_back(static_cast<Address>(map));
      }
    }
    for (const Address map : maps) {
      if (mlock_ && sys.mlock(map, size_) < 0) sys.react(Reaction::checked);
    }
    touch(sys, maps);
    if (hold_ > 0) sys.sleep(hold_);
    return maps.size() == static_cast<std::size_t>(maps_) ? 0 : 1;
  }

  std::vector<std::string> paths() const override {
    return path_.empty() ? std::vector<std::string>{} : std::vector{path_};
  }

 private:
  void touch(Syscalls& sys, const std::vector<Address>& maps) const {
    const std::string prefix = path_ + "." + std::to_string(sys.instance()) + ".";
    std::uint64_t serial = 0;
    std::uint64_t until_lookup = path_.empty() ? ~std::uint64_t{0} : every_;
    for (const Address map : maps) {
      for (std::uint64_t done = 0; done < size_;) {
        const std::uint64_t bytes = std::min(size_ - done, until_lookup);
        sys.touch(map + done, bytes);
        done += bytes;
        if (path_.empty() || (until_lookup -= bytes) != 0) continue;
        if (sys.stat(prefix + std::to_string(++serial)) < 0) sys.react(Reaction::checked);
        until_lookup = every_;
      }
    }
  }

  const std::int64_t maps_;
  const std::uint64_t size_;
  const Nanos hold_;
  const bool mlock_;
  std::string path_;
  std::uint64_t every_ = 0;
};

}  // namespace

std::unique_ptr<Program> make_anon_hog(Params& params, const std::string&) {
  return std::make_unique<AnonHog>(params);
}

}  // namespace brink
