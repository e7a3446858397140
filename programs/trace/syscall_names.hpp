// Names of system calls.
#pragma once

#include <cstdint>
#include <string>

namespace brink {

/// The name of a system call of x86-64: "openat"; `syscall_N` for a number that has none.
std::string syscall_name(std::uint32_t number);

}  // namespace brink
