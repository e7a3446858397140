// fork and wait: what a child has, what each failure leaves behind, who reaps whom.

#include "sim/mm/overcommit.hpp"
#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

TEST(Fork, AChildHasACopyAndTheParentWaitsForIt) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const auto at = static_cast<Address>(sys.mmap_anonymous(1 * MiB));
    sys.touch(at, 1 * MiB);
    EXPECT_EQ(sys.wait(), -ECHILD);
    TaskId child_id = no_task;
    const std::int64_t child = sys.fork([&, at](Syscalls& self) {
      child_id = self.pid();
      self.sleep(10 * ms);
      self.touch(at, 256 * KiB);
      return 7;
    });
    EXPECT_GT(child, 0);
    EXPECT_EQ(rig.memory.stat().of(PageKind::anon), 256u);
    int status = 0;
    EXPECT_EQ(sys.wait(&status), child);
    EXPECT_EQ(status, 7);
    EXPECT_EQ(static_cast<std::int64_t>(child_id), child);
    EXPECT_EQ(rig.memory.stat().of(PageKind::anon), 256u) << "the child's copies are gone";
    EXPECT_EQ(sys.wait(), -ECHILD);
  });
  EXPECT_EQ(rig.objects("task_struct"), 0u);
  EXPECT_EQ(rig.kernel.live_processes(), 0u);
}

TEST(Fork, SharesOpenFilesAndSharedMemory) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 10'000), 10'000);
    const auto at = static_cast<Address>(sys.mmap({.bytes = 64 * KiB, .shared = true}));
    EXPECT_GE(sys.fork([fd, at](Syscalls& self) {
      EXPECT_EQ(self.write(fd, 10'000), 10'000);  // Behind what the parent wrote.
      self.touch(at, 64 * KiB);
      return 0;
    }),
              0);
    EXPECT_GT(sys.wait(), 0);
    Stat stat;
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 20'000u);
    EXPECT_EQ(rig.memory.stat().of(PageKind::shmem), 16u);
    sys.touch(at, 64 * KiB);
    EXPECT_EQ(rig.memory.stat().of(PageKind::shmem), 16u) << "the same pages";
    EXPECT_EQ(sys.munmap(at, 64 * KiB), 0);
    EXPECT_EQ(rig.memory.stat().of(PageKind::shmem), 0u);
    EXPECT_EQ(sys.close(fd), 0);
  });
  EXPECT_EQ(rig.objects("filp"), 0u);
  EXPECT_EQ(rig.objects("shmem_inode_cache"), 0u);
}

TEST(Fork, EachAllocationThatFailsLeavesNothingBehind) {
  bool succeeded = false;
  for (std::uint64_t nth = 1; !succeeded && nth < 100; ++nth) {
    const auto aim = std::make_shared<test::Aim>();
    RigSpec spec;
    spec.faults.push_back(std::make_unique<test::AimedFault>(aim));
    Rig rig(std::move(spec));
    rig.run([&](Syscalls& sys) {
      const int fd = sys.open("/a", open_creat | open_rdwr);
      const auto at = static_cast<Address>(sys.mmap_anonymous(3 * MiB));
      sys.touch(at, 3 * MiB);
      const auto map = sys.mmap({.bytes = 64 * KiB, .shared = true});
      EXPECT_GT(map, 0);
      const Pages committed = rig.memory.overcommit().committed();
      // A slab that cannot be of its best size is of a smaller one.
      aim->spares = [](const AllocHook& hook) { return hook.site == site::slab_page; };
      aim->nth = nth;
      aim->armed = true;
      const std::int64_t child = sys.fork([](Syscalls&) { return 0; });
      aim->armed = false;
      succeeded = child >= 0;
      if (!succeeded) {
        EXPECT_EQ(child, -ENOMEM) << nth;
        EXPECT_EQ(rig.objects("task_struct"), 0u);
        EXPECT_EQ(rig.objects("mm_struct"), 0u);
        EXPECT_EQ(rig.memory.overcommit().committed(), committed);
        EXPECT_EQ(rig.memory.check(), "");
        sys.touch(at, 3 * MiB);
        EXPECT_EQ(rig.memory.stat().of(PageKind::anon), 768u) << "nobody else has the pages";
      } else {
        EXPECT_EQ(sys.wait(), child);
        EXPECT_GT(nth, 14u) << "each part is a site";
      }
      sys.close(fd);
    });
    EXPECT_EQ(rig.kernel.live_processes(), 0u);
  }
  EXPECT_TRUE(succeeded);
}

TEST(Fork, ProcessesAreLimited) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    std::uint32_t children = 0;
    std::int64_t child = 0;
    while ((child = sys.fork([](Syscalls& self) {
             self.sleep(1 * seconds);
             return 0;
           })) >= 0) {
      ++children;
    }
    EXPECT_EQ(child, -EAGAIN);
    EXPECT_EQ(children + 1, rig.memory.zones().managed() / 32) << "max_threads";
    while (sys.wait() > 0) {
    }
  });
  EXPECT_EQ(rig.memory.stat().of(PageKind::page_table), 0u);
}

TEST(Fork, OrphansAreInits) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    EXPECT_GE(sys.fork([](Syscalls& self) {
      EXPECT_GE(self.fork([](Syscalls& grandchild) {
        grandchild.sleep(1 * seconds);
        return 0;
      }),
                0);
      EXPECT_GE(self.fork([](Syscalls&) { return 0; }), 0);
      self.sleep(10 * ms);
      return 0;  // With a zombie and a child that lives.
    }),
              0);
  });
  EXPECT_EQ(rig.objects("task_struct"), 0u);
  EXPECT_EQ(rig.kernel.live_processes(), 0u);
}

}  // namespace
}  // namespace brink
