// tmpfs on a whole machine: names, sizes, holes, swap, and what happens when memory runs out; the
// claims about it that an incident of 2008 left behind.

#include "brink/site_list.hpp"
#include "sim/fs/tmpfs/tmpfs.hpp"
#include "sim/machine.hpp"
#include "tests/sim/fs/faults.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

const std::string tmpfs_mount = R"(
[[mount]]
at = "/tmp"
fs = "tmpfs"
)";

/// The identity that every account must fulfil.
void expect_accounts(Machine& machine) {
  EXPECT_EQ(machine.memory().check(), "");
  const MemoryStat& stat = machine.memory().stat();
  Pages pages = machine.memory().free_pages() + machine.memory().zones().on_pcp_lists();
  for (const PageKind kind : {PageKind::kernel, PageKind::slab, PageKind::page_table,
                              PageKind::anon, PageKind::file, PageKind::shmem}) {
    pages += stat.of(kind);
  }
  EXPECT_EQ(pages, machine.memory().zones().managed());
}

using Body = std::function<void(Syscalls&, Machine&)>;

/// Runs `body` as the one process of a machine with a disk at / and a tmpfs at /tmp.
Outcome run(const std::string& machine_keys, const Body& body, const std::string& more = "") {
  RunSpec spec = plain_spec(tmpfs_mount + more);
  const RunSpec keys = spec_of_file("[machine]\nkernel = \"4.0+knob\"\n" + machine_keys +
                                    "[[mount]]\nat=\"/\"\n[[task]]\nprogram=\"mkdir_loop\"\n"
                                    "args = { dir = \"/\" }\n");
  const std::vector<MountConfig> mounts = spec.machine.mounts;
  spec.machine = keys.machine;
  spec.machine.mounts = mounts;
  Machine* machine = nullptr;
  add_task(spec, "body",
           [&](Syscalls& sys) {
             body(sys, *machine);
             return 0;
           },
           {"/tmp/"});
  Machine made(spec);
  machine = &made;
  Outcome outcome = made.run();
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  return outcome;
}

const Process& self(Machine& machine) { return *machine.kernel().processes().front(); }

int make_file(Syscalls& sys, const std::string& path, std::uint64_t bytes) {
  const int fd = sys.open(path, open_creat | open_rdwr);
  EXPECT_GE(fd, 0);
  EXPECT_EQ(sys.write(fd, bytes), static_cast<std::int64_t>(bytes));
  return fd;
}

/// What could be had at once or by dropping clean caches.
Pages available(const Memory& memory) {
  return memory.free_pages() + memory.stat().of(PageKind::file);
}

TEST(Tmpfs, HasNamesLikeAnyFileSystem) {
  run("", [](Syscalls& sys, Machine& machine) {
    EXPECT_EQ(sys.mkdir("/tmp/d"), 0);
    EXPECT_EQ(sys.mkdir("/tmp/d"), -EEXIST);
    EXPECT_EQ(sys.close(make_file(sys, "/tmp/d/a", 10'000)), 0);
    EXPECT_EQ(sys.rmdir("/tmp/d"), -ENOTEMPTY);
    Stat stat;
    EXPECT_EQ(sys.stat("/tmp/d/a", &stat), 0);
    EXPECT_EQ(stat.size, 10'000u);
    EXPECT_EQ(sys.stat("/tmp/d/b"), -ENOENT);
    EXPECT_EQ(sys.rename("/tmp/d/a", "/tmp/b"), 0);
    EXPECT_EQ(sys.stat("/tmp/d/a"), -ENOENT);
    EXPECT_EQ(sys.close(make_file(sys, "/tmp/c", 4096)), 0);
    EXPECT_EQ(sys.rename("/tmp/c", "/tmp/b"), 0) << "what was there goes";
    EXPECT_EQ(machine.memory().stat().of(PageKind::shmem), 1u);
    EXPECT_EQ(sys.unlink("/tmp/b"), 0);
    EXPECT_EQ(machine.memory().stat().of(PageKind::shmem), 0u);
    EXPECT_EQ(sys.rmdir("/tmp/d"), 0);
    EXPECT_EQ(sys.rename("/tmp", "/x"), -EBUSY);
    expect_accounts(machine);
  });
}

TEST(Tmpfs, KeepsAFileThatIsOpenOrMapped) {
  run("", [](Syscalls& sys, Machine& machine) {
    const int fd = make_file(sys, "/tmp/a", 64 * KiB);
    const std::int64_t at = sys.mmap({.bytes = 64 * KiB, .fd = fd, .shared = true});
    EXPECT_EQ(sys.unlink("/tmp/a"), 0);
    EXPECT_EQ(sys.close(fd), 0);
    EXPECT_EQ(machine.memory().stat().of(PageKind::shmem), 16u);
    EXPECT_EQ(self(machine).mm.rss(), 0u) << "charged to nobody";
    sys.touch(static_cast<Address>(at), 64 * KiB);
    EXPECT_EQ(self(machine).mm.file_rss(), 16u) << "unless it is mapped";
    EXPECT_EQ(sys.munmap(static_cast<Address>(at), 64 * KiB), 0);
    EXPECT_EQ(machine.memory().stat().of(PageKind::shmem), 0u);
  });
}

TEST(Tmpfs, IsHalfOfRamUnlessItIsTold) {
  run("", [](Syscalls& sys, Machine& machine) {
    const int fd = sys.open("/tmp/a", open_creat | open_rdwr);
    std::uint64_t written = 0;
    std::int64_t result = 0;
    while ((result = sys.write(fd, 1 * MiB)) > 0) written += static_cast<std::uint64_t>(result);
    EXPECT_EQ(result, -ENOSPC);
    EXPECT_EQ(written / page_size, machine.memory().zones().managed() / 2);
    const int again = sys.open("/tmp/a", open_rdwr | open_trunc);
    EXPECT_EQ(machine.memory().stat().of(PageKind::shmem), 0u);
    EXPECT_EQ(sys.write(again, 4096), 4096);
  });
  run(
      "",
      [](Syscalls& sys, Machine&) {
        const int fd = sys.open("/tmp/a", open_creat | open_rdwr);
        EXPECT_EQ(sys.write(fd, 64 * KiB + 1), 64 * 1024);
        EXPECT_EQ(sys.write(fd, 1), -ENOSPC);
      },
      "size = \"64 KiB\"\n");
}

TEST(Tmpfs, PagesGoToSwapAndComeBack) {
  run("memory = \"24 MiB\"\nswap = \"64 MiB\"\n", [](Syscalls& sys, Machine& machine) {
    const int fd = make_file(sys, "/tmp/a", 8 * MiB);
    const std::int64_t at = sys.mmap_anonymous(16 * MiB);
    sys.touch(static_cast<Address>(at), 16 * MiB);
    EXPECT_GT(machine.memory().stat().shmem_swapped, 200u);
    expect_accounts(machine);
    EXPECT_EQ(sys.munmap(static_cast<Address>(at), 16 * MiB), 0);
    EXPECT_EQ(sys.close(fd), 0);
    const int again = sys.open("/tmp/a", open_rdonly);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(sys.read(again, 1 * MiB), 1024 * 1024);
    EXPECT_EQ(machine.memory().stat().shmem_swapped, 0u) << "all of it was read";
    expect_accounts(machine);
    const std::int64_t more = sys.mmap_anonymous(16 * MiB);
    sys.touch(static_cast<Address>(more), 16 * MiB);
    EXPECT_GT(machine.memory().stat().shmem_swapped, 200u);
    EXPECT_EQ(sys.close(again), 0);
    EXPECT_EQ(sys.unlink("/tmp/a"), 0);
    EXPECT_EQ(machine.memory().stat().shmem_swapped, 0u) << "slots go with the file";
    expect_accounts(machine);
  });
}

TEST(Tmpfs, AnInodeWithoutMemoryIsNoSpace) {
  RunSpec spec = plain_spec(tmpfs_mount);
  spec.make_faults = [](std::uint64_t) {
    const auto aim = std::make_shared<test::Aim>();
    aim->armed = true;
    aim->nth = 1;
    aim->spares = [](const AllocHook& hook) { return hook.site != site::shmem_inode; };
    std::vector<std::unique_ptr<Fault>> faults;
    faults.push_back(std::make_unique<test::AimedFault>(aim));
    return faults;
  };
  add_task(spec, "body",
           [](Syscalls& sys) {
             EXPECT_EQ(sys.mkdir("/tmp/d"), -ENOSPC);
             EXPECT_EQ(sys.mkdir("/tmp/d"), 0);
             return 0;
           },
           {"/tmp/"});
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(fates(outcome, Fate::translated), 1u);
}

// --- C1.1, C1.2: what the memory of a tmpfs costs, and whom.

TEST(TmpfsClaims, WithoutSwapItsPagesAreGoneUntilTheFilesAre) {
  run("memory = \"64 MiB\"\n", [](Syscalls& sys, Machine& machine) {
    Memory& memory = machine.memory();
    const Pages before = available(memory);
    const int fd = make_file(sys, "/tmp/a", 20 * MiB);
    const Pages filled = 20 * MiB / page_size;
    EXPECT_NEAR(static_cast<double>(before - available(memory)), static_cast<double>(filled), 128);
    // Pressure takes caches, and nothing of this.
    const std::int64_t at = sys.mmap_anonymous(34 * MiB);
    sys.touch(static_cast<Address>(at), 34 * MiB);
    EXPECT_EQ(memory.stat().of(PageKind::shmem), filled);
    EXPECT_EQ(sys.munmap(static_cast<Address>(at), 34 * MiB), 0);
    EXPECT_NEAR(static_cast<double>(before - available(memory)), static_cast<double>(filled), 256);
    EXPECT_EQ(sys.close(fd), 0);
    EXPECT_EQ(sys.unlink("/tmp/a"), 0);
    EXPECT_EQ(memory.stat().of(PageKind::shmem), 0u);
    EXPECT_NEAR(static_cast<double>(before), static_cast<double>(available(memory)), 256);
    expect_accounts(machine);
  });
}

TEST(TmpfsClaims, TheWriterIsChargedNothing) {
  run("", [](Syscalls& sys, Machine& machine) {
    const AddressSpace& mm = self(machine).mm;
    const Pages total_vm = mm.total_vm(), rss = mm.rss();
    const int fd = make_file(sys, "/tmp/a", 20 * MiB);
    EXPECT_EQ(machine.memory().stat().of(PageKind::shmem), 5120u);
    EXPECT_EQ(mm.total_vm(), total_vm);
    EXPECT_EQ(mm.rss(), rss);
    EXPECT_EQ(mm.swap_entries() + mm.page_tables(), 0u);
    sys.close(fd);
  });
}

TEST(TmpfsClaims, TheOomKillerPicksSomebodyElse) {
  RunSpec spec = plain_spec(tmpfs_mount);
  spec.machine.memory = 64 * MiB;
  bool writer_lived = false;
  add_task(spec, "culprit",
           [&](Syscalls& sys) {
             const int fd = make_file(sys, "/tmp/a", 28 * MiB);
             sys.sleep(20 * seconds);
             writer_lived = true;
             return sys.close(fd);
           },
           {"/tmp/"});
  TaskConfig& bystander = add_task(spec, "bystander", [&](Syscalls& sys) {
    // Each request is modest by itself.
    std::vector<std::int64_t> maps(2);
    for (std::int64_t& at : maps) at = sys.mmap_anonymous(20 * MiB);
    for (const std::int64_t at : maps) sys.touch(static_cast<Address>(at), 20 * MiB);
    ADD_FAILURE() << "there was room";
    return 0;
  });
  bystander.start = 5 * seconds;
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_TRUE(writer_lived);
  EXPECT_EQ(outcome.counters.oom_kills, 1u);
}

}  // namespace
}  // namespace brink
