// `./dev bench memory`: page operations of the buddy system and of the per-CPU lists, in machines
// from 64 MiB to 64 GiB, beside a random touch of the same metadata and beside a stack of pages; a
// new zone beside cleared metadata; a machine of 1 TiB beside one of 64 MiB.
//
// An operation frees a random block of those that are held, or takes another; the machine is nine
// tenths full. All figures are medians of repetitions that take turns, so that a busy host slows
// all alike.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "bench/memory/meter.hpp"
#include "sim/mm/zone.hpp"

namespace brink::bench {
namespace {

constexpr int repetitions = 7;

struct Luck {
  std::uint64_t state = 1;
  std::uint32_t below(std::uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<std::uint32_t>((state >> 32) * bound >> 32);
  }
};

/// Orders as requests have them: 80, 12, 5 and 3 % of orders 0 to 3.
unsigned any_order(Luck& luck) {
  const std::uint32_t x = luck.below(100);
  return x < 80 ? 0 : x < 92 ? 1 : x < 97 ? 2 : 3;
}

/// A machine that is nine tenths full, with blocks of several orders and types in no order of
/// addresses.
struct World {
  World(Pages pages, unsigned max)
      : map(pages),
        zones(map, {.pages = pages, .cpus = 1}, Rules{}),
        zone(zones.preferred(GFP_KERNEL)),
        most(max) {
    left = zone.managed / 10;
    held.reserve(zone.managed);
    while (zone.free() > left) alloc(zone.buddy.alloc(order(), type()));
    for (std::size_t i = held.size(); i > 1; --i) {
      std::swap(held[i - 1], held[luck.below(static_cast<std::uint32_t>(i))]);
    }
  }
  unsigned order() { return most == 0 ? 0 : any_order(luck); }
  Migrate type() { return static_cast<Migrate>(luck.below(mobility_types)); }
  void alloc(Pfn page) {
    if (page != no_page) held.push_back(page);
  }
  Pfn any() {
    Pfn& slot = held[luck.below(static_cast<std::uint32_t>(held.size()))];
    const Pfn page = slot;
    slot = held.back();
    held.pop_back();
    return page;
  }
  bool frees() { return zone.free() <= left || luck.below(2) != 0; }

  PageMap map;
  Zones zones;
  Zone& zone;
  const unsigned most;
  Pages left = 0;
  std::vector<Pfn> held;
  Luck luck;
};

void touch(World& w, int operations) {
  for (; operations != 0; --operations) {
    Page& page = w.map[w.held[w.luck.below(static_cast<std::uint32_t>(w.held.size()))]];
    page.next ^= 1;
    page.kind = PageKind::kernel;
  }
}

void buddy(World& w, int operations) {
  for (; operations != 0; --operations) {
    if (w.frees()) {
      const Pfn page = w.any();
      w.zone.buddy.free(page, w.map[page].order());
    } else {
      w.alloc(w.zone.buddy.alloc(w.order(), w.type()));
    }
  }
}

/// Single pages.
void pcp(World& w, int operations) {
  for (; operations != 0; --operations) {
    if (w.frees()) {
      const Pfn page = w.any();
      w.map[page].kind = PageKind::free;
      w.zone.pcp.free(0, page, 0, false, false);
    } else {
      w.alloc(w.zone.pcp.alloc(0, 0, w.type(), false, 0));
    }
  }
}

/// The least that an allocator does: single pages, last in, first out.
struct Stack {
  explicit Stack(World& world) : w(world), room(w.held.size() / 10) {
    for (std::size_t i = 0; i < room; ++i) free.push_back(w.any());
  }
  void run(int operations) {
    for (; operations != 0; --operations) {
      if (free.size() <= room || w.luck.below(2) != 0) {
        const Pfn page = w.any();
        w.map[page].kind = PageKind::free;
        free.push_back(page);
      } else {
        static_cast<void>(w.type());  // The others draw one too.
        w.map[free.back()].kind = PageKind::kernel;
        w.held.push_back(free.back());
        free.pop_back();
      }
    }
  }
  World& w;
  const std::size_t room;
  std::vector<Pfn> free;
};

Cost median(std::vector<Cost> costs) {
  std::sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.ns < b.ns; });
  return costs[costs.size() / 2];
}

/// Costs per operation of several kinds of work, measured in turns.
std::vector<Cost> measure(Meter& meter, int operations,
                          const std::vector<std::function<void(int)>>& works) {
  std::vector<std::vector<Cost>> costs(works.size());
  for (int i = 0; i <= repetitions; ++i) {
    for (std::size_t work = 0; work < works.size(); ++work) {
      meter.begin();
      works[work](operations);
      Cost cost = meter.end();
      cost.ns /= operations;
      cost.instructions /= operations;
      if (i != 0) costs[work].push_back(cost);  // The first warms up.
    }
  }
  std::vector<Cost> medians;
  for (auto& list : costs) medians.push_back(median(std::move(list)));
  return medians;
}

std::string size_of(std::uint64_t bytes) {
  return bytes >= GiB ? std::to_string(bytes / GiB) + " GiB" : std::to_string(bytes / MiB) + " MiB";
}

/// One world for each kind of work: what one leaves behind would be in the others' way.
void by_size(Meter& meter, std::uint64_t most) {
  std::printf("%-8s %27s %22s %14s %13s %s\n", "", "ns per operation", "instructions", "bound ÷",
              "÷ touch", "");
  std::printf("%-8s %6s %6s %6s %6s  %6s %6s %6s %7s %6s %6s\n", "memory", "touch", "stack", "pcp",
              "buddy", "stack", "pcp", "buddy", "pcp", "buddy", "buddy");
  for (std::uint64_t bytes = 64 * MiB; bytes <= most; bytes *= 2) {
    World touched(bytes / page_size, 0), listed(bytes / page_size, 0);
    World buddies(bytes / page_size, 3), stacked(bytes / page_size, 0);
    Stack stack(stacked);
    const std::vector<Cost> c =
        measure(meter, 400'000,
                {[&](int n) { touch(touched, n); }, [&](int n) { stack.run(n); },
                 [&](int n) { pcp(listed, n); }, [&](int n) { buddy(buddies, n); }});
    std::printf("%-8s %6.1f %6.1f %6.1f %6.1f  %6.0f %6.0f %6.0f %7.2f %6.2f %6.2f  %s\n",
                size_of(bytes).c_str(), c[0].ns, c[1].ns, c[2].ns, c[3].ns, c[1].instructions,
                c[2].instructions, c[3].instructions, c[1].ns / c[2].ns, c[1].ns / c[3].ns,
                c[3].ns / c[0].ns, std::string(static_cast<std::size_t>(c[3].ns / 4), '#').c_str());
    std::fflush(stdout);
  }
}

/// A zone of 512 MiB, new by its epoch or by clearing what describes it.
void reset(Meter& meter) {
  constexpr Pages pages = 512 * MiB / page_size;
  std::vector<Page> metadata(pages);
  const std::vector<Cost> c =
      measure(meter, 200,
              {[&](int n) {
                 for (; n != 0; --n) {
                   PageMap map(pages);
                   const Zones zones(map, {.pages = pages, .cpus = 2}, Rules{});
                 }
               },
               [&](int n) {
                 for (; n != 0; --n) {
                   std::memset(static_cast<void*>(metadata.data()), 0, pages * sizeof(Page));
                   asm volatile("" : : "g"(metadata.data()) : "memory");
                 }
               }});
  std::printf("\nnew zones of 512 MiB: %.1f us; clearing their metadata: %.1f us; ratio %.0f\n",
              c[0].ns / 1e3, c[1].ns / 1e3, c[1].ns / c[0].ns);
}

/// Starts a machine and takes and frees 4,096 pages in blocks of several orders.
void small_run(std::uint64_t bytes) {
  PageMap map(bytes / page_size);
  Zones zones(map, {.pages = bytes / page_size, .cpus = 2}, Rules{});
  Zone& zone = zones.preferred(GFP_KERNEL);
  std::vector<std::pair<Pfn, unsigned>> held;
  for (unsigned i = 0; i < 2'048; ++i) {
    held.emplace_back(zone.buddy.alloc(i % 3, static_cast<Migrate>(i % 3)), i % 3);
  }
  for (const auto& [page, order] : held) zone.buddy.free(page, order);
}

void whole_machines(Meter& meter) {
  const std::uint64_t before = resident();
  const auto run = [](std::uint64_t bytes) {
    return [bytes](int n) {
      for (; n != 0; --n) small_run(bytes);
    };
  };
  std::vector<Cost> small = measure(meter, 200, {run(64 * MiB)});
  const std::uint64_t after_small = resident();
  const std::vector<Cost> large = measure(meter, 200, {run(max_pages * page_size)});
  const std::uint64_t after_large = resident();
  small = measure(meter, 200, {run(64 * MiB)});
  std::printf(
      "a small run on 64 MiB: %.1f us, %lu KiB of the host's; on 1 TiB: %.1f us, %lu KiB "
      "more; ratio of times %.2f\n",
      small[0].ns / 1e3, static_cast<unsigned long>((after_small - before) / KiB),
      large[0].ns / 1e3, static_cast<unsigned long>((after_large - after_small) / KiB),
      large[0].ns / small[0].ns);
}

}  // namespace
}  // namespace brink::bench

/// The largest machine of the table in GiB is the argument: 64 needs 5 GiB of the host's memory.
int main(int count, char** arguments) {
  using namespace brink;
  bench::Meter meter;
  const std::uint64_t most = count > 1 ? std::strtoull(arguments[1], nullptr, 10) * GiB : 64 * GiB;
  if (!meter.counts_instructions()) std::puts("(the host counts no instructions: times only)");
  bench::whole_machines(meter);
  bench::by_size(meter, most);
  bench::reset(meter);
  return 0;
}
