// The registry of lock classes, and finding a lock by its name.

#include "sim/locking/locks.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

TEST(Locks, AClassIsMadeOnce) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  LockClass& a = world.locks.lock_class("ext4.dir.i_mutex");
  LockClass& b = world.locks.lock_class("mm.mmap_sem");
  EXPECT_EQ(&world.locks.lock_class("ext4.dir.i_mutex"), &a);
  EXPECT_EQ(a.id(), 0u);
  EXPECT_EQ(b.id(), 1u);
  EXPECT_EQ(a.name(), "ext4.dir.i_mutex");
  EXPECT_EQ(&a.locks(), &world.locks);
  EXPECT_EQ(world.locks.find_class("mm.mmap_sem"), &b);
  EXPECT_EQ(world.locks.find_class("mm"), nullptr);
}

/// Directories by path.
struct Directories final : LockResolver {
  Lock* find_lock(std::string_view instance) override {
    asked = instance;
    const auto at = by_path.find(std::string(instance));
    return at != by_path.end() ? at->second : nullptr;
  }
  std::map<std::string, Lock*> by_path;
  std::string asked;
};

TEST(Locks, ALockIsFoundByClassAndInstance) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Directories directories;
  Mutex& srv = world.mutex("ext4.dir.i_mutex", "/srv");
  directories.by_path["/srv"] = &srv;
  directories.by_path["a:b"] = &srv;
  EXPECT_EQ(world.locks.find("ext4.dir.i_mutex:/srv"), nullptr);  // Nobody to ask yet.
  world.locks.lock_class("ext4.dir.i_mutex").set_resolver(directories);
  EXPECT_EQ(world.locks.find("ext4.dir.i_mutex:/srv"), &srv);
  EXPECT_EQ(world.locks.find("ext4.dir.i_mutex:a:b"), &srv);
  EXPECT_EQ(world.locks.find("ext4.dir.i_mutex:/tmp"), nullptr);
  EXPECT_EQ(directories.asked, "/tmp");
  EXPECT_EQ(world.locks.find("ext4.dir.i_mutex"), nullptr);
  EXPECT_EQ(world.locks.find("xfs.dir.i_mutex:/srv"), nullptr);
  EXPECT_EQ(world.locks.find(""), nullptr);
}

TEST(Locks, AnyLockCanBeTakenByItsName) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(2));
  Lock* all[] = {&world.mutex(), &world.rwsem(), &world.spinlock()};
  world.spawn([&] {
    for (Lock* lock : all) {
      EXPECT_EQ(lock->acquire(WaitMode::uninterruptible), 0);
      EXPECT_TRUE(lock->held_by(world.core.current()));
      EXPECT_EQ(lock->owner(), &world.core.current());
      lock->release();
      EXPECT_FALSE(lock->held_by(world.core.current()));
      EXPECT_EQ(lock->owner(), nullptr);
    }
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Locks, LocksAreNumberedInOrderOfMaking) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  EXPECT_EQ(world.mutex().id(), 0u);
  EXPECT_EQ(world.rwsem().id(), 1u);
  EXPECT_EQ(world.spinlock().id(), 2u);
}

}  // namespace
}  // namespace brink
