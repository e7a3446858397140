// Names and counts of system calls.

#include "sim/kernel/syscall_table.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "brink/assert.hpp"

namespace brink {
namespace {

struct Row {
  Sys number;
  const char* name;
};

constexpr std::array<Row, 24> rows = {{
    {Sys::read, "read"},
    {Sys::write, "write"},
    {Sys::open, "open"},
    {Sys::close, "close"},
    {Sys::stat, "stat"},
    {Sys::mmap, "mmap"},
    {Sys::mprotect, "mprotect"},
    {Sys::munmap, "munmap"},
    {Sys::brk, "brk"},
    {Sys::mremap, "mremap"},
    {Sys::nanosleep, "nanosleep"},
    {Sys::fork, "fork"},
    {Sys::exit, "exit"},
    {Sys::wait4, "wait4"},
    {Sys::fsync, "fsync"},
    {Sys::rename, "rename"},
    {Sys::mkdir, "mkdir"},
    {Sys::rmdir, "rmdir"},
    {Sys::unlink, "unlink"},
    {Sys::mlock, "mlock"},
    {Sys::munlock, "munlock"},
    {Sys::mlockall, "mlockall"},
    {Sys::munlockall, "munlockall"},
    {Sys::page_fault, "#PF"},
}};

// An entry's key: number, errno (12 bits), reaction (3 bits).
constexpr std::uint32_t key_of(Sys number, int error, unsigned reaction = 0) {
  return static_cast<std::uint32_t>(number) << 15 | static_cast<std::uint32_t>(error) << 3 |
         reaction;
}
constexpr Sys number_of(std::uint32_t key) { return static_cast<Sys>(key >> 15); }
constexpr int error_of(std::uint32_t key) { return static_cast<int>(key >> 3 & 0xfff); }

void add(FlatMap<std::uint32_t, std::uint64_t>& map, std::uint32_t key) {
  if (std::uint64_t* const count = map.find(key)) {
    ++*count;
  } else {
    map.insert(key, 1);
  }
}

}  // namespace

const char* SyscallTable::name(Sys number) const {
  if (number >= Sys::first_dynamic) {
    const auto index =
        static_cast<std::size_t>(number) - static_cast<std::size_t>(Sys::first_dynamic);
    BRINK_ASSERT(index < dynamic_.size());
    return dynamic_[index].c_str();
  }
  for (const Row& row : rows) {
    if (row.number == number) return row.name;
  }
  BRINK_ASSERT(false);
  return "";
}

Sys SyscallTable::find(std::string_view name) {
  for (const Row& row : rows) {
    if (name == row.name) return row.number;
  }
  std::size_t index = 0;
  while (index < dynamic_.size() && dynamic_[index] != name) ++index;
  if (index == dynamic_.size()) dynamic_.emplace_back(name);
  return static_cast<Sys>(static_cast<std::size_t>(Sys::first_dynamic) + index);
}

void SyscallTable::count(Sys number, int error) {
  add(counts_, key_of(number, error));
  ++total_;
}

void SyscallTable::count(Sys number, int error, Reaction reaction) {
  add(reactions_, key_of(number, error, static_cast<unsigned>(reaction)));
}

std::vector<SyscallCount> SyscallTable::counts() const {
  std::vector<SyscallCount> out;
  counts_.each([&](std::uint32_t key, std::uint64_t count) {
    out.push_back({name(number_of(key)), error_of(key), count});
  });
  std::sort(out.begin(), out.end(), [](const SyscallCount& a, const SyscallCount& b) {
    return std::tie(a.syscall, a.error) < std::tie(b.syscall, b.error);
  });
  return out;
}

std::vector<ReactionCount> SyscallTable::reactions() const {
  std::vector<ReactionCount> out;
  reactions_.each([&](std::uint32_t key, std::uint64_t count) {
    out.push_back({name(number_of(key)), error_of(key), static_cast<Reaction>(key & 7), count});
  });
  std::sort(out.begin(), out.end(), [](const ReactionCount& a, const ReactionCount& b) {
    return std::tie(a.syscall, a.error, a.reaction) < std::tie(b.syscall, b.error, b.reaction);
  });
  return out;
}

}  // namespace brink
