// Several processes change one small tree at random, under random schedules and with random
// failures.

#include "tests/sim/fs/tree_model.hpp"

namespace brink {
namespace {

using test::Aim;
using test::Rig;
using test::TreePlayer;

struct World {
  int processes = 1;
  std::uint64_t ppm = 0;  ///< of allocations that fail
  int steps = 60;
  int hogs = 0;
  std::int64_t retries = -1;
  ErrorsMode errors = ErrorsMode::go_on;
  std::uint64_t journal = 8 * MiB;
  std::uint64_t memory = 64 * MiB;
  Preempt preempt = Preempt::voluntary;
  std::string device = "ssd";
};

/// After an error, with errors=continue, Linux 4.0 loses blocks that it could not free.
std::string without_leaks(std::string text) {
  for (std::size_t at = text.find("leaked: "); at != std::string::npos;
       at = text.find("leaked: ")) {
    text.erase(at, text.find_first_of(";\n", at) + 1 - at);
    if (text.compare(at, 1, " ") == 0) text.erase(at, 1);
  }
  return text;
}

/// empty_dir() of Linux 4.0 takes what it cannot read for empty: rmdir() and rename() succeed.
bool is_lost(const AllocHook& hook) {
  if (hook.site != site::ext4_extent_path) return false;
  return test::inside(hook, "ext4_rmdir") || test::inside(hook, "ext4_rename");
}

/// Where it reports success and the effect is lost, if the file system goes on after errors:
/// ext4_truncate() and ext4_orphan_add() tell nobody.
bool is_swallowed(const AllocHook& hook) {
  if (hook.site == site::jbd2_frozen_copy) return true;
  if (test::inside(hook, "ext4_truncate")) {
    return hook.site == site::jbd2_handle || hook.site == site::ext4_truncate_path;
  }
  return is_lost(hook);
}

void play(const World& world, std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto aim = std::make_shared<Aim>();
  test::RigSpec spec;
  spec.seed = seed;
  spec.preempt = world.preempt;
  spec.device = world.device;
  spec.fs = {world.errors, world.journal};
  spec.memory = world.memory;
  spec.retries = world.retries;
  spec.swap = world.hogs != 0 ? 32 * MiB : 0;
  spec.faults.push_back(std::make_unique<test::AimedFault>(aim, seed));
  spec.mkfs = [](Ext4& fs) {
    fs.make_directory("/s0");
    fs.make_directory("/s1");
  };
  Rig rig(std::move(spec));
  aim->armed = true;
  const bool goes_on = world.errors == ErrorsMode::go_on;
  aim->spares = goes_on ? is_swallowed : is_lost;
  aim->ppm = world.ppm;
  if (world.retries == 0) aim->fired = 1;  // ENOMEM comes without a fault.
  int playing = world.processes;
  for (int i = 0; i < world.processes; ++i) {
    rig.process([&, i](Syscalls& sys) {
      TreePlayer player(sys, std::string(1, static_cast<char>('p' + i)), seed, aim);
      player.play(world.steps);
      if (--playing == 0) aim->armed = false;
      sys.sleep(100 * seconds);
      player.compare();
    });
  }
  for (int i = 0; i < world.hogs; ++i) {
    rig.process(
        [](Syscalls& sys) {
          for (int round = 0; round < 5; ++round) {
            const std::int64_t at = sys.mmap_anonymous(40 * MiB);
            if (at < 0) continue;
            sys.touch(static_cast<Address>(at), 40 * MiB);
            EXPECT_EQ(sys.munmap(static_cast<Address>(at), 40 * MiB), 0);
          }
        },
        "hog", 1 * seconds);
  }
  rig.run();
  std::string complaints = rig.complaints();
  if (rig.fs.errors() != 0) complaints = without_leaks(complaints);
  EXPECT_EQ(complaints, "");
}

void play_seeds(const World& world, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World one = world;
    one.preempt = seed % 2 == 0 ? Preempt::full : Preempt::voluntary;
    one.device = seed % 3 == 0 ? "disk" : "ssd";
    play(one, seed);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(RandomTree, IsWhatOneProcessMadeIt) { play_seeds({.steps = 200}, 60); }

TEST(RandomTree, IsWhatSeveralMadeIt) {
  play_seeds({.processes = 4, .steps = 200, .journal = 4 * MiB}, 60);
}

TEST(RandomTree, IsWhatSeveralMadeItWhileMemoryFails) {
  play_seeds({.processes = 3, .ppm = 20'000, .steps = 150}, 150);
  play_seeds({.processes = 2, .ppm = 100'000}, 150);
}

TEST(RandomTree, IsWhatSeveralMadeItUntilItIsReadOnly) {
  const World world{.processes = 3, .ppm = 5'000, .steps = 200, .errors = ErrorsMode::remount_ro};
  play_seeds(world, 300);
}

TEST(RandomTree, IsWhatSeveralMadeItWhileOthersAreKilledForMemory) {
  play_seeds({.processes = 3, .steps = 150, .hogs = 3, .memory = 16 * MiB}, 40);
}

TEST(RandomTree, IsWhatSeveralMadeItWhileMemoryIsRefused) {
  play_seeds({.processes = 3, .steps = 150, .hogs = 3, .retries = 0, .memory = 16 * MiB}, 40);
}

}  // namespace
}  // namespace brink
