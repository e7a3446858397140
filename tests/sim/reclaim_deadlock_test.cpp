// Lockups whose cause is in reclaim: DL5, the isolation throttle that waits for ever, and DL7, a
// reserve that is gone.

#include <gtest/gtest.h>

#include "sim/locking/mutex.hpp"
#include "sim/watch/watch.hpp"
#include "tests/sim/mm/fake_files.hpp"
#include "tests/sim/small_machine.hpp"
#include "tests/sim/watch/invented.hpp"

namespace brink::test {
namespace {

MachineSpec machine_spec(Rules::IsolationThrottle throttle) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.rules.isolation_throttle = throttle;
  return spec;
}

/// An isolator that has nearly all pages off the list waits for a file system's lock; its holder
/// asks for memory.
struct Dl5 {
  explicit Dl5(Rules::IsolationThrottle throttle)
      : m(machine_spec(throttle)),
        files(m),
        fs(m.locks, m.locks.lock_class("test.fs")),
        watch(m.core, config(m), obliged, &nobody) {
    files.on_release = [this](Gfp gfp) {
      if (!has(gfp, Gfp::fs)) return;
      fs.lock();
      fs.unlock();
    };
  }
  static WatchConfig config(Machine& m) {
    WatchConfig config;
    config.usual = &m.strategy;
    return config;
  }
  WatchResult run() {
    Task& holder = m.kernel([this] {
      EXPECT_TRUE(files.fill(0, 40, false));
      for (std::uint32_t i = 0; i < 40; ++i) m.memory.cache().set_private(files.mapping.find(i));
      fs.lock();
      m.core.sleep(10 * ms);
      exhaust(m, 0, 0);
      got = m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOFS | Gfp::noretry);
      fs.unlock();
    });
    Task& isolator = m.kernel([this] {
      m.core.sleep(5 * ms);
      ScanControl sc;
      sc.gfp = GFP_KERNEL;
      sc.priority = 0;
      m.memory.reclaim().shrink_zone(m.memory.zones()[ZoneType::dma32], sc, false);
    });
    watch.foreground(holder);
    watch.foreground(isolator);
    return watch.finish(m.core.run());
  }

  Machine m;
  FakeFiles files;
  Mutex fs;
  invented::Suppliers nobody;
  invented::Obliged obliged;
  Watch watch;
  Pfn got = 0;
};

TEST(Dl5, IsProvedWhereReclaimersWaitForEver) {
  for (const auto throttle :
       {Rules::IsolationThrottle::loop_alike, Rules::IsolationThrottle::loop}) {
    Dl5 shape(throttle);
    const WatchResult r = shape.run();
    EXPECT_EQ(r.verdict, Verdict::deadlock);
    ASSERT_EQ(r.lockup.members.size(), 2u);
    EXPECT_TRUE(r.lockup.absolute);
    EXPECT_EQ(r.lockup.members[0].waits_for, "too many isolated pages");
    EXPECT_LT(r.lockup.closed_at, 1 * seconds);
  }
}

TEST(Dl5, IsGoneWhereTheyWaitOnceOrNotAtAll) {
  for (const auto throttle : {Rules::IsolationThrottle::none, Rules::IsolationThrottle::once}) {
    Dl5 shape(throttle);
    EXPECT_EQ(shape.run().verdict, Verdict::completed);
    EXPECT_EQ(shape.m.memory.zones()[ZoneType::dma32].isolated[1], 0u);
  }
}

/// One task takes all that the reserve has and asks for one page more than there is.
Outcome drain(const std::string& kernel, bool gives_back) {
  RunSpec spec = spec_of_file("[machine]\nkernel = \"" + kernel +
                              "\"\nmemory = \"16 MiB\"\n[policy.oom]\nname = \"none\"\n"
                              "[[task]]\nprogram = \"anon_hog\"\n");
  spec.tasks.clear();
  add_task(spec, "drain", [gives_back](Syscalls& sys) {
    KernelCalls& k = sys.kernel();
    const Site taker = k.site("test.drain.page", OnFailure::skip);
    const Site last = k.site("test.drain.last", OnFailure::nofail);
    k.enter("drain");
    std::vector<KernelCalls::Object> pages;
    for (;;) {
      const auto page = k.alloc_pages(0, GFP_ATOMIC | Gfp::memalloc | Gfp::nowarn, taker);
      if (page == KernelCalls::none) break;
      pages.push_back(page);
    }
    k.did_without();
    EXPECT_GT(pages.size(), 3'000u);
    EXPECT_EQ(k.alloc_pages(0, GFP_ATOMIC | Gfp::nowarn, taker), KernelCalls::none);
    k.did_without();
    const auto give = [&] {
      for (const auto page : pages) k.free(page);
    };
    if (gives_back) give();
    const auto page = k.alloc_pages(0, GFP_NOFS | Gfp::nofail, last);
    k.free(page);
    if (!gives_back) give();
    k.leave(0);
    return 0;
  });
  return run_machine(spec);
}

TEST(Dl7, IsProvedOnceTheReserveIsGone) {
  for (const char* kernel : {"2.6.30", "4.0", "4.0+knob", "6.1"}) {
    const Outcome stuck = drain(kernel, false);
    EXPECT_EQ(stuck.verdict, Verdict::memory_deadlock) << kernel << ": " << stuck.reason;
    EXPECT_LT(stuck.virtual_time, 300 * seconds) << kernel;
    EXPECT_EQ(drain(kernel, true).verdict, Verdict::completed) << kernel;
  }
}

}  // namespace
}  // namespace brink::test
