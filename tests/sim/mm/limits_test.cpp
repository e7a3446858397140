// What a process may have: promises in each mode of overcommit, limits of one process, locked
// memory.

#include <cerrno>

#include "sim/mm/overcommit.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

void in_space(Machine& m, const std::function<void(AddressSpace&)>& body, Rlimits limits = {}) {
  m.process([&](Machine::Process& p) {
    p.mm->set_limits(limits);
    body(*p.mm);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
  EXPECT_EQ(m.memory.overcommit().committed(), 0u);
  EXPECT_EQ(m.memory.stat().unevictable, 0u);
}

MachineSpec mode(OvercommitMode overcommit) {
  MachineSpec spec;
  spec.memory.overcommit = overcommit;
  return spec;
}

TEST(Overcommit, TheHeuristicSeesOneRequestAtATime) {
  Machine m(mode(OvercommitMode::heuristic));
  in_space(m, [&](AddressSpace& mm) {
    EXPECT_EQ(mm.mmap_anonymous(256 * MiB), -ENOMEM) << "more than there is at all";
    for (int i = 0; i < 10; ++i) EXPECT_GT(mm.mmap_anonymous(40 * MiB), 0);
    EXPECT_EQ(m.memory.overcommit().committed(), 10u * 40 * MiB / page_size);
  });
}

TEST(Overcommit, AlwaysRefusesNothing) {
  Machine m(mode(OvercommitMode::always));
  in_space(m, [](AddressSpace& mm) { EXPECT_GT(mm.mmap_anonymous(1024 * GiB), 0); });
}

TEST(Overcommit, StrictKeepsToHalfOfRam) {
  Machine m(mode(OvercommitMode::strict));
  in_space(m, [&](AddressSpace& mm) {
    EXPECT_EQ(m.memory.overcommit().limit(), m.memory.zones().managed() / 2);
    EXPECT_GT(mm.mmap_anonymous(20 * MiB), 0);
    EXPECT_EQ(mm.mmap_anonymous(20 * MiB), -ENOMEM);
    EXPECT_EQ(mm.mmap({.bytes = 20 * MiB, .shared = true}, nullptr), -ENOMEM);
    const Address end = mm.brk(0);
    EXPECT_EQ(mm.brk(end + 20 * MiB), end) << "the heap stays where it is";
    EXPECT_GT(mm.mmap({.bytes = 20 * MiB, .write = false}, nullptr), 0) << "never written to";
  });
}

TEST(Rlimit, AsBoundsEverythingThatIsMapped) {
  Machine m(MachineSpec{});
  const Rlimits limits{.as = 1 * MiB};
  in_space(
      m,
      [](AddressSpace& mm) {
        const std::int64_t at = mm.mmap_anonymous(1 * MiB - page_size);
        EXPECT_GT(at, 0);
        EXPECT_EQ(mm.mmap_anonymous(2 * page_size), -ENOMEM);
        EXPECT_EQ(mm.mremap(static_cast<Address>(at), 1 * MiB - page_size, 2 * MiB), -ENOMEM);
        const Address end = mm.brk(0);
        EXPECT_EQ(mm.brk(end + 2 * page_size), end);
        EXPECT_EQ(mm.brk(end + page_size), end + page_size);
      },
      limits);
}

TEST(Rlimit, DataBoundsTheHeap) {
  Machine m(MachineSpec{});
  const Rlimits limits{.data = 64 * KiB};
  in_space(
      m,
      [](AddressSpace& mm) {
        const Address end = mm.brk(0);
        EXPECT_EQ(mm.brk(end + 64 * KiB + 1), end);
        EXPECT_EQ(mm.brk(end + 64 * KiB), end + 64 * KiB);
        EXPECT_GT(mm.mmap_anonymous(1 * MiB), 0);
      },
      limits);
}

TEST(Rlimit, StackBoundsHowFarItGrows) {
  Machine m(MachineSpec{});
  const Rlimits limits{.stack = 64 * KiB};
  in_space(
      m,
      [](AddressSpace& mm) {
        const std::int64_t at = mm.mmap({.bytes = page_size, .grows_down = true}, nullptr);
        const auto top = static_cast<Address>(at) + page_size;
        EXPECT_EQ(mm.touch(top - 64 * KiB, 1), Access::done);
        EXPECT_EQ(mm.total_vm(), 16u);
        EXPECT_EQ(mm.touch(top - 64 * KiB - 1, 1), Access::segv);
      },
      limits);
}

TEST(Mlock, BringsPagesInAndKeepsThemOffTheLists) {
  Machine m(MachineSpec{});
  in_space(m, [&](AddressSpace& mm) {
    const auto at = static_cast<Address>(mm.mmap_anonymous(1 * MiB));
    EXPECT_EQ(mm.touch(at, 64 * KiB), Access::done);
    EXPECT_EQ(mm.mlock(at, 512 * KiB), 0);
    EXPECT_EQ(mm.rss(), 128u);
    EXPECT_EQ(mm.locked_vm(), 128u);
    EXPECT_EQ(m.memory.stat().unevictable, 128u);
    EXPECT_EQ(mm.munlock(at, 256 * KiB), 0);
    EXPECT_EQ(m.memory.stat().unevictable, 64u);
    EXPECT_EQ(mm.munmap(at + 256 * KiB, 128 * KiB), 0);
    EXPECT_EQ(m.memory.stat().unevictable, 32u);
    EXPECT_EQ(mm.mlock(at, 2 * MiB), -ENOMEM) << "there is a hole";
    EXPECT_EQ(mm.mlockall(true, true), 0);
    EXPECT_EQ(m.memory.stat().unevictable, mm.total_vm());
    EXPECT_GT(mm.mmap_anonymous(64 * KiB), 0);
    EXPECT_EQ(m.memory.stat().unevictable, mm.total_vm()) << "what comes later too";
    EXPECT_EQ(mm.munlockall(), 0);
    EXPECT_EQ(m.memory.stat().unevictable, 0u);
  });
}

TEST(Mlock, IsLimited) {
  Machine m(MachineSpec{});
  const Rlimits limits{.memlock = 64 * KiB};
  in_space(
      m,
      [](AddressSpace& mm) {
        const auto at = static_cast<Address>(mm.mmap_anonymous(1 * MiB));
        EXPECT_EQ(mm.mlock(at, 128 * KiB), -ENOMEM);
        EXPECT_EQ(mm.mlock(at, 64 * KiB), 0);
        EXPECT_EQ(mm.mmap({.bytes = page_size, .locked = true}, nullptr), -EAGAIN);
        EXPECT_EQ(mm.mlockall(true, false), -ENOMEM);
      },
      limits);
}

TEST(Mlock, LockedPagesAreNotSwapped) {
  MachineSpec spec;
  spec.memory.memory = 16 * MiB;
  spec.memory.swap = 64 * MiB;
  Machine m(std::move(spec));
  in_space(m, [&](AddressSpace& mm) {
    const auto locked = static_cast<Address>(mm.mmap_anonymous(4 * MiB));
    EXPECT_EQ(mm.mlock(locked, 4 * MiB), 0);
    const auto big = static_cast<Address>(mm.mmap_anonymous(20 * MiB));
    EXPECT_EQ(mm.touch(big, 20 * MiB), Access::done);
    EXPECT_GT(mm.swap_entries(), 1000u);
    const std::uint64_t swapped_in = m.counters().swap_ins;
    EXPECT_EQ(mm.touch(locked, 4 * MiB), Access::done);
    EXPECT_EQ(m.counters().swap_ins, swapped_in);
    EXPECT_EQ(m.memory.stat().unevictable, 1024u);
  });
}

TEST(Mprotect, AWriteToWhatMustNotBeWrittenToIsASegv) {
  Machine m(MachineSpec{});
  in_space(m, [](AddressSpace& mm) {
    const auto at = static_cast<Address>(mm.mmap_anonymous(64 * KiB));
    EXPECT_EQ(mm.touch(at, 64 * KiB), Access::done);
    EXPECT_EQ(mm.mprotect(at + 16 * KiB, 16 * KiB, false), 0);
    EXPECT_EQ(mm.areas(), 3u);
    EXPECT_EQ(mm.touch(at, 16 * KiB), Access::done);
    EXPECT_EQ(mm.touch(at + 16 * KiB, 1), Access::segv);
    EXPECT_EQ(mm.read(at, 64 * KiB), Access::done);
    EXPECT_EQ(mm.mprotect(at + 16 * KiB, 16 * KiB, true), 0);
    EXPECT_EQ(mm.touch(at, 64 * KiB), Access::done);
    EXPECT_EQ(mm.rss(), 16u) << "nothing was copied";
    EXPECT_EQ(mm.mprotect(at, 128 * KiB, false), -ENOMEM);
  });
}

}  // namespace
}  // namespace brink::test
