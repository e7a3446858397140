// A machine for tests of reclaim: its rules are set one by one, its policy says what it is told to,
// and its one kernel task does what the test says.
#pragma once

#include <functional>

#include "sim/mm/congestion.hpp"
#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {

class Settable final : public ReclaimPolicy {
 public:
  unsigned swappiness() const override { return 60; }
  bool direct_reclaim_writes() const override { return writes; }
  CongestionClass congestion_class() const override { return congestion; }
  KswapdSleep kswapd_sleep() const override { return sleep; }
  int kswapd_naps_below(unsigned order) const override {
    return naps_by_order ? naps_below - static_cast<int>(order) : naps_below;
  }
  bool writes = false;
  CongestionClass congestion = CongestionClass::async;
  KswapdSleep sleep = KswapdSleep::second_look;
  int naps_below = -1;
  bool naps_by_order = false;
};

/// A machine of 64 MiB whose one kernel task does what it is told.
struct ReclaimRig {
  explicit ReclaimRig(const Rules& rules, bool kswapd = false, std::uint64_t swap = 0)
      : m(spec(rules, kswapd, swap, policy)), files(m) {}
  static MachineSpec spec(const Rules& rules, bool kswapd, std::uint64_t swap,
                          const ReclaimPolicy& policy) {
    MachineSpec s;
    s.rules = rules;
    s.kswapd = kswapd;
    s.memory.swap = swap;
    s.reclaim = &policy;
    return s;
  }
  void run(const std::function<void()>& body) {
    m.kernel([&, body] {
      body();
      for (const Pfn page : taken) m.memory.free_pages(page, 0);
      files.mapping.truncate(0);
    });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
  Zone& zone() { return m.memory.zones()[ZoneType::dma32]; }
  Page& page(std::uint32_t index) { return m.memory.page(files.mapping.find(index)); }
  Reclaim& reclaim() { return m.memory.reclaim(); }
  Nanos time_of(const std::function<void()>& body) {
    const Nanos before = m.core.now();
    body();
    return m.core.now() - before;
  }
  void pin(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      m.memory.cache().pin(files.mapping.find(i));
    }
  }
  void unpin(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      m.memory.cache().unpin(files.mapping.find(i));
    }
  }
  /// Takes pages until none is above a mark.
  void take_to(Watermark mark) {
    for (Pfn pfn; (pfn = m.memory.allocator().take(0, GFP_KERNEL, mark, 0)) != no_page;) {
      m.memory.allocator().prepare(pfn, 0, GFP_KERNEL);
      taken.push_back(pfn);
    }
  }

  Settable policy;
  Machine m;
  FakeFiles files;
  std::vector<Pfn> taken;
};

}  // namespace brink::test
