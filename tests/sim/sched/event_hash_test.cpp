// The event hash notices when any one event is dropped, swapped with its neighbour or changed.

#include "sim/sched/event_hash.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "sim/sched/random.hpp"
#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

using Trace = std::vector<Events::Event>;

std::uint64_t hash_of(const Trace& trace) {
  EventHash hash;
  for (const Events::Event& e : trace) hash.add(e.kind, e.a, e.b);
  return hash.value();
}

constexpr EventKind kinds[] = {EventKind::context_switch, EventKind::lock_grant,
                               EventKind::alloc_answer,   EventKind::page_list,
                               EventKind::fault_draw,     EventKind::time_advance,
                               EventKind::syscall_return};

/// A run with many events of each kind; those of upper rungs are noted here.
Trace some_run() {
  RandomStrategy strategy(4);
  World world(strategy, cpus(2));
  Events events;
  world.core.set_sink(&events);
  for (int i = 0; i < 3; ++i) {
    world.spawn([&] {
      Core& core = world.core;
      for (std::uint64_t k = 0; k < 20; ++k) {
        core.note(EventKind::lock_grant, core.current().id, k % 3);
        core.note(EventKind::alloc_answer, k << 4, k * 8);
        core.note(EventKind::page_list, k, 0x10002);
        core.note(EventKind::fault_draw, 7, k % 2);
        core.note(EventKind::syscall_return, core.current().id, ~k);
        core.sleep(k * 100);
      }
    });
  }
  world.core.run();
  EXPECT_EQ(hash_of(events.events), world.core.hash());
  return events.events;
}

bool same(const Events::Event& x, const Events::Event& y) {
  return x.kind == y.kind && x.a == y.a && x.b == y.b;
}

TEST(EventHash, NoticesWhatHappensToAnyEventOfAnyKind) {
  const Trace trace = some_run();
  const std::uint64_t hash = hash_of(trace);
  for (const EventKind kind : kinds) {
    int changed = 0;
    for (std::size_t i = 0; i + 1 < trace.size(); ++i) {
      if (trace[i].kind != kind) continue;
      ++changed;
      Trace dropped = trace;
      dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(i));
      ASSERT_NE(hash_of(dropped), hash);
      Trace twice = trace;
      twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), trace[i]);
      ASSERT_NE(hash_of(twice), hash);
      for (std::size_t k = i + 1; k < std::min(i + 8, trace.size()); ++k) {
        if (same(trace[i], trace[k])) continue;
        Trace swapped = trace;
        std::swap(swapped[i], swapped[k]);
        ASSERT_NE(hash_of(swapped), hash);
      }
    }
    EXPECT_GT(changed, 20) << static_cast<int>(kind);
  }
}

TEST(EventHash, NoticesAnyBitOfAnEvent) {
  for (const EventKind kind : kinds) {
    EventHash plain;
    plain.add(kind, 0, 0);
    for (unsigned bit = 0; bit < 64; ++bit) {
      EventHash a, b;
      if (bit < 61) {  // The model's numbers are far below that.
        a.add(kind, std::uint64_t{1} << bit, 0);
        EXPECT_NE(a.value(), plain.value());
      }
      b.add(kind, 0, std::uint64_t{1} << bit);
      EXPECT_NE(b.value(), plain.value());
    }
    for (const EventKind other : kinds) {
      if (other == kind) continue;
      EventHash c;
      c.add(other, 0, 0);
      EXPECT_NE(c.value(), plain.value());
    }
  }
}

TEST(EventHash, IsTheSameWithAndWithoutASink) {
  const auto run = [](bool sink) {
    RandomStrategy strategy(9);
    World world(strategy, cpus(2));
    Events events;
    if (sink) world.core.set_sink(&events);
    for (int i = 0; i < 4; ++i) {
      world.spawn([&] {
        for (int k = 0; k < 50; ++k) {
          world.core.step(3 * us);
          world.core.yield();
          world.core.sleep(5 * us);
        }
      });
    }
    world.core.run();
    return world.core.hash();
  };
  EXPECT_EQ(run(false), run(true));
}

}  // namespace
}  // namespace brink
