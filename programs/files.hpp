// What the programs that work on files have in common: names, parameters, and what they do when a
// system call fails.
#pragma once

#include <cstdint>
#include <string>

#include "brink/params.hpp"
#include "brink/syscall.hpp"

namespace brink {

/// An absolute path; `fallback` is empty if the key is required.
std::string read_path(Params& params, std::string_view key, std::string_view fallback,
                      std::string_view meaning);

/// `DIRECTORY/STEMi.n`: a name that no other instance and no other round uses.
std::string numbered(const std::string& directory, char stem, std::uint32_t instance,
                     std::uint64_t n);

/// For programs that give up at an error: says so to the kernel. The exit status.
int exits(Syscalls& sys);

/// For programs that try the next thing: ENOMEM and EEXIST they note and go on; at any other error,
/// which the next thing would meet as well, they exit. Says so to the kernel; false if it exits.
bool goes_on(Syscalls& sys, std::int64_t result);

}  // namespace brink
