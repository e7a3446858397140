// Whole machines whose file systems and swap lie on devices that are made of others: that they
// work, and which of them lock up.

#include "brink/site_list.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// Pages to encrypt into come from dm-crypt's own reserve alone.
class NoPages final : public Fault {
 public:
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return false; }
  bool fail_alloc(const AllocHook& hook) override { return hook.site == site::dm_crypt_page; }
};

/// Two writers of files on an encrypted disk, whose pool has room for one and a half bios.
RunSpec two_writers(Rules::DmCryptBuffer buffer) {
  RunSpec spec = spec_of_file(R"(
[machine]
kernel = "4.0"
memory = "64 MiB"
cpus = 2
[[device]]
name = "crypt"
kind = "dm-crypt"
over = "ssd"
pool_pages = 200
[[mount]]
at = "/"
fs = "ext4"
device = "crypt"
[[task]]
program = "mkdir_loop"
args = { dir = "/", count = 1 }
)");
  spec.tasks.clear();
  spec.rules.dm_crypt_buffer = buffer;
  spec.make_faults = [](std::uint64_t) {
    std::vector<std::unique_ptr<Fault>> faults;
    faults.push_back(std::make_unique<NoPages>());
    return faults;
  };
  for (const char* path : {"/a", "/b"}) {
    add_task(spec, "writer",
             [path](Syscalls& sys) {
               const int fd = sys.open(path, open_creat | open_wronly);
               sys.write(fd, 4 * MiB);
               return sys.fsync(fd);
             },
             {path});
  }
  return spec;
}

TEST(Devices, TwoDmCryptWritersWithHalfOfThePoolEachAreADeadlock) {
  const Outcome outcome = run_machine(two_writers(Rules::DmCryptBuffer::greedy));
  EXPECT_EQ(outcome.verdict, Verdict::deadlock) << outcome.reason;
  ASSERT_TRUE(outcome.has_lockup);
  int workers = 0, writers = 0;
  for (const LockupMember& member : outcome.lockup.members) {
    workers += member.task == "kworker/kcryptd" ? 1 : 0;
    writers += member.task == "writer" ? 1 : 0;
  }
  EXPECT_EQ(workers, 2);
  EXPECT_GE(writers, 1);
}

TEST(Devices, TheOtherWaysOfDmCryptCompleteWhereItDeadlocks) {
  for (const auto buffer : {Rules::DmCryptBuffer::split, Rules::DmCryptBuffer::serialised}) {
    const Outcome outcome = run_machine(two_writers(buffer));
    EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
    EXPECT_EQ(count(outcome, "fsync", 0), 2u);
  }
}

/// A process that wants more memory than there is, with swap on a device.
RunSpec swapping(const std::string& device, const std::string& more) {
  RunSpec spec = spec_of_file(R"(
[machine]
kernel = "4.0+knob"
memory = "48 MiB"
swap = "64 MiB"
swap_device = ")" + device + "\"\n" +
                              more + R"(
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[task]]
program = "mkdir_loop"
args = { dir = "/", count = 1 }
)");
  spec.tasks.clear();
  add_task(spec, "hog", [](Syscalls& sys) {
    const auto map = static_cast<Address>(sys.mmap_anonymous(60 * MiB));
    sys.touch(map, 60 * MiB);
    sys.touch(map, 60 * MiB);
    return 0;
  });
  return spec;
}

TEST(Devices, SwapOnAnEncryptedDisk) {
  const Outcome outcome = run_machine(
      swapping("crypt", "[[device]]\nname = \"crypt\"\nkind = \"dm-crypt\"\nover = \"ssd\"\n"));
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(outcome.counters.oom_kills, 0u);
  EXPECT_GT(outcome.counters.swap_outs, 4'000u);
  EXPECT_GT(outcome.counters.swap_ins, 4'000u);
}

TEST(Devices, SwapInCompressedMemory) {
  const Outcome outcome = run_machine(swapping(
      "zram0",
      "[policy.alloc]\nretries = -1\n[[device]]\nname = \"zram0\"\nkind = \"zram\"\nratio = 25\n"));
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(outcome.counters.oom_kills, 0u);
  EXPECT_GT(outcome.counters.swap_outs, 4'000u);
}

TEST(Devices, CompressedMemoryThatDoesNotCompressIsNoMemory) {
  RunSpec spec = swapping(
      "zram0",
      "[policy.alloc]\nretries = -1\n[[device]]\nname = \"zram0\"\nkind = \"zram\"\nratio = 100\n");
  spec.machine.time_limit = 2 * seconds;
  const Outcome outcome = run_machine(spec);
  // It swaps out all the time, and gains nothing.
  EXPECT_EQ(outcome.verdict, Verdict::limit) << outcome.reason;
  EXPECT_GT(outcome.counters.swap_outs, 4'000u);
}

const std::string loop_device = "[[device]]\nname = \"loop0\"\nkind = \"loop\"\nfile = \"/img\"\n";

TEST(Devices, AFileSystemInAFile) {
  RunSpec spec = spec_of_file(plain_machine + loop_device + R"(
[[mount]]
at = "/mnt"
fs = "ext4"
device = "loop0"
size = "64 MiB"
)");
  spec.tasks.clear();
  add_task(spec, "writer",
           [](Syscalls& sys) {
             const int fd = sys.open("/mnt/a", open_creat | open_wronly);
             EXPECT_EQ(sys.write(fd, 4 * MiB), static_cast<std::int64_t>(4 * MiB));
             EXPECT_EQ(sys.fsync(fd), 0);
             return sys.close(fd);
           },
           {"/mnt/a"});
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
}

/// Whoever swaps waits for a bio, or for writeback to come down; the bios are those that the loop
/// device has, and below it the file system needs bios of the same reserve. No limit on retries
/// helps: nobody asks for a page.
TEST(Devices, SwapInAFileLocksUpWhateverThePolicySays) {
  for (const char* retries : {"-1", "4"}) {
    const std::string policy = std::string("[policy.alloc]\nretries = ") + retries + "\n";
    RunSpec spec = swapping("loop0", policy + loop_device);
    spec.machine.time_limit = 1'200 * seconds;
    const Outcome waits = run_machine(spec);
    EXPECT_TRUE(waits.has_lockup) << waits.reason;
    // Where reclaim does not wait for writeback, nothing is left that could look like progress.
    spec.rules.throttle_vm_writeout = false;
    const Outcome proved = run_machine(spec);
    EXPECT_EQ(proved.verdict, Verdict::deadlock) << proved.reason;

    RunSpec without = swapping("ssd", policy);
    EXPECT_EQ(run_machine(without).verdict, Verdict::completed);
  }
}

}  // namespace
}  // namespace brink
