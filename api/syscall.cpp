// Calls that a surface under a program may lack: a test's, say. The simulated kernel has them all.

#include "brink/syscall.hpp"

namespace brink {
namespace {

[[noreturn]] void missing(const char* call) { assertion_failed(call, __FILE__, __LINE__); }

}  // namespace

void Syscalls::read_memory(Address, std::uint64_t) { missing("the kernel implements reads"); }
std::int64_t Syscalls::mmap(const MapRequest&) { missing("the kernel implements mmap()"); }
std::int64_t Syscalls::mremap(Address, std::uint64_t, std::uint64_t) {
  missing("the kernel implements mremap()");
}
int Syscalls::mprotect(Address, std::uint64_t, bool) {
  missing("the kernel implements mprotect()");
}
int Syscalls::mlock(Address, std::uint64_t) { missing("the kernel implements mlock()"); }
int Syscalls::munlock(Address, std::uint64_t) { missing("the kernel implements munlock()"); }
int Syscalls::mlockall(bool, bool) { missing("the kernel implements mlockall()"); }
int Syscalls::munlockall() { missing("the kernel implements munlockall()"); }
std::int64_t Syscalls::fork(Child) { missing("the kernel implements fork()"); }
std::int64_t Syscalls::wait(int*) { missing("the kernel implements wait()"); }

}  // namespace brink
