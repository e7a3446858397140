// A drive that is polled: every two seconds, in the pool of CPU 0, with memory that may not start
// I/O; and what a machine without memory makes of it.

#include "sim/block/cdrom.hpp"

#include "tests/sim/block/disk.hpp"

namespace brink::test {
namespace {

/// The masks of a drive's requests.
struct Masks final : AllocTap {
  void page_request(Site site, unsigned order, Gfp gfp, Pfn) override {
    if (site != site::disk_events_page) return;
    EXPECT_EQ(order, 0u);
    EXPECT_EQ(gfp, GFP_NOIO);
    ++pages;
  }
  void object_request(Site, const char*, std::uint32_t, Gfp, bool) override {}
  int pages = 0;
};

TEST(Cdrom, IsAskedEveryTwoSecondsAndKeepsNothing) {
  Disk disk;
  CpuPools pools(disk.core, 2);
  Cdrom drive(disk.memory, pools, {.first_poll = 500 * ms}, "sr0");
  Masks masks;
  disk.memory.set_tap(&masks);
  Pages kernel_pages = 0;
  disk.task([&] {
    drive.start();
    disk.core.sleep(600 * ms);
    EXPECT_EQ(drive.answers(), 1u);
    kernel_pages = disk.memory.stat().of(PageKind::kernel);
    disk.core.sleep(8 * seconds);
    EXPECT_EQ(drive.answers(), 5u);
    EXPECT_EQ(disk.memory.stat().of(PageKind::kernel), kernel_pages);
    disk.core.stop();
  });
  disk.core.run();
  EXPECT_EQ(masks.pages, 5);
  EXPECT_EQ(drive.failures(), 0u);
}

/// It works in a worker of a CPU's pool, so that one that does not sleep keeps it from being asked.
TEST(Cdrom, WaitsForItsTurnInThePool) {
  Disk disk;
  CpuPools pools(disk.core, 1);
  Cdrom drive(disk.memory, pools, {.first_poll = 1 * ms}, "sr0");
  bool spins = true;
  struct Spinner {
    static void run(void* spinner) {
      auto& [core, on] = *static_cast<Spinner*>(spinner);
      while (on) {
        core.step(100 * us);
        core.cond_resched();
      }
    }
    Core& core;
    bool& on;
  } spinner{disk.core, spins};
  WorkItem item({Spinner::run, &spinner});
  disk.task([&] {
    pools.of(0).queue(item);
    drive.start();
    disk.core.sleep(100 * ms);
    EXPECT_EQ(drive.answers(), 0u);
    spins = false;
    disk.core.sleep(10 * ms);
    EXPECT_EQ(drive.answers(), 1u);
    disk.core.stop();
  });
  disk.core.run();
}

}  // namespace
}  // namespace brink::test
