// Zones, buddy lists and per-CPU lists under ten million random operations: after each the counters
// are those of a ledger that knows only what was handed out, and after every 4,096 all pages are
// counted one by one.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policies/eras/eras.hpp"
#include "sim/mm/zone.hpp"

namespace brink {
namespace {

struct Held {
  Pfn pfn;
  unsigned order;
};

/// One zone of 64 MiB with four CPUs.
class Ledger {
 public:
  Ledger(const Rules& rules, std::uint64_t seed)
      : map_(pages + dma),
        zones_(map_, {.pages = pages + dma, .cpus = cpus}, rules),
        zone_(zones_[ZoneType::dma32]),
        state_(seed),
        keeps_(rules.high_order_reserve == Rules::HighOrderReserve::highatomic) {}

  /// Empty, or what is wrong.
  std::string run(std::uint64_t operations) {
    for (std::uint64_t i = 1; i <= operations; ++i) {
      step();
      if (zone_.free() + zone_.pcp.pages() + held_pages_ != pages) {
        return "counters after operation " + std::to_string(i);
      }
      if (i % 4096 != 0) continue;
      if (const std::string error = walk(); !error.empty()) {
        return error + " after operation " + std::to_string(i);
      }
    }
    return give_everything_back();
  }

 private:
  static constexpr Pages dma = 4096;
  static constexpr Pages pages = 16'384 - dma + 777;  // Not a whole number of blocks.
  static constexpr std::uint32_t cpus = 4;

  /// splitmix64.
  std::uint32_t below(std::uint32_t bound) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::uint32_t>(((z ^ (z >> 31)) >> 32) * bound >> 32);
  }

  void step() {
    const std::uint32_t what = below(1000);
    // Pressure swings between nearly empty and full.
    if (what == 0) wants_more_ = below(2) != 0;
    if (what == 1) return static_cast<void>(zone_.pcp.drain(below(cpus)));
    if (what == 2 && below(8) == 0) return static_cast<void>(zone_.pcp.drain_all());
    if (what == 3) {
      static_cast<void>(zone_.unreserve_highatomic(map_, any_type(), below(2) != 0));
      return;
    }
    const bool take = what < (wants_more_ ? 650u : 350u);
    if (take || held_.empty()) return alloc();
    free();
  }

  Migrate any_type() { return static_cast<Migrate>(below(mobility_types)); }

  void alloc() {
    const std::uint32_t luck = below(100);
    const unsigned order = luck < 70 ? 0 : luck < 95 ? 1 + below(4) : below(max_order + 1);
    constexpr unsigned rights[] = {ALLOC_NOFRAGMENT, ALLOC_HIGHATOMIC, ALLOC_NON_BLOCK};
    const unsigned flags = below(16) == 0 ? rights[below(3)] : 0;
    const Migrate type = any_type();
    Pfn pfn = no_page;
    if (zone_.pcp.takes(order)) pfn = zone_.pcp.alloc(below(cpus), order, type, luck < 3, flags);
    if (pfn == no_page) pfn = zone_.buddy.alloc(order, type, flags);
    if (pfn == no_page) return;
    if (keeps_ && flags == ALLOC_HIGHATOMIC) zone_.reserve_highatomic(map_, pfn);
    map_[pfn].kind = PageKind::kernel;
    // Some of it looks as if it could be moved.
    map_[pfn].flags = type == Migrate::movable ? PG_lru : 0;
    held_.push_back({pfn, order});
    held_pages_ += Pages{1} << order;
  }

  void free() {
    const std::uint32_t i = below(static_cast<std::uint32_t>(held_.size()));
    give_back(held_[i]);
    held_[i] = held_.back();
    held_.pop_back();
  }

  void give_back(const Held& block) {
    map_[block.pfn].kind = PageKind::free;
    map_[block.pfn].flags = 0;
    held_pages_ -= Pages{1} << block.order;
    if (zone_.pcp.takes(block.order)) {
      static_cast<void>(zone_.pcp.free(below(cpus), block.pfn, block.order, below(8) == 0, false));
    } else {
      zone_.buddy.free(block.pfn, block.order);
    }
  }

  /// Every page is free, on a CPU's list or held, and belongs to exactly one block.
  std::string walk() const {
    Pages free = zone_.buddy.virgin_end() - zone_.buddy.virgin_begin(), pcp = 0, held = 0;
    std::array<Pages, max_order + 1> blocks{};
    for (Pfn pfn = zone_.begin; pfn < zone_.end;) {
      if (pfn == zone_.buddy.virgin_begin() && pfn != zone_.buddy.virgin_end()) {
        blocks[max_order] += (zone_.buddy.virgin_end() - pfn) >> max_order;
        pfn = zone_.buddy.virgin_end();
        continue;
      }
      const Page& page = map_[pfn];
      const Pages size = Pages{1} << page.order();
      if (!map_.valid(pfn) || pfn % size != 0) return "page " + std::to_string(pfn);
      if (page.has(PG_buddy)) {
        free += size;
        ++blocks[page.order()];
      } else {
        (page.kind == PageKind::free ? pcp : held) += size;
      }
      pfn += static_cast<Pfn>(size);
    }
    for (unsigned order = 0; order <= max_order; ++order) {
      if (blocks[order] != zone_.buddy.free_blocks(order)) return "blocks of an order";
    }
    if (free != zone_.free()) return "free pages";
    if (pcp != zone_.pcp.pages() || !zone_.pcp.consistent()) return "pages on per-CPU lists";
    return held == held_pages_ ? "" : "pages in use";
  }

  std::string give_everything_back() {
    for (const Held& block : held_) give_back(block);
    static_cast<void>(zone_.pcp.drain_all());
    while (zone_.unreserve_highatomic(map_, Migrate::movable, true) != 0) {
    }
    // The count of what is kept may be too high: pages that were on the lists of CPUs when their
    // pageblock was taken return to their old type, and with them it can be stolen.
    return zone_.free() == pages ? "" : "pages are missing";
  }

  PageMap map_;
  Zones zones_;
  Zone& zone_;
  std::uint64_t state_;
  const bool keeps_;
  std::vector<Held> held_;
  Pages held_pages_ = 0;
  bool wants_more_ = true;
};

TEST(FreeLists, KeepTheirAccountsThroughTenMillionOperations) {
  const struct {
    const char* name;
    Rules rules;
  } kernels[] = {{"2.6.30", linux_2_6_30_rules()},
                 {"2.6.32", linux_2_6_32_rc6_rules()},
                 {"4.0", Rules{}},
                 {"6.1", linux_6_1_rules()}};
  for (const auto& kernel : kernels) {
    EXPECT_EQ(Ledger(kernel.rules, 1).run(2'500'000), "") << kernel.name;
  }
  // And each of the rules by itself.
  for (int bits = 0; bits < 18; ++bits) {
    Rules rules;
    rules.pcp = static_cast<Rules::Pcp>(bits % 3);
    rules.fallback = static_cast<Rules::Fallback>(bits / 3 % 3);
    rules.high_order_reserve =
        bits / 9 != 0 ? Rules::HighOrderReserve::highatomic : Rules::HighOrderReserve::pageblocks;
    EXPECT_EQ(Ledger(rules, 100u + static_cast<unsigned>(bits)).run(100'000), "") << bits;
  }
}

}  // namespace
}  // namespace brink
