// The rwsem: readers together, writers alone, nobody past a waiting writer, and who holds it.

#include "sim/locking/rwsem.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

using Ids = std::vector<TaskId>;

/// Tasks that arrive 10 µs apart: each takes the lock as its letter says, and holds it for `hold`.
std::string order_of(const std::string& kinds, Nanos hold) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(4));
  RwSem& sem = world.rwsem();
  std::string log;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    world.spawn([&, i] {
      world.core.sleep(10 * us * (i + 1));
      const char me = static_cast<char>(kinds[i] == 'r' ? 'a' + i : 'A' + i);
      kinds[i] == 'r' ? sem.down_read() : sem.down_write();
      log += me;
      world.core.sleep(hold);
      log += '-';
      kinds[i] == 'r' ? sem.up_read() : sem.up_write();
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  return log;
}

TEST(RwSem, ReadersShareAndWritersDoNot) {
  EXPECT_EQ(order_of("rrr", 100 * us), "abc---");
  EXPECT_EQ(order_of("ww", 100 * us), "A-B-");
  EXPECT_EQ(order_of("wr", 100 * us), "A-b-");
}

TEST(RwSem, ReadersQueueBehindAWaitingWriter) {
  EXPECT_EQ(order_of("rwrr", 100 * us), "a-B-cd--");
}

TEST(RwSem, AReleaseLetsInReadersUpToTheNextWriter) {
  EXPECT_EQ(order_of("wrrwr", 100 * us), "A-bc--D-e-");
}

TEST(RwSem, TheLastReaderLetsTheWriterIn) {
  EXPECT_EQ(order_of("rrw", 100 * us), "ab--C-");
}

/// A world that stops after 1 ms, to be looked at.
struct StoppedWorld : LockingWorld {
  explicit StoppedWorld(Strategy& strategy) : LockingWorld(strategy, cpus(4)) {
    core.at(1 * ms, [](void* c, std::uint64_t) { static_cast<Core*>(c)->stop(); }, &core, 0);
  }
};

TEST(RwSem, AWaiterWaitsForAllHoldersAndForThoseWhoKeepItBack) {
  FifoStrategy fifo;
  StoppedWorld world(fifo);
  RwSem& sem = world.rwsem("mm.mmap_sem", "hog/3");
  const std::string kinds = "rrwrwr";
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    world.spawn([&, i] {
      world.core.sleep(10 * us * (i + 1));
      kinds[i] == 'r' ? sem.down_read() : sem.down_write();
      world.core.sleep(1 * seconds);
    });
  }
  world.core.run();
  EXPECT_EQ(sem.owner(), &world.core.task(0));
  EXPECT_EQ(sem.reader_count(), 2u);
  EXPECT_FALSE(sem.write_locked());
  EXPECT_EQ(blockers_of(world.core.task(2)).tasks, (Ids{0, 1}));
  EXPECT_EQ(blockers_of(world.core.task(3)).tasks, (Ids{0, 1, 2}));
  EXPECT_EQ(blockers_of(world.core.task(4)).tasks, (Ids{0, 1, 2, 3}));
  EXPECT_EQ(blockers_of(world.core.task(5)).tasks, (Ids{0, 1, 2, 4}));
  EXPECT_EQ(held_locks(world.core.task(1)),
            (std::vector<std::string>{"rwsem mm.mmap_sem:hog/3 (read)"}));
}

TEST(RwSem, TheOldestReaderLeftIsTheOwner) {
  FifoStrategy fifo;
  StoppedWorld world(fifo);
  RwSem& sem = world.rwsem();
  for (Nanos i = 0; i < 3; ++i) {
    world.spawn([&, i] {
      world.core.sleep(10 * us * (i + 1));
      sem.down_read();
      world.core.sleep(i == 0 ? 100 * us : 1 * seconds);
      sem.up_read();
    });
  }
  world.core.run();
  EXPECT_EQ(sem.owner(), &world.core.task(1));
  EXPECT_EQ(sem.reader_count(), 2u);
}

TEST(RwSem, AReaderThatAsksAgainBehindAWriterWaitsForItself) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  RwSem& sem = world.rwsem();
  world.spawn([&] {
    sem.down_read();
    world.core.sleep(50 * us);
    sem.down_read();
    ADD_FAILURE() << "it got in";
  });
  world.spawn([&] {
    world.core.sleep(10 * us);
    sem.down_write();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 2u);
  EXPECT_EQ(blockers_of(world.core.task(0)).tasks, (Ids{0, 1}));
}

TEST(RwSem, AReaderMayAskAgainWhileNoWriterWaits) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  RwSem& sem = world.rwsem();
  world.spawn([&] {
    sem.down_read();
    sem.down_read();
    EXPECT_EQ(sem.reader_count(), 2u);
    EXPECT_EQ(locks_held(world.core.current()), 2u);
    sem.up_read();
    EXPECT_TRUE(sem.locked());
    sem.up_read();
    EXPECT_FALSE(sem.locked());
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(RwSem, AWriterThatIsKilledLetsTheReadersBehindItIn) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(4));
  RwSem& sem = world.rwsem();
  int error = 0;
  Nanos entered = 0;
  world.spawn([&] {
    sem.down_read();
    world.core.sleep(1 * ms);
    send_signal(world.core, world.core.task(1), FATAL_SIGNAL);
    world.core.sleep(1 * seconds);
    sem.up_read();
  });
  world.spawn([&] {
    world.core.sleep(10 * us);
    error = sem.down_write_killable();
  });
  world.spawn([&] {
    world.core.sleep(20 * us);
    sem.down_read();
    entered = world.core.now();
    sem.up_read();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(error, -EINTR);
  EXPECT_LT(entered, 2 * ms);
  EXPECT_GE(entered, 1 * ms);
}

TEST(RwSem, TrylocksDoNotPassAWaitingWriter) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(4));
  RwSem& sem = world.rwsem();
  world.spawn([&] {
    EXPECT_TRUE(sem.down_read_trylock());
    EXPECT_TRUE(sem.down_read_trylock());
    EXPECT_FALSE(sem.down_write_trylock());
    world.core.sleep(100 * us);
    EXPECT_FALSE(sem.down_read_trylock());  // The writer waits.
    sem.up_read();
    sem.up_read();
  });
  world.spawn([&] {
    world.core.sleep(10 * us);
    sem.down_write();
    EXPECT_FALSE(sem.down_read_trylock());
    EXPECT_FALSE(sem.down_write_trylock());
    sem.up_write();
    EXPECT_TRUE(sem.down_write_trylock());
    sem.up_write();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(RwSem, ADowngradeLetsWaitingReadersIn) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(4));
  RwSem& sem = world.rwsem();
  bool together = false;
  world.spawn([&] {
    sem.down_write();
    world.core.sleep(100 * us);
    sem.downgrade_write();
    world.core.sleep(100 * us);
    together = sem.reader_count() == 2;
    EXPECT_FALSE(sem.write_locked());
    sem.up_read();
  });
  world.spawn([&] {
    world.core.sleep(10 * us);
    sem.down_read();
    world.core.sleep(300 * us);
    sem.up_read();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_TRUE(together);
  EXPECT_FALSE(sem.locked());
}

TEST(RwSem, ReleasesAreSilentOnceTheWorldHasEnded) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  RwSem& sem = world.rwsem();
  Gate gate(world.core);
  world.spawn([&] {
    ReadGuard guard(sem);
    gate.wait();
  });
  world.spawn([&] {
    world.core.sleep(1);
    WriteGuard guard(sem);
  });
  world.core.run();
  world.core.abort();
  EXPECT_EQ(world.core.live(), 0u);
}

}  // namespace
}  // namespace brink
