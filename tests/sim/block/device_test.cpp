// Devices: how long transfers take, plugs, full queues, errors, and the pool of bios.

#include "tests/sim/block/disk.hpp"

namespace brink {
namespace {

using test::Disk;

TEST(Device, SeeksUnlessATransferBeginsWhereTheLastOneEnded) {
  Disk disk;
  disk.task([&] {
    disk.submit(1'000, 2, true);
    disk.core.sleep(1 * seconds);
    disk.submit(1'002, 1, true);
    disk.core.sleep(1 * seconds);
    disk.submit(10, 1, false);
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  ASSERT_EQ(disk.done.size(), 3u);
  EXPECT_NEAR(static_cast<double>(disk.done[0].at), 6.082e6, 2e4);
  EXPECT_LT(disk.done[1].at - 1 * seconds, 100 * us);
  EXPECT_GT(disk.done[2].at - 2 * seconds, 6 * ms);
  EXPECT_EQ(disk.device.blocks_moved(true), 3u);
  EXPECT_EQ(disk.device.blocks_moved(false), 1u);
  EXPECT_EQ(disk.device.in_flight(), 0u);
}

TEST(Device, APlugHoldsBackUntilItIsPulledAndMerges) {
  Disk disk;
  disk.task([&] {
    disk.device.plug();
    for (BlockNumber i = 0; i < 8; ++i) disk.submit(100 + i, 1, true);
    EXPECT_EQ(disk.device.in_flight(), 0u);
    EXPECT_EQ(disk.blockers_of(100).tasks.size(), 1u);
    EXPECT_EQ(disk.blockers_of(107).events, 0);
    disk.core.sleep(1 * seconds);
    EXPECT_TRUE(disk.done.empty());
    disk.device.unplug();
    EXPECT_EQ(disk.blockers_of(107).events, 1);
    // The first goes to the idle hardware at once; the others are one request.
    EXPECT_EQ(disk.device.in_flight(), 2u);
    disk.device.plug();
    for (BlockNumber i = 0; i < 16; ++i) disk.submit(500 + i, 1, true);
    EXPECT_GT(disk.device.in_flight(), 2u);  // Sixteen are enough.
    disk.device.unplug();
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  EXPECT_EQ(disk.done.size(), 24u);
  EXPECT_LE(disk.device.requests_served(), 4u);
}

TEST(Device, AFullQueueIsWaitedForAndCongested) {
  Disk disk;
  bool congested = false;
  std::uint32_t most = 0;
  disk.task([&] {
    for (BlockNumber i = 0; i < 300; ++i) {
      disk.submit(10 * i, 1, true);
      most = std::max(most, disk.device.in_flight());
      congested = congested || disk.device.congested(true);
    }
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  EXPECT_EQ(most, 128u);
  EXPECT_TRUE(congested);
  EXPECT_FALSE(disk.device.congested(true));
  EXPECT_EQ(disk.done.size(), 300u);
}

TEST(Device, TransfersMeetTheLuckOfTheirFault) {
  class Luck final : public Fault {
   public:
    std::uint32_t points() const override { return hook_bio; }
    bool transient() const override { return true; }
    BioAnswer at_bio(const BioHook& hook) override {
      EXPECT_STREQ(hook.device, "ssd");
      return {hook.write ? 0 : 1 * seconds, hook.write && hook.bytes == 2 * page_size};
    }
  };
  std::vector<std::unique_ptr<Fault>> faults;
  faults.push_back(std::make_unique<Luck>());
  Disk disk("ssd", std::move(faults));
  disk.task([&] {
    disk.submit(1, 1, true);
    disk.submit(10, 2, true);
    disk.submit(20, 1, false);
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  ASSERT_EQ(disk.done.size(), 3u);
  for (const Disk::Done& one : disk.done) EXPECT_EQ(one.error, one.block == 10 ? -EIO : 0);
  EXPECT_GT(disk.done.back().at, 1 * seconds);
}

TEST(BioSet, FallsBackOnItsReserveAndThenWaits) {
  class NoMemory final : public Fault {
   public:
    explicit NoMemory(const bool& on) : on_(on) {}
    std::uint32_t points() const override { return hook_alloc; }
    bool transient() const override { return true; }
    bool fail_alloc(const AllocHook& hook) override {
      return on_ && hook.slab() && !has(hook.gfp, Gfp::nofail);
    }

   private:
    const bool& on_;
  };
  bool on = false;
  std::vector<std::unique_ptr<Fault>> faults;
  faults.push_back(std::make_unique<NoMemory>(on));
  Disk disk("disk", std::move(faults));
  disk.task([&] {
    disk.core.sleep(1 * ms);  // Until the reserve has been filled.
    on = true;
    for (BlockNumber i = 0; i < 6; ++i) {
      disk.submit(100 * i, 1, true);
      EXPECT_LE(disk.block.bios().in_use(), 2u);
    }
    // Four of them had to wait for a disk that seeks.
    EXPECT_GT(disk.core.now(), 18 * ms);
    EXPECT_LT(disk.core.now(), 1 * seconds);
    on = false;
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  EXPECT_EQ(disk.done.size(), 6u);
  EXPECT_EQ(disk.block.bios().reserve(), BioSet::min_nr);
  EXPECT_EQ(disk.block.bios().in_use(), 0u);
  EXPECT_EQ(disk.memory.failures().open_count(), 0u);
}

TEST(BioSet, FlushesThePlugThatHoldsTheReserve) {
  class NoBios final : public Fault {
   public:
    std::uint32_t points() const override { return hook_alloc; }
    bool transient() const override { return true; }
    bool fail_alloc(const AllocHook& hook) override { return hook.site == site::mm_swap_bio; }
  };
  std::vector<std::unique_ptr<Fault>> faults;
  faults.push_back(std::make_unique<NoBios>());
  Disk disk("disk", std::move(faults));
  disk.task([&] {
    disk.device.plug();
    for (BlockNumber i = 0; i < 5; ++i) disk.submit(100 * i, 1, true, site::mm_swap_bio);
    disk.device.unplug();
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  EXPECT_EQ(disk.done.size(), 5u);
}

TEST(Block, GivesEachPartitionItsOwnBlocks) {
  Disk disk;
  const Partition first = disk.block.partition("disk", 1 * MiB);
  const Partition second = disk.block.partition("disk", 2 * MiB);
  EXPECT_EQ(first.device, second.device);
  EXPECT_EQ(first.first, 0u);
  EXPECT_EQ(first.blocks, 256u);
  EXPECT_EQ(second.first, 256u);
  EXPECT_NE(disk.block.partition("ssd", 1 * MiB).device, first.device);
}

}  // namespace
}  // namespace brink
