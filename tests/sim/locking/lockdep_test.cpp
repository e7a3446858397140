// lockdep: what it complains about and what not, and its graph against a plain search.
#include "sim/locking/lockdep.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

/// One task that takes locks of classes as letters say, a capital letter to release: "abBA".
int reports(const std::string& script) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  std::vector<Mutex*> mutexes;
  for (const char* name : {"t.a", "t.b", "t.c", "t.d", "t.e"})
    mutexes.push_back(&world.mutex(name));
  world.spawn([&] {
    for (const char c : script) {
      if (c >= 'a') {
        mutexes[static_cast<std::size_t>(c - 'a')]->lock();
      } else {
        mutexes[static_cast<std::size_t>(c - 'A')]->unlock();
      }
    }
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  return static_cast<int>(world.reports.findings.size());
}

TEST(Lockdep, OneOrderIsFine) {
  EXPECT_EQ(reports("abBAabcCBAacCAbcBC"), 0);
  EXPECT_EQ(reports("aAbBaA"), 0);
}

TEST(Lockdep, AnInversionIsReportedThoughNobodyLocksUp) {
  EXPECT_EQ(reports("abBAbaAB"), 1);
  EXPECT_EQ(reports("abBAbcCBcaAC"), 1);
  EXPECT_EQ(reports("abBAbcCBcdDCdaAD"), 1);
  EXPECT_EQ(reports("abcCBAcaAC"), 1);
}

TEST(Lockdep, EachOrderIsReportedOnce) {
  EXPECT_EQ(reports("abBAbaABbaABabBAbaAB"), 1);
  EXPECT_EQ(reports("abBAbaABcdDCdcCD"), 2);
}

TEST(Lockdep, ReleasingInAnyOrderIsFine) {
  EXPECT_EQ(reports("abcACB"), 0);
  EXPECT_EQ(reports("abAcCaBA"), 1);  // b is held when a is taken again.
}

TEST(Lockdep, ATrylockIsOrderedAfterNothingButOrdersWhatFollows) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& a = world.mutex("t.a");
  Mutex& b = world.mutex("t.b");
  Mutex& c = world.mutex("t.c");
  world.spawn([&] {
    a.lock();
    b.lock();
    b.unlock();
    a.unlock();
    b.lock();
    EXPECT_TRUE(a.trylock());  // Could not have waited.
    EXPECT_EQ(world.reports.findings.size(), 0u);
    c.lock();  // After a, and after b behind it.
    c.unlock();
    a.unlock();
    b.unlock();
    c.lock();
    b.lock();
    EXPECT_EQ(world.reports.findings.size(), 1u);
    b.unlock();
    a.lock();
    EXPECT_EQ(world.reports.findings.size(), 2u);
    a.unlock();
    c.unlock();
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Lockdep, TwoLocksOfOneClassAreRecursionUnlessNestedOnPurpose) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& parent = world.mutex("ext4.dir.i_mutex", "/srv");
  Mutex& child = world.mutex("ext4.dir.i_mutex", "/srv/x");
  world.spawn([&] {
    parent.lock(1);
    child.lock(2);
    child.unlock();
    parent.unlock();
    EXPECT_EQ(world.reports.findings.size(), 0u);
    parent.lock();
    child.lock();
    child.unlock();
    child.lock();
    child.unlock();
    parent.unlock();
    ASSERT_EQ(world.reports.findings.size(), 1u);
    EXPECT_NE(world.reports.findings[0].text.find("possible recursive locking"), std::string::npos);
  });
  world.core.run();
}

TEST(Lockdep, ReadersAreOrderedAsWritersAre) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  RwSem& mmap_sem = world.rwsem("mm.mmap_sem");
  Mutex& i_mutex = world.mutex("ext4.file.i_mutex");
  world.spawn([&] {
    mmap_sem.down_read();
    i_mutex.lock();
    i_mutex.unlock();
    mmap_sem.up_read();
    i_mutex.lock();
    mmap_sem.down_read();
    EXPECT_EQ(world.reports.findings.size(), 1u);
    mmap_sem.down_read();
    EXPECT_EQ(world.reports.findings.size(), 2u);  // Recursive: a writer may come in between.
    mmap_sem.up_read();
    mmap_sem.up_read();
    i_mutex.unlock();
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Lockdep, WhoGivesUpWaitingHoldsNothing) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& a = world.mutex("t.a");
  RwSem& r = world.rwsem("t.r");
  Mutex& b = world.mutex("t.b");
  world.spawn([&] {
    a.lock();
    r.down_write();
    world.core.sleep(1 * ms);
    r.up_write();
    a.unlock();
  });
  world.spawn([&] {
    world.core.current().set(FATAL_SIGNAL);
    EXPECT_EQ(a.lock_killable(), -EINTR);
    EXPECT_EQ(r.down_read_killable(), -EINTR);
    EXPECT_EQ(r.down_write_killable(), -EINTR);
    b.lock();  // Ordered after nothing.
    b.unlock();
  });
  world.spawn([&] {
    world.core.sleep(5 * ms);
    b.lock();
    a.lock();
    a.unlock();
    b.unlock();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  EXPECT_EQ(world.reports.findings.size(), 0u);
}

TEST(Lockdep, IsOffUnlessAskedForAndChangesNothing) {
  const auto run = [](bool lockdep) {
    FifoStrategy fifo;
    LockingWorld world(fifo, cpus(2), lockdep);
    EXPECT_EQ(world.locks.lockdep() != nullptr, lockdep);
    Mutex& a = world.mutex("t.a");
    Mutex& b = world.mutex("t.b");
    RwSem& r = world.rwsem("t.r");
    for (int i = 0; i < 3; ++i) {
      world.spawn([&, i] {
        for (int k = 0; k < 5; ++k) {
          const FsReclaim reclaim(world.locks, GFP_KERNEL);
          MutexGuard one(a);
          r.down_read();
          MutexGuard two(b);
          world.core.sleep(static_cast<Nanos>(i * k) * us);
          EXPECT_EQ(locks_held(world.core.current()), 3u);
          r.up_read();
        }
      });
    }
    world.core.run();
    return std::make_pair(world.core.hash(), world.core.machine_time());
  };
  EXPECT_EQ(run(false), run(true));
}

// --- fs_reclaim.

TEST(Lockdep, ALockAroundARequestThatReclaimTakesTooIsReportedWithoutShortage) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& inode = world.mutex("xfs.inode.ilock");
  world.spawn([&] {
    {
      const FsReclaim kswapd(world.locks);
      MutexGuard guard(inode);
    }
    MutexGuard guard(inode);
    FsReclaim::might_alloc(world.locks, GFP_NOFS);
    FsReclaim::might_alloc(world.locks, GFP_ATOMIC);
    EXPECT_EQ(world.reports.findings.size(), 0u);
    world.core.current().set(PF_MEMALLOC);
    FsReclaim::might_alloc(world.locks, GFP_KERNEL);
    EXPECT_EQ(world.reports.findings.size(), 0u);
    world.core.current().clear(PF_MEMALLOC);
    FsReclaim::might_alloc(world.locks, GFP_KERNEL);
    ASSERT_EQ(world.reports.findings.size(), 1u);
    EXPECT_NE(world.reports.findings[0].text.find(" (fs_reclaim)"), std::string::npos);
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Lockdep, ADirectReclaimerHoldsFsReclaimWhileItReclaims) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& inode = world.mutex("xfs.inode.ilock");
  world.spawn([&] {
    {
      MutexGuard guard(inode);
      FsReclaim::might_alloc(world.locks, GFP_KERNEL);
    }
    {
      const FsReclaim without_fs(world.locks, GFP_NOFS);
      MutexGuard guard(inode);
    }
    EXPECT_EQ(world.reports.findings.size(), 0u);
    const FsReclaim reclaim(world.locks, GFP_KERNEL);
    world.core.current().set(PF_MEMALLOC);  // As direct reclaim does, after.
    MutexGuard guard(inode);
    EXPECT_EQ(world.reports.findings.size(), 1u);
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

// --- The graph.

/// Everything that was taken while something else was held; a circle is found by trying all ways.
struct PlainGraph {
  std::set<std::pair<int, int>> edges;
  bool leads(int from, int to, std::set<int> seen = {}) const {
    if (from == to) return true;
    seen.insert(from);
    return std::any_of(edges.begin(), edges.end(), [&](const auto& edge) {
      return edge.first == from && !seen.count(edge.second) && leads(edge.second, to, seen);
    });
  }
};

RC_GTEST_PROP(Lockdep, ReportsJustTheOrdersThatCloseACircle, ()) {
  constexpr int class_count = 6;
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  std::vector<Mutex*> mutexes;
  for (int i = 0; i < class_count; ++i) {
    mutexes.push_back(&world.mutex(("t." + std::to_string(i)).c_str()));
  }
  PlainGraph graph;
  const auto stacks =
      *rc::gen::resize(30, rc::gen::arbitrary<std::vector<std::vector<std::uint8_t>>>());
  bool right = true;  // A task may not throw.
  world.spawn([&] {
    for (const std::vector<std::uint8_t>& wanted : stacks) {
      std::vector<int> stack;
      for (const std::uint8_t i : wanted) {
        if (std::find(stack.begin(), stack.end(), i % class_count) == stack.end() &&
            stack.size() < 3) {
          stack.push_back(i % class_count);
        }
      }
      for (std::size_t i = 0; i < stack.size(); ++i) {
        const std::size_t before = world.reports.findings.size();
        mutexes[static_cast<std::size_t>(stack[i])]->lock();
        // Only the lock just below is a new dependency: it stands for those below it.
        const bool circle = i != 0 && !graph.edges.count({stack[i - 1], stack[i]}) &&
                            graph.leads(stack[i], stack[i - 1]);
        right = right && world.reports.findings.size() - before == (circle ? 1u : 0u);
        if (i != 0) graph.edges.insert({stack[i - 1], stack[i]});
      }
      for (const int i : stack) mutexes[static_cast<std::size_t>(i)]->unlock();
    }
  });
  world.core.run();
  RC_ASSERT(right);
  RC_CLASSIFY(world.reports.findings.empty());
  RC_CLASSIFY(world.reports.findings.size() > 3);
}

}  // namespace
}  // namespace brink
