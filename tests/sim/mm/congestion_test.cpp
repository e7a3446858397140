// Congestion waits: which class of requests ends them, and when they sleep at all.

#include "sim/mm/congestion.hpp"

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

class CongestionTest : public ::testing::Test {
 protected:
  CongestionTest() : machine_({}), congestion_(machine_.memory.congestion()) {}

  /// How long the wait takes, while requests end at the given times.
  Nanos waited(CongestionClass of, Nanos async_end, Nanos sync_end) {
    Nanos took = 0;
    machine_.kernel([&, of] {
      const Nanos began = machine_.core.now();
      congestion_.wait(of, 100 * ms);
      took = machine_.core.now() - began;
    });
    machine_.kernel([&, async_end, sync_end] {
      machine_.core.sleep(std::min(async_end, sync_end));
      machine_.memory.device_uncongested(sync_end < async_end, false);
      machine_.core.sleep(std::max(async_end, sync_end) - std::min(async_end, sync_end));
      machine_.memory.device_uncongested(sync_end > async_end, false);
    });
    machine_.core.run();
    return took / ms;
  }

  Machine machine_;
  Congestion& congestion_;
};

TEST_F(CongestionTest, AnyEndOfTheClassWakesThoughNothingWasEverCongested) {
  EXPECT_EQ(waited(CongestionClass::async, 30 * ms, 500 * ms), 30u);
}

TEST_F(CongestionTest, TheOtherClassWakesNobody) {
  EXPECT_EQ(waited(CongestionClass::sync, 30 * ms, 500 * ms), 100u);
}

TEST_F(CongestionTest, BothWaitsForAsyncAndThenForSyncWithWhatIsLeft) {
  EXPECT_EQ(waited(CongestionClass::both, 30 * ms, 50 * ms), 50u);
}

TEST_F(CongestionTest, BothTogetherTakeNoLongerThanTheTimeout) {
  EXPECT_EQ(waited(CongestionClass::both, 30 * ms, 500 * ms), 100u);
}

TEST_F(CongestionTest, BothDoesNotNoticeASyncEndBeforeTheAsyncOne) {
  EXPECT_EQ(waited(CongestionClass::both, 60 * ms, 20 * ms), 100u);
}

TEST_F(CongestionTest, OnlyACongestedDeviceOfTheClassAndAFlaggedZoneMakeItSleep) {
  Nanos idle = 0, other = 0, unflagged = 0, slept = 0;
  machine_.kernel([&] {
    Zone& zone = machine_.memory.zones().preferred(GFP_KERNEL);
    const auto timed = [&](CongestionClass of) {
      const Nanos began = machine_.core.now();
      congestion_.wait_iff(zone, of, 100 * ms);
      return (machine_.core.now() - began) / ms;
    };
    zone.flags |= ZONE_CONGESTED;
    idle = timed(CongestionClass::async);
    machine_.memory.device_congested(false);
    other = timed(CongestionClass::sync);
    slept = timed(CongestionClass::async);
    zone.flags &= ~ZONE_CONGESTED;
    unflagged = timed(CongestionClass::async);
    machine_.memory.device_uncongested(false, true);
    EXPECT_FALSE(congestion_.congested(CongestionClass::both));
  });
  machine_.core.run();
  EXPECT_EQ(idle, 0u);
  EXPECT_EQ(other, 0u);
  EXPECT_EQ(slept, 100u);
  EXPECT_EQ(unflagged, 0u);
}

/// The rule alone: only a worker, and only where it is to.
TEST(WorkerNaps, AWorkerSleepsForATickWhereOthersOnlyOfferTheCpu) {
  for (const bool naps : {false, true}) {
    MachineSpec spec;
    spec.rules.worker_naps = naps;
    Machine machine(std::move(spec));
    for (const bool worker : {false, true}) {
      machine.kernel([&machine, naps, worker] {
        Task& me = machine.core.current();
        if (worker) me.set(PF_WQ_WORKER);
        const Nanos began = machine.core.now();
        const Zone& zone = machine.memory.zones().preferred(GFP_KERNEL);
        EXPECT_FALSE(machine.memory.congestion().wait_iff(zone, 100 * ms));
        const Nanos took = machine.core.now() - began;
        EXPECT_EQ(took / machine.core.tick(), naps && worker ? 1u : 0u);
      });
    }
    machine.core.run();
  }
}

}  // namespace
}  // namespace brink::test
