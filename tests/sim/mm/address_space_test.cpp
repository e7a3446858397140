// Areas: mmap, munmap in part, brk, and what it costs in pages; failures leave all as it was.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <set>

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

constexpr std::uint64_t kib = 1024;

void in_process(Machine& m, const std::function<void(AddressSpace&)>& body) {
  m.process([&, body](Machine::Process& p) { body(*p.mm); });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
  EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u);
  EXPECT_EQ(m.memory.stat().of(PageKind::page_table), 0u);
  for (const auto& cache : m.memory.slab().caches()) EXPECT_EQ(cache->objects_in_use(), 0u);
}

Address map(AddressSpace& mm, std::uint64_t bytes) {
  const std::int64_t at = mm.mmap_anonymous(bytes);
  EXPECT_GT(at, 0);
  return static_cast<Address>(at);
}

TEST(AddressSpace, MapsTopDownAndMergesNeighbours) {
  Machine m(MachineSpec{});
  in_process(m, [](AddressSpace& mm) {
    const Address first = map(mm, 8 * kib);
    const Address second = map(mm, 4 * kib + 1);
    EXPECT_EQ(second, first - 8 * kib);
    EXPECT_EQ(mm.areas(), 1u);
    EXPECT_EQ(mm.total_vm(), 4u);
    // The highest gap that is large enough.
    EXPECT_EQ(mm.munmap(first, 4 * kib), 0);
    EXPECT_EQ(mm.areas(), 2u);
    EXPECT_EQ(map(mm, 8 * kib), second - 8 * kib);
    EXPECT_EQ(map(mm, 4 * kib), first);
    EXPECT_EQ(mm.total_vm(), 6u);
  });
}

TEST(AddressSpace, RefusesWhatMakesNoSense) {
  Machine m(MachineSpec{});
  in_process(m, [](AddressSpace& mm) {
    EXPECT_EQ(mm.mmap_anonymous(0), -EINVAL);
    EXPECT_EQ(mm.mmap_anonymous(~std::uint64_t{0}), -ENOMEM);
    EXPECT_EQ(mm.mmap_anonymous(~std::uint64_t{0} - 4095), -ENOMEM);
    EXPECT_EQ(mm.mmap_anonymous(9 * 1024 * GiB), -ENOMEM);
    EXPECT_EQ(mm.mmap_anonymous(1 * GiB), -ENOMEM) << "obviously too much for 64 MiB";
    const Address at = map(mm, 8 * kib);
    EXPECT_EQ(mm.munmap(at + 1, 4 * kib), -EINVAL);
    EXPECT_EQ(mm.munmap(at, 0), -EINVAL);
    EXPECT_EQ(mm.munmap(at, ~std::uint64_t{0}), -EINVAL);
    EXPECT_EQ(mm.munmap(~std::uint64_t{0} - 4095, 4 * kib), -EINVAL);
    EXPECT_EQ(mm.total_vm(), 2u);
    EXPECT_EQ(mm.munmap(at - 1 * MiB, 64 * kib), 0) << "nothing there is no error";
    EXPECT_EQ(mm.total_vm(), 2u);
  });
}

RC_GTEST_PROP(AddressSpace, KnowsWhichPagesAreMappedWhateverIsUnmapped, ()) {
  Machine m(MachineSpec{});
  const auto cuts = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
      12, rc::gen::pair(rc::gen::inRange(0u, 1500u), rc::gen::inRange(1u, 700u)));
  bool right = true;
  in_process(m, [&](AddressSpace& mm) {
    const Address at = map(mm, 1500 * page_size);
    std::set<std::uint32_t> mapped;
    for (std::uint32_t i = 0; i < 1500; ++i) mapped.insert(i);
    right = right && mm.touch(at, 1500 * page_size) == Access::done;
    for (const auto& [from, length] : cuts) {
      const std::uint32_t count = std::min(length, 1500 - from);
      right = right && mm.munmap(at + from * page_size, count * page_size) == 0;
      for (std::uint32_t i = from; i < from + count; ++i) mapped.erase(i);
      right = right && mm.rss() == mapped.size() && mm.total_vm() == mapped.size();
      std::set<std::uint32_t> tables;
      for (const std::uint32_t i : mapped) {
        tables.insert(static_cast<std::uint32_t>((at / page_size + i) >> 9));
      }
      right = right && mm.page_tables() == tables.size() + (tables.empty() ? 0 : 1);
    }
    for (std::uint32_t i = 0; i < 1500; ++i) {
      const bool there = mm.touch(at + i * page_size, 1) == Access::done;
      right = right && there == (mapped.count(i) != 0);
    }
    right = right && m.memory.check().empty();
  });
  RC_ASSERT(right);
}

TEST(AddressSpace, GrowsAndShrinksTheHeap) {
  Machine m(MachineSpec{});
  in_process(m, [](AddressSpace& mm) {
    const Address start = mm.brk(0);
    EXPECT_EQ(mm.brk(start + 10), start + 10);
    EXPECT_EQ(mm.total_vm(), 1u);
    EXPECT_EQ(mm.brk(start + 1 * MiB), start + 1 * MiB);
    EXPECT_EQ(mm.areas(), 1u);
    EXPECT_EQ(mm.total_vm(), 256u);
    EXPECT_EQ(mm.touch(start, 1 * MiB), Access::done);
    EXPECT_EQ(mm.rss(), 256u);
    EXPECT_EQ(mm.brk(start + 4 * kib + 1), start + 4 * kib + 1);
    EXPECT_EQ(mm.rss(), 2u);
    EXPECT_EQ(mm.touch(start + 8 * kib, 1), Access::segv);
    // Errors are told by the end that stays.
    EXPECT_EQ(mm.brk(start - 1), start + 4 * kib + 1);
    EXPECT_EQ(mm.brk(start + 1 * GiB), start + 4 * kib + 1);
    EXPECT_EQ(mm.total_vm(), 2u);
    EXPECT_EQ(mm.brk(start), start);
    EXPECT_EQ(mm.areas(), 0u);
  });
}

/// Fails each request for some site from the n-th on.
class FailFrom final : public Fault {
 public:
  FailFrom(Site site, int nth) : site_(site), left_(nth) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool fail_alloc(const AllocHook& hook) override { return hook.site == site_ && --left_ <= 0; }
  bool transient() const override { return false; }

 private:
  const Site site_;
  int left_;
};

MachineSpec failing(Site site, int nth) {
  MachineSpec spec;
  spec.faults.push_back(std::make_unique<FailFrom>(site, nth));
  return spec;
}

TEST(AddressSpace, StaysAsItWasWhenASplitFails) {
  // The area itself, its chain, its anon_vma; twice for a hole in the middle would be once more.
  for (int nth = 1; nth <= 3; ++nth) {
    Machine m(failing(site::mm_vma_split, nth));
    in_process(m, [&](AddressSpace& mm) {
      const Address at = map(mm, 64 * kib);
      EXPECT_EQ(mm.touch(at, 64 * kib), Access::done);
      EXPECT_EQ(mm.munmap(at + 16 * kib, 48 * kib), -ENOMEM) << nth;
      EXPECT_EQ(mm.rss(), 16u);
      EXPECT_EQ(mm.areas(), 1u);
      EXPECT_EQ(mm.total_vm(), 16u);
      EXPECT_EQ(mm.touch(at, 64 * kib), Access::done);
      FailureLedger& ledger = m.memory.failures();
      EXPECT_FALSE(ledger.settle_syscall(m.core.current(), "munmap", -ENOMEM));
    });
    EXPECT_EQ(m.fate(site::mm_vma_split, Fate::returned), 1u);
  }
}

TEST(AddressSpace, TellsMmapAndBrkThatThereIsNoArea) {
  Machine m(failing(site::mm_vma, 1));
  in_process(m, [&](AddressSpace& mm) {
    EXPECT_EQ(mm.mmap_anonymous(4 * kib), -ENOMEM);
    EXPECT_FALSE(m.memory.failures().settle_syscall(m.core.current(), "mmap", -ENOMEM));
    const Address start = mm.brk(0);
    EXPECT_EQ(mm.brk(start + 4 * kib), start);
    EXPECT_EQ(m.memory.failures().open_count(), 0u);
    EXPECT_EQ(mm.total_vm(), 0u);
  });
  EXPECT_EQ(m.fate(site::mm_vma, Fate::returned), 1u);
  EXPECT_EQ(m.fate(site::mm_vma, Fate::translated), 1u);
}

TEST(AddressSpace, FreesWithoutAGatherPageToo) {
  Machine m(failing(site::mm_exit_gather, 1));
  in_process(m, [](AddressSpace& mm) {
    const Address at = map(mm, 3 * MiB);
    EXPECT_EQ(mm.touch(at, 3 * MiB), Access::done);
  });
  EXPECT_GE(m.fate(site::mm_exit_gather, Fate::degraded), 2u);
}

/// Two tasks of one process in one place: neither loses what the other made meanwhile.
TEST(AddressSpace, IsSharedByTasksThatFaultAtOnce) {
  for (const Preempt preempt : {Preempt::voluntary, Preempt::full}) {
    MachineSpec spec;
    spec.preempt = preempt;
    spec.retries = 0;
    Machine m(std::move(spec));
    in_process(m, [&](AddressSpace& mm) {
      const Address at = map(mm, 4 * MiB);
      int running = 3;
      for (int i = 0; i < 3; ++i) {
        m.kernel([&] {
          for (std::uint64_t page = 0; page < 1000; page += 100) {
            EXPECT_EQ(mm.touch(at + page * page_size, 50 * page_size), Access::done);
          }
          --running;
        });
      }
      while (running != 0) m.core.sleep(1 * ms);
      EXPECT_EQ(mm.rss(), 10u * 50u);
      EXPECT_EQ(m.memory.check(), "");
    });
  }
}

}  // namespace
}  // namespace brink::test
