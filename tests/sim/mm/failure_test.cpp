// The ledger of failures: each ends once, with the fate that the rules of design §6 say.

#include <algorithm>
#include <cerrno>

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// A ledger with a task to own failures.
struct Books {
  explicit Books(bool keep = true) : m(spec(keep)), ledger(m.memory.failures()) {}
  static MachineSpec spec(bool keep) {
    MachineSpec s;
    s.kswapd = false;
    s.memory.keep_failures = keep;
    return s;
  }
  void run(const std::function<void(Task&)>& body) {
    m.kernel([&] { body(m.core.current()); });
    m.core.run();
  }
  FailureId open(Site site = site::mm_vma, Cause cause = Cause::give_up) {
    return ledger.open({site, 0, GFP_KERNEL}, cause);
  }
  std::uint64_t enomem(Cause cause) const {
    return m.counters().enomem[static_cast<std::size_t>(cause)];
  }
  Machine m;
  FailureLedger& ledger;
};

TEST(Failure, IsReturnedTranslatedOrSwallowedByTheSystemCallThatItIsLeftTo) {
  const struct {
    std::int64_t result;
    Fate fate;
    bool swallowed;
  } rows[] = {{-ENOMEM, Fate::returned, false}, {-ENFILE, Fate::translated, false},
              {-4095, Fate::translated, false}, {0, Fate::swallowed, true},
              {17, Fate::swallowed, true},      {-4096, Fate::swallowed, true}};
  for (const auto& row : rows) {
    Books b;
    b.run([&](Task& me) {
      b.ledger.enter_syscall(me, "open");
      EXPECT_STREQ(b.ledger.syscall_of(me), "open");
      b.open();
      EXPECT_EQ(b.ledger.settle_syscall(me, "open", row.result), row.swallowed) << row.result;
      EXPECT_STREQ(b.ledger.syscall_of(me), "");
      EXPECT_EQ(b.ledger.open_count(), 0u);
      EXPECT_FALSE(b.ledger.settle_syscall(me, "open", 0)) << "nothing is left to be swallowed";
    });
    EXPECT_EQ(b.m.fate(site::mm_vma, row.fate), 1u) << row.result;
    const auto records = b.ledger.take_records();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].fate, row.fate);
    EXPECT_EQ(records[0].result, row.result);
    EXPECT_EQ(records[0].syscall, "open");
  }
}

TEST(Failure, CountsEachEnomemOnceByTheCauseOfTheLast) {
  Books b;
  b.run([&](Task& me) {
    b.open(site::mm_vma, Cause::no_sleep);
    b.open(site::mm_vma, Cause::give_up);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "mmap", -ENOMEM));
    b.open(site::mm_vma, Cause::injected);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "mmap", -ENOMEM));
    // Not for want of memory that anybody asked the allocator for.
    EXPECT_FALSE(b.ledger.settle_syscall(me, "mmap", -ENOMEM));
    b.open(site::jbd2_handle, Cause::give_up);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "mkdir", -EIO));
  });
  EXPECT_EQ(b.enomem(Cause::give_up), 1u);
  EXPECT_EQ(b.enomem(Cause::injected), 1u);
  EXPECT_EQ(b.enomem(Cause::no_sleep), 0u);
  EXPECT_EQ(b.m.counters().enomem_refusable, 1u);
  EXPECT_EQ(b.m.fate(site::mm_vma, Fate::returned), 3u);
  EXPECT_EQ(b.m.fate(site::jbd2_handle, Fate::translated), 1u);
}

TEST(Failure, OfASiteThatIsNeverRefusedIsNotCountedAsRefusable) {
  Books b;
  const Site looping = b.m.memory.sites().add("test.loop", {GFP_NOFS, OnFailure::loop});
  b.run([&](Task& me) {
    b.open(looping);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "mkdir", -ENOMEM));
  });
  EXPECT_EQ(b.enomem(Cause::give_up), 1u);
  EXPECT_EQ(b.m.counters().enomem_refusable, 0u);
  EXPECT_EQ(b.m.fate(looping, Fate::returned), 1u);
}

TEST(Failure, IsHandedOverToWhoeverCarriesItsEffect) {
  Books b;
  FailureList bio, worker;
  b.run([&](Task& me) {
    const FailureId first = b.open();
    const FailureId second = b.open();
    const FailureId third = b.open();
    EXPECT_EQ(b.ledger.last(me), third);
    b.ledger.move(second, bio);
    EXPECT_EQ(b.ledger.last(me), third);
    b.ledger.settle(third, Fate::fallback);
    EXPECT_EQ(b.ledger.last(me), first);
    // The task's call succeeds with the bio's failure still open: that is not its business.
    b.ledger.settle(first, Fate::retried);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "write", 5));
    EXPECT_EQ(b.ledger.open_count(), 1u);
    b.ledger.move_all(bio, worker);
    EXPECT_TRUE(bio.empty());
    b.ledger.settle_all(worker, Fate::deferred);
    EXPECT_TRUE(worker.empty());
  });
  EXPECT_EQ(b.m.fate(site::mm_vma, Fate::deferred), 1u);
  EXPECT_EQ(b.m.fate(site::mm_vma, Fate::fallback), 1u);
  EXPECT_EQ(b.m.fate(site::mm_vma, Fate::retried), 1u);
  EXPECT_EQ(b.ledger.open_count(), 0u);
}

TEST(Failure, OfATaskThatIsKilledNeverReachesUserSpace) {
  Books b;
  b.run([&](Task& me) {
    b.ledger.enter_syscall(me, "read");
    b.open();
    b.open(site::mm_anon_page);
    b.ledger.settle_killed(me);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "read", -ENOMEM));
  });
  EXPECT_EQ(b.m.fate(site::mm_vma, Fate::killed), 1u);
  EXPECT_EQ(b.m.fate(site::mm_anon_page, Fate::killed), 1u);
  EXPECT_EQ(b.enomem(Cause::give_up), 0u);
}

TEST(Failure, IsStuckOrUnresolvedWhenTheRunEndsFirst) {
  Books b;
  FailureList page;
  TaskId stuck = no_task;
  b.run([&](Task& me) {
    stuck = me.id;
    b.open();
    b.open();
    b.ledger.move(b.open(site::mm_anon_page), page);
    b.m.kernel([&] { b.open(site::mm_page_table); });
  });
  b.ledger.finish(std::array{stuck}, Fate::unresolved);
  EXPECT_EQ(b.m.fate(site::mm_vma, Fate::stuck), 2u);
  EXPECT_EQ(b.m.fate(site::mm_anon_page, Fate::unresolved), 1u);
  EXPECT_EQ(b.m.fate(site::mm_page_table, Fate::unresolved), 1u);
  EXPECT_EQ(b.ledger.open_count(), 0u);
}

TEST(Failure, RemembersWhereItBeganAndWhatFollowed) {
  Books b;
  b.run([&](Task& me) {
    const Frame outer(me, "sys_mkdir");
    b.ledger.enter_syscall(me, "mkdir");
    b.m.core.sleep(5 * ms);
    FailureId id;
    {
      const Frame inner(me, "start_this_handle");
      id = b.ledger.open({site::jbd2_handle, 2, GFP_NOFS}, Cause::no_sleep);
    }
    b.ledger.set_cause(id, Cause::victim);
    b.m.core.sleep(1 * ms);
    EXPECT_FALSE(b.ledger.settle_syscall(me, "mkdir", -EROFS));
    b.ledger.consequence(id, Consequence{});
  });
  const auto records = b.ledger.take_records();
  ASSERT_EQ(records.size(), 1u);
  const FailureRecord& r = records[0];
  EXPECT_EQ(r.site, "ext4.jbd2.handle");
  EXPECT_EQ(r.order, 2u);
  EXPECT_EQ(r.gfp, GFP_NOFS);
  EXPECT_EQ(r.cause, Cause::victim);
  EXPECT_EQ(r.on_failure, b.m.memory.rule(site::jbd2_handle).on_failure);
  EXPECT_EQ(r.task, "kern");
  EXPECT_EQ(r.syscall, "mkdir");
  ASSERT_EQ(r.frames.size(), 2u);
  EXPECT_EQ(r.frames[0], "sys_mkdir");
  EXPECT_EQ(r.frames[1], "start_this_handle");
  EXPECT_GE(r.began, 5 * ms);
  EXPECT_GE(r.ended, r.began + 1 * ms);
  EXPECT_EQ(r.fate, Fate::translated);
  EXPECT_EQ(r.consequences.size(), 1u);
}

TEST(Failure, KeepsItsNumberApartFromLaterOnesThatUseItsPlace) {
  Books b(false);
  b.run([&](Task& me) {
    const FailureId first = b.open();
    b.ledger.settle(first, Fate::retried);
    const FailureId second = b.open();
    EXPECT_NE(first, second);
    // A closed one may still have consequences, which nobody keeps here.
    b.ledger.consequence(first, {});
    EXPECT_EQ(b.ledger.last(me), second);
    for (int i = 0; i < 3000; ++i) {
      const FailureId other = b.open(site::mm_anon_page);
      EXPECT_NE(other, second);
      b.ledger.settle_last(Fate::degraded);
    }
    EXPECT_EQ(b.ledger.open_count(), 1u);
    EXPECT_TRUE(b.ledger.settle_syscall(me, "x", 0));
  });
  EXPECT_TRUE(b.ledger.take_records().empty());
  EXPECT_EQ(b.m.fate(site::mm_anon_page, Fate::degraded), 3000u);
}

}  // namespace
}  // namespace brink::test
