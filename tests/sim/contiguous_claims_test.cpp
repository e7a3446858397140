// A kernel that wants 128 pages in a row where single pages would do: the readdir buffer of 9p with
// msize 512000, which failed in guests with memory in plenty. Here the same requests, of the same
// size and mask, are made on machines whose memory becomes fragmented by what runs on them.

#include "tests/sim/fragmenting_load.hpp"

namespace brink {
namespace {

using namespace fragmenting;

unsigned failures(const Workload& load, std::uint64_t seeds) {
  unsigned failed = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Workload mine = load;
    mine.seed = seed;
    failed += run_load(mine).by_msize[512'000].failed;
  }
  return failed;
}

bool logged(const Outcome& outcome, const std::string& text) {
  return std::any_of(outcome.log.begin(), outcome.log.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

/// C0.1, C0.2: 511,984 bytes are a block of order 7; what fits into a page or two is a slab's.
TEST(Contiguous, SizesOfBuffersAreOrders) {
  RunSpec spec = plain_spec();
  Machine* machine = nullptr;
  add_task(spec, "reader", [&](Syscalls&) {
    Slab& slab = machine->memory().slab();
    EXPECT_EQ(buffer_of(512'000), 511'984u);
    EXPECT_EQ(slab.kmalloc_cache(buffer_of(512'000)), nullptr);
    EXPECT_EQ(slab.kmalloc_order(buffer_of(512'000)), 7u);
    EXPECT_STREQ(slab.kmalloc_cache(buffer_of(4'096))->name(), "kmalloc-4096");
    EXPECT_EQ(slab.kmalloc_order(buffer_of(4'096)), 0u);
    EXPECT_STREQ(slab.kmalloc_cache(buffer_of(8'192))->name(), "kmalloc-8192");
    EXPECT_EQ(slab.kmalloc_order(buffer_of(8'192)), 1u);
    return 0;
  });
  Machine made(spec);
  machine = &made;
  EXPECT_EQ(made.run().verdict, Verdict::completed);
}

/// C0.3, C0.4, with C0.1's mask: the same guest fails with the large messages alone, and with free
/// memory above the high mark of every zone. Nobody is killed for it.
TEST(Contiguous, FailsWithMemoryInPlenty) {
  Workload load;
  load.memory = "384 MiB";
  load.length = 40 * seconds;
  Result result = run_load(load);
  EXPECT_EQ(result.outcome.verdict, Verdict::completed) << result.outcome.reason;
  EXPECT_GT(result.by_msize[512'000].failed, 0u);
  EXPECT_EQ(result.by_msize[8'192].failed, 0u);
  EXPECT_EQ(result.by_msize[4'096].failed, 0u);
  EXPECT_TRUE(result.plenty);
  EXPECT_EQ(result.outcome.counters.oom_kills, 0u);
  EXPECT_TRUE(logged(result.outcome, "reader: page allocation failure: order:7, mode:0xc0d0"));
}

/// C0.5: a request of more than order 3 is not retried, so the limit on retries changes nothing.
TEST(Contiguous, TheLimitOnRetriesIsOfNoUse) {
  std::array<unsigned, 4> failed{};
  std::array<std::uint64_t, 4> hashes{};
  constexpr std::array limits = {"-1", "0", "1", "100"};
  for (std::size_t i = 0; i < limits.size(); ++i) {
    Workload load;
    load.kernel = "4.0+knob";
    load.length = 4 * seconds;
    load.rules = std::string("[policy.alloc]\nretries = ") + limits[i] + "\n";
    Result result = run_load(load);
    failed[i] = result.by_msize[512'000].failed;
    hashes[i] = result.outcome.trace_hash;
    EXPECT_GT(failed[i], 0u);
    EXPECT_EQ(failed[i], failed[0]) << limits[i];
    EXPECT_EQ(hashes[i], hashes[0]) << limits[i];
    EXPECT_EQ(result.outcome.counters.oom_kills, 0u);
  }
}

/// C0.7: the longer it runs, and the more is held that cannot be moved, the oftener; compaction
/// helps, but not always.
TEST(Contiguous, FailsMoreOftenWithTimeAndWithWhatCannotBeMoved) {
  constexpr std::uint64_t seeds = 3;
  for (const char* kernel : {"4.0", "6.1"}) {
    Workload load;
    load.kernel = kernel;
    load.held = 50;
    std::array<unsigned, 4> quarters{};
    unsigned held_most = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      load.seed = seed;
      Result result = run_load(load);
      held_most += result.by_msize[512'000].failed;
      for (std::size_t i = 0; i < 4; ++i) quarters[i] += result.quarters[i].failed;
    }
    EXPECT_LT(quarters[0], quarters[3]) << kernel;
    EXPECT_LT(quarters[0] + quarters[1], quarters[2] + quarters[3]) << kernel;
    load.held = 0;
    const unsigned held_least = failures(load, seeds);
    EXPECT_LT(held_least, held_most) << kernel;
    load.rules = "[rules]\ncompaction = \"none\"\n";
    const unsigned without = failures(load, seeds);
    RecordProperty(kernel, std::to_string(held_least) + " " + std::to_string(held_most) + " " +
                               std::to_string(without));
    EXPECT_GT(without, held_least) << kernel;
    EXPECT_GT(held_least, 0u) << kernel;
  }
}

/// C0.8: kvmalloc() takes single pages where no block is to be had.
TEST(Contiguous, KvmallocNeedsNoBlock) {
  unsigned failed = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Workload load;
    load.kernel = "6.1";
    load.seed = seed;
    Result result = run_load(load);
    failed += result.by_msize[512'000].failed;
    EXPECT_EQ(result.kv_failed, 0u);
  }
  EXPECT_GT(failed, 0u);
}

/// C0.8: but it does need single pages.
TEST(Contiguous, KvmallocNeedsPages) {
  RunSpec spec = plain_spec();
  Machine* machine = nullptr;
  add_task(spec, "reader", [&](Syscalls& sys) {
    Memory& memory = machine->memory();
    const Site site = memory.sites().add("9p.readdir.buffer",
                                         {GFP_KERNEL | Gfp::noretry, OnFailure::propagate, ""});
    KernelCalls& kernel = sys.kernel();
    kernel.enter("getdents");
    std::vector<Object> taken;
    for (;;) {
      const Object page = kernel.alloc_pages(0, GFP_KERNEL | Gfp::noretry, site);
      if (page == KernelCalls::none) break;
      taken.push_back(page);
    }
    KvMemory none = memory.kvmalloc(buffer_of(512'000), site);
    EXPECT_FALSE(none);
    for (std::size_t i = 0; i < 400; ++i) kernel.free(taken[i * 2]);
    KvMemory some = memory.kvmalloc(buffer_of(512'000), site);
    EXPECT_TRUE(some);
    memory.kvfree(some);
    kernel.leave(-ENOMEM);
    sys.react(Reaction::checked);
    return 0;
  });
  Machine made(spec);
  machine = &made;
  EXPECT_EQ(made.run().verdict, Verdict::completed);
}

}  // namespace
}  // namespace brink
