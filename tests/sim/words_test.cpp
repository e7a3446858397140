// The words that an experiment file may use are those that the simulation knows.

#include <gtest/gtest.h>

#include <set>

#include "experiment/registries.hpp"
#include "sim/block/device_table.hpp"
#include "sim/fs/file_systems.hpp"
#include "sim/kernel/syscall_table.hpp"
#include "sim/sched/strategies.hpp"

namespace brink {
namespace {

template <class Row>
std::set<std::string> names(std::span<const Row> rows) {
  std::set<std::string> all;
  for (const Row& row : rows) {
    EXPECT_TRUE(all.insert(row.name).second) << row.name << " is there twice";
    EXPECT_STRNE(row.summary, "") << row.name;
  }
  return all;
}

TEST(Words, FileSystemsAreThoseThatCanBeMounted) {
  EXPECT_EQ(names(builtin_file_systems()), names(file_systems()));
}

TEST(Words, DevicesAreThoseThatAMachineCanHave) {
  EXPECT_EQ(names(builtin_devices()), names(device_table()));
}

TEST(Words, StrategiesAreThoseThatChoose) {
  EXPECT_EQ(names(builtin_strategies()), names(strategies()));
}

TEST(Words, SystemCallsAreThoseOfTheKernel) {
  // One that the table does not know by itself is added, with a number after the built-in ones.
  SyscallTable table;
  for (const WordRow& row : builtin_syscalls()) {
    EXPECT_LT(table.find(row.name), Sys::first_dynamic) << row.name;
    EXPECT_STREQ(table.name(table.find(row.name)), row.name);
  }
  std::set<std::string> known = names(builtin_syscalls());
  for (const Sys number :
       {Sys::read,    Sys::write,    Sys::open,       Sys::close,    Sys::stat,   Sys::mmap,
        Sys::munmap,  Sys::brk,      Sys::exit,       Sys::fsync,    Sys::rename, Sys::mkdir,
        Sys::rmdir,   Sys::unlink,   Sys::page_fault, Sys::mprotect, Sys::mremap, Sys::mlock,
        Sys::munlock, Sys::mlockall, Sys::munlockall, Sys::fork,     Sys::wait4}) {
    EXPECT_EQ(known.erase(table.name(number)), 1u) << table.name(number);
  }
  EXPECT_TRUE(known.empty()) << *known.begin();
}

}  // namespace
}  // namespace brink
