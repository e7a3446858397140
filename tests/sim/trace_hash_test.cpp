// The trace hash is the hash of the events, all of them, in their order: for each kind of event a
// single one that is dropped, changed, or swapped with its neighbour makes another hash.

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "sim/sched/event_hash.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

struct Event {
  EventKind kind;
  std::uint64_t a, b;
  bool operator==(const Event&) const = default;
};

const std::map<std::string, EventKind> kinds = {
    {"context_switch", EventKind::context_switch}, {"lock_grant", EventKind::lock_grant},
    {"alloc_answer", EventKind::alloc_answer},     {"page_list", EventKind::page_list},
    {"fault_draw", EventKind::fault_draw},         {"time_advance", EventKind::time_advance},
    {"syscall_return", EventKind::syscall_return},
};

std::uint64_t hash_of(const std::vector<Event>& events) {
  EventHash hash;
  for (const Event& event : events) hash.add(event.kind, event.a, event.b);
  return hash.value();
}

struct Recorded {
  std::vector<Event> events;
  std::uint64_t hash = 0;
};

/// One run of the complete machine, for all tests of this file.
const Recorded& recorded() {
  static const Recorded run = [] {
    Recorded made;
    RunSpec spec = spec_of_file(complete_machine);
    spec.on_event = [&made](const TraceEvent& event) {
      made.events.push_back({kinds.at(event.kind), event.a, event.b});
    };
    made.hash = run_machine(spec).trace_hash;
    return made;
  }();
  return run;
}

class TraceHash : public testing::TestWithParam<std::pair<const std::string, EventKind>> {
 protected:
  std::vector<Event> events = recorded().events;
  const std::uint64_t hash = recorded().hash;

  /// The `n`-th event of the kind; each test looks at the first, one in the middle, the last.
  std::vector<std::size_t> places() const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].kind == GetParam().second) all.push_back(i);
    }
    if (all.empty()) return all;
    return {all.front(), all[all.size() / 2], all.back()};
  }
};

TEST(TraceHashOfARun, IsThatOfItsEvents) { EXPECT_EQ(hash_of(recorded().events), recorded().hash); }

TEST_P(TraceHash, HasEventsOfTheKind) { EXPECT_FALSE(places().empty()); }

TEST_P(TraceHash, ChangesWhenOneIsDropped) {
  for (const std::size_t at : places()) {
    std::vector<Event> without = events;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_NE(hash_of(without), hash) << "event " << at;
  }
}

TEST_P(TraceHash, ChangesWhenOneIsSwappedWithItsNeighbour) {
  std::size_t swapped = 0;
  for (const std::size_t at : places()) {
    const std::size_t neighbour = at + 1 < events.size() ? at + 1 : at - 1;
    if (events[at] == events[neighbour]) continue;
    std::vector<Event> other = events;
    std::swap(other[at], other[neighbour]);
    EXPECT_NE(hash_of(other), hash) << "event " << at;
    ++swapped;
  }
  EXPECT_GT(swapped, 0u);
}

TEST_P(TraceHash, ChangesWhenTwoOfTheKindAreSwapped) {
  // The first pair that differs, with only others between them.
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].kind != GetParam().second) continue;
    if (last && events[*last] != events[i]) {
      std::swap(events[*last], events[i]);
      EXPECT_NE(hash_of(events), hash);
      return;
    }
    last = i;
  }
  FAIL() << "no two of the kind differ";
}

TEST_P(TraceHash, ChangesWhenOneSaysSomethingElse) {
  for (const std::size_t at : places()) {
    for (const std::uint64_t flip : {std::uint64_t{1}, std::uint64_t{1} << 32}) {
      std::vector<Event> other = events;
      other[at].b ^= flip;
      EXPECT_NE(hash_of(other), hash) << "event " << at;
      other = events;
      other[at].a ^= flip;
      EXPECT_NE(hash_of(other), hash) << "event " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EachKind, TraceHash, testing::ValuesIn(kinds.begin(), kinds.end()),
                         [](const auto& row) { return row.param.first; });

}  // namespace
}  // namespace brink
