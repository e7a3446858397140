// What lockdep prints, word for word.

#include <gtest/gtest.h>

#include <string>

#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

/// Takes two locks inside a model function of that name.
void nest(LockingWorld& world, Mutex& outer, Mutex& inner, const char* function) {
  Frame entry(world.core.current(), "sys_x");
  Frame frame(world.core.current(), function);
  MutexGuard one(outer);
  MutexGuard two(inner);
}

TEST(LockdepReport, OfAnInversionHasTheKernelsOutline) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& a = world.mutex("fs.a", "/1");
  Mutex& b = world.mutex("fs.b", "/2");
  world.spawn([&] { nest(world, a, b, "first"); }, "mkdir");
  world.spawn([&] { nest(world, b, a, "second"); }, "rename");
  world.core.run();
  ASSERT_EQ(world.reports.findings.size(), 1u);
  const Finding& finding = world.reports.findings[0];
  EXPECT_EQ(finding.kind, Finding::Kind::lockdep);
  EXPECT_GT(finding.at, 0u);
  EXPECT_EQ(finding.text, R"(
======================================================
[ INFO: possible circular locking dependency detected ]
-------------------------------------------------------
rename/1 is trying to acquire lock:
 (fs.a), at: mutex fs.a:/1

but task is already holding lock:
 (fs.b), at: mutex fs.b:/2

which lock already depends on the new lock.


the existing dependency chain (in reverse order) is:

-> #1 (fs.b):
       first
       sys_x

-> #0 (fs.a):
       second
       sys_x

other info that might help us debug this:

 Possible unsafe locking scenario:

       CPU0                    CPU1
       ----                    ----
  lock(fs.b);
                               lock(fs.a);
                               lock(fs.b);
  lock(fs.a);

 *** DEADLOCK ***

1 lock held by rename/1:
 #0:  (fs.b), at: mutex fs.b:/2

stack backtrace:
       second
       sys_x
)");
}

TEST(LockdepReport, OfALongerChainNamesItsMembers) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  Mutex& a = world.mutex("fs.a");
  Mutex& b = world.mutex("fs.b");
  Mutex& c = world.mutex("fs.c");
  Mutex& d = world.mutex("fs.d");
  world.spawn([&] {
    nest(world, a, b, "first");
    nest(world, b, c, "second");
    d.lock();
    nest(world, c, a, "third");
    d.unlock();
  });
  world.core.run();
  ASSERT_EQ(world.reports.findings.size(), 1u);
  const std::string& text = world.reports.findings[0].text;
  const std::size_t two = text.find("-> #2 (fs.c):\n       second\n");
  const std::size_t one = text.find("-> #1 (fs.b):\n       first\n");
  const std::size_t zero = text.find("-> #0 (fs.a):\n       third\n");
  ASSERT_NE(zero, std::string::npos) << text;
  EXPECT_LT(two, one);
  EXPECT_LT(one, zero);
  EXPECT_NE(text.find("Chain exists of:\n  fs.a --> fs.b --> fs.c\n\n"), std::string::npos);
  EXPECT_NE(text.find("\n2 locks held by task/0:\n #0:  (fs.d), at: mutex fs.d\n"
                      " #1:  (fs.c), at: mutex fs.c\n"),
            std::string::npos);
}

TEST(LockdepReport, OfRecursionNamesTheSubclassAndTheReader) {
  FifoStrategy fifo;
  LockingWorld world(fifo, {}, true);
  RwSem& sem = world.rwsem("mm.mmap_sem", "hog/3");
  world.spawn([&] {
    sem.down_read(1);
    sem.down_read(1);
    sem.up_read();
    sem.up_read();
  });
  world.core.run();
  ASSERT_EQ(world.reports.findings.size(), 1u);
  EXPECT_EQ(world.reports.findings[0].text, R"(
=============================================
[ INFO: possible recursive locking detected ]
---------------------------------------------
task/0 is trying to acquire lock:
 (mm.mmap_sem/1), at: rwsem mm.mmap_sem:hog/3 (read)

but task is already holding lock:
 (mm.mmap_sem/1), at: rwsem mm.mmap_sem:hog/3 (read)

other info that might help us debug this:
 Possible unsafe locking scenario:

       CPU0
       ----
  lock(mm.mmap_sem/1);
  lock(mm.mmap_sem/1);

 *** DEADLOCK ***

 May be due to missing lock nesting notation

1 lock held by task/0:
 #0:  (mm.mmap_sem/1), at: rwsem mm.mmap_sem:hog/3 (read)

stack backtrace:
)");
}

}  // namespace
}  // namespace brink
