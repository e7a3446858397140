// dm-crypt: what a transfer takes, how writes come by their pages under each rule, and who is named
// as the one that must act.

#include "sim/block/dm_crypt.hpp"

#include "tests/sim/block/disk.hpp"

namespace brink {
namespace {

using test::Disk;
using Buffer = Rules::DmCryptBuffer;

/// No page to encrypt into while `on`, but for what the pool has.
class NoPages final : public Fault {
 public:
  explicit NoPages(const bool& on) : on_(on) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return false; }
  bool fail_alloc(const AllocHook& hook) override {
    return on_ && hook.site == site::dm_crypt_page;
  }

 private:
  const bool& on_;
};

Rules rules_with(Buffer buffer) {
  Rules rules = linux_4_0_rules();
  rules.dm_crypt_buffer = buffer;
  rules.dm_crypt_parallel = buffer != Buffer::split;
  return rules;
}

struct Crypt {
  explicit Crypt(Buffer buffer, std::uint32_t pool_pages = 0)
      : disk({.name = "crypt",
              .over = "ssd",
              .size = 1 * GiB,
              .pool_pages = pool_pages,
              .cpu_per_page = 10 * us},
             rules_with(buffer), faults(short_of_pages)),
        device(static_cast<DmCrypt&>(disk.device)),
        ssd(disk.block.device("ssd")) {}
  static std::vector<std::unique_ptr<Fault>> faults(const bool& on) {
    std::vector<std::unique_ptr<Fault>> list;
    list.push_back(std::make_unique<NoPages>(on));
    return list;
  }

  bool short_of_pages = false;
  Disk disk;
  DmCrypt& device;
  Device& ssd;
};

TEST(DmCrypt, ReadsAreDecryptedAfterTheTransfer) {
  for (const Buffer buffer : {Buffer::split, Buffer::serialised}) {
    Crypt crypt(buffer);
    crypt.disk.task([&] {
      crypt.disk.core.sleep(1 * seconds);
      crypt.disk.submit(100, 4, false);
    });
    EXPECT_EQ(crypt.disk.core.run(), RunEnd::quiet);
    ASSERT_EQ(crypt.disk.done.size(), 1u);
    // 100 us and 8 us a page below, then 10 us a page.
    const Nanos took = crypt.disk.done[0].at - 1 * seconds;
    EXPECT_GT(took, 172 * us);
    EXPECT_LT(took, 230 * us);
    EXPECT_EQ(crypt.ssd.blocks_moved(false), 4u);
    EXPECT_EQ(crypt.device.ios(), 0u);
  }
}

TEST(DmCrypt, AWriteGoesBelowFromPagesOfItsOwn) {
  Crypt crypt(Buffer::serialised);
  crypt.disk.task([&] {
    crypt.disk.core.sleep(1 * ms);
    crypt.disk.submit(0, 100, true);
    crypt.disk.core.sleep(1300 * us);
    EXPECT_EQ(crypt.device.page_pool().in_use(), 100u);
  });
  EXPECT_EQ(crypt.disk.core.run(), RunEnd::quiet);
  ASSERT_EQ(crypt.disk.done.size(), 1u);
  EXPECT_EQ(crypt.ssd.blocks_moved(true), 100u);
  EXPECT_EQ(crypt.device.page_pool().in_use(), 0u);
  EXPECT_EQ(crypt.device.page_pool().reserve(), 256u);
  EXPECT_EQ(crypt.disk.memory.failures().open_count(), 0u);
}

/// Two writes at a time that each need more than half of the pool; how many end.
std::size_t two_writers(Crypt& crypt, std::uint32_t pages) {
  crypt.disk.task([&, pages] {
    crypt.disk.core.sleep(1 * ms);
    crypt.short_of_pages = true;
    crypt.disk.submit(0, pages, true);
    crypt.disk.submit(1'000, pages, true);
  });
  crypt.disk.core.run();
  return crypt.disk.done.size();
}

TEST(DmCrypt, SplitsAWriteForWhichThePagesDoNotSuffice) {
  Crypt crypt(Buffer::split);
  EXPECT_EQ(crypt.device.page_pool().min_nr(), 32u);
  EXPECT_EQ(two_writers(crypt, 100), 2u);
  EXPECT_EQ(crypt.ssd.blocks_moved(true), 200u);
  EXPECT_GE(crypt.ssd.requests_served(), 7u);
  EXPECT_EQ(crypt.device.page_pool().reserve(), 32u);
  EXPECT_EQ(crypt.disk.memory.failures().open_count(), 0u);
}

TEST(DmCrypt, TwoWritersCanEachHoldHalfOfThePoolForEver) {
  Crypt crypt(Buffer::greedy);
  EXPECT_EQ(two_writers(crypt, 200), 0u);
  EXPECT_EQ(crypt.device.page_pool().reserve(), 0u);
  EXPECT_EQ(crypt.device.page_pool().in_use(), 256u);
  // Both are named, no event among them: whoever waits for either waits for these two.
  const Disk::Named named = crypt.disk.blockers_of(0);
  EXPECT_EQ(named.events, 0);
  ASSERT_EQ(named.tasks.size(), 1u);
  const Disk::Named other = crypt.disk.blockers_of(1'000);
  ASSERT_EQ(other.tasks.size(), 1u);
  EXPECT_NE(named.tasks[0], other.tasks[0]);
}

TEST(DmCrypt, WhoeverHasToWaitForPagesIsAlone) {
  Crypt crypt(Buffer::serialised);
  EXPECT_EQ(two_writers(crypt, 200), 2u);
  EXPECT_EQ(crypt.device.page_pool().reserve(), 256u);
  EXPECT_EQ(crypt.disk.memory.failures().open_count(), 0u);
}

TEST(DmCrypt, AnErrorBelowIsTheTransfersOwn) {
  class Broken final : public Fault {
   public:
    std::uint32_t points() const override { return hook_bio; }
    bool transient() const override { return true; }
    BioAnswer at_bio(const BioHook&) override { return {0, true}; }
  };
  std::vector<std::unique_ptr<Fault>> faults;
  faults.push_back(std::make_unique<Broken>());
  Disk disk({.name = "crypt", .over = "ssd"}, linux_4_0_rules(), std::move(faults));
  disk.task([&] {
    disk.core.sleep(1 * ms);
    disk.submit(0, 4, true);
    disk.submit(8, 4, false);
  });
  EXPECT_EQ(disk.core.run(), RunEnd::quiet);
  ASSERT_EQ(disk.done.size(), 2u);
  EXPECT_EQ(disk.done[0].error, -EIO);
  EXPECT_EQ(disk.done[1].error, -EIO);
}

}  // namespace
}  // namespace brink
