// zram: what blocks cost, that they are given back, and that a write fails where memory does.

#include "sim/block/zram.hpp"

#include "tests/sim/block/disk.hpp"

namespace brink {
namespace {

using test::Disk;

DeviceConfig zram(std::uint32_t ratio) {
  return {
      .name = "zram0", .kind = DeviceConfig::Kind::zram, .ratio = ratio, .cpu_per_page = 10 * us};
}

/// Pages per hundred blocks that it takes.
Pages cost(std::uint32_t ratio) {
  Disk disk(zram(ratio), linux_4_0_rules());
  auto& device = static_cast<Zram&>(disk.device);
  disk.task([&] {
    disk.core.sleep(1 * ms);
    const Pages free = disk.memory.free_pages();
    for (BlockNumber i = 0; i < 2'000; ++i) disk.submit(i, 1, true);
    EXPECT_EQ(disk.done.size(), 2'000u);
    EXPECT_EQ(device.blocks(), 2'000u);
    EXPECT_NEAR(static_cast<double>(free - disk.memory.free_pages()),
                static_cast<double>(device.pages()), 8);
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  return device.pages() / 20;
}

TEST(Zram, TakesSoManyPagesAsItsRatioSays) {
  EXPECT_NEAR(static_cast<double>(cost(20)), 21, 3);
  EXPECT_NEAR(static_cast<double>(cost(40)), 42, 5);
  // What does not shrink to three quarters is stored whole.
  EXPECT_GT(cost(80), 80u);
}

TEST(Zram, GivesItsPagesBackWithTheirLastBlock) {
  Disk disk(zram(40), linux_4_0_rules());
  auto& device = static_cast<Zram&>(disk.device);
  disk.task([&] {
    disk.core.sleep(1 * ms);
    for (BlockNumber i = 0; i < 100; ++i) disk.submit(i, 1, true);
    const Pages once = device.pages();
    for (BlockNumber i = 0; i < 100; ++i) disk.submit(i, 1, true);
    EXPECT_LE(device.pages(), once + 4);  // Written again, not twice.
    for (BlockNumber i = 0; i < 100; ++i) device.discard(i);
    EXPECT_EQ(device.pages(), 0u);
    EXPECT_EQ(device.blocks(), 0u);
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
}

TEST(Zram, AWriteFailsWithoutMemoryAndKeepsWhatWasThere) {
  class NoPages final : public Fault {
   public:
    explicit NoPages(const bool& on) : on_(on) {}
    std::uint32_t points() const override { return hook_alloc; }
    bool transient() const override { return true; }
    bool fail_alloc(const AllocHook& hook) override { return on_ && hook.site == site::zram_page; }

   private:
    const bool& on_;
  };
  bool on = false;
  std::vector<std::unique_ptr<Fault>> faults;
  faults.push_back(std::make_unique<NoPages>(on));
  Disk disk(zram(100), linux_4_0_rules(), std::move(faults));
  auto& device = static_cast<Zram&>(disk.device);
  disk.task([&] {
    disk.core.sleep(1 * ms);
    disk.submit(2, 1, true);
    const Pages before = device.pages();
    on = true;
    disk.submit(2, 1, true);
    disk.submit(4, 1, true);
    EXPECT_EQ(device.pages(), before);
    EXPECT_EQ(device.blocks(), 1u);
    disk.submit(2, 1, false);
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  ASSERT_EQ(disk.done.size(), 4u);
  EXPECT_EQ(disk.done[0].error, 0);
  EXPECT_EQ(disk.done[1].error, -EIO);
  EXPECT_EQ(disk.done[2].error, -EIO);
  EXPECT_EQ(disk.done[3].error, 0);
  EXPECT_EQ(disk.memory.failures().open_count(), 0u);
}

}  // namespace
}  // namespace brink
