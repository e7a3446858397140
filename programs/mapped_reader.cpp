// mapped_reader: a program whose code or data is a mapped file: it writes the file once, maps it,
// and reads all of it over and over, computing in between. Under memory pressure its pages are
// reclaimed and faulted in again. The first instance uses `path`, the others `path`.1, `path`.2, …
// At any error it exits with status 1.

#include <algorithm>

#include "programs/builtin.hpp"
#include "programs/files.hpp"

namespace brink {
namespace {

class MappedReader final : public Program {
 public:
  explicit MappedReader(Params& params)
      : path_(read_path(params, "path", "", "the file; required")),
        size_(params.size("size", 4 * MiB, page_size, 1024 * GiB, "its size")),
        rounds_(params.integer("rounds", 10, {1, 1'000'000'000}, "how often it is read")),
        compute_(params.duration("compute", 10 * ms, 0, 86'400 * seconds,
                                 "time spent computing after each round")),
        exec_(params.boolean("exec", false, "the file is code: its pages are spared by reclaim")) {}

  int main(Syscalls& sys) const override {
    const std::uint32_t instance = sys.instance();
    const std::string path = instance == 0 ? path_ : path_ + "." + std::to_string(instance);
    const int fd = sys.open(path, open_rdwr | open_creat);
    if (fd < 0) return exits(sys);
    for (std::uint64_t written = 0; written < size_;) {
      const std::int64_t result = sys.write(fd, std::min<std::uint64_t>(64 * KiB, size_ - written));
      if (result <= 0) return exits(sys);
      written += static_cast<std::uint64_t>(result);
    }
    const std::int64_t map =
        sys.mmap({.bytes = size_, .fd = fd, .shared = true, .write = false, .exec = exec_});
    if (map < 0) return exits(sys);
    for (std::int64_t round = 0; round < rounds_; ++round) {
      sys.read_memory(static_cast<Address>(map), size_);
      if (compute_ > 0) sys.compute(compute_);
    }
    return 0;
  }

  std::vector<std::string> paths() const override { return {path_}; }

 private:
  const std::string path_;
  const std::uint64_t size_;
  const std::int64_t rounds_;
  const Nanos compute_;
  const bool exec_;
};

}  // namespace

std::unique_ptr<Program> make_mapped_reader(Params& params, const std::string&) {
  return std::make_unique<MappedReader>(params);
}

}  // namespace brink
