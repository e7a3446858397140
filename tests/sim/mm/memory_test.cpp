// Everything at once, at random: the accounts agree with the pages at any time, nothing is left
// when all have gone, and the ways to be fast make no difference.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

using Script = std::vector<std::uint32_t>;

struct Setting {
  std::uint64_t swap = 0;
  std::int64_t retries = -1;
  bool direct_writes = false;
  Preempt preempt = Preempt::voluntary;
  bool single_step = false;
  bool visit_exhausted = false;
};

struct Result {
  std::string error;
  RunEnd end = RunEnd::quiet;
  std::uint64_t hash = 0;
  Nanos time = 0;
  Counters counters;
  std::vector<TaskId> kills;
};

/// One process that does what its script says, a number an operation, and gives back what it holds.
class Actor {
 public:
  Actor(Machine& machine, FakeFiles& files, Machine::Process& process, std::string& error)
      : m(machine),
        files_(files),
        mm_(*process.mm),
        me_(*process.task),
        error_(error),
        caches_{&m.memory.slab_cache({"small", 40}),
                &m.memory.slab_cache({"large", 1400, 8, true})} {}

  void play(const Script& script) {
    for (const std::uint32_t step : script) {
      if (me_.has(FATAL_SIGNAL)) break;
      act(step % 16, step / 16);
      m.memory.failures().settle_all(m.memory.failures().list_of(me_), Fate::degraded);
      if (++steps_ % 5 == 0) check();
    }
    for (const auto& [page, order] : pages_) m.memory.free_pages(page, order);
    for (const SlabObject object : objects_) m.memory.free_object(object);
    check();
  }

 private:
  void check() {
    if (error_.empty()) error_ = m.memory.check();
  }

  void act(std::uint32_t what, std::uint32_t a) {
    switch (what) {
      case 0: case 1: return alloc(a);
      case 2: return free_pages(a);
      case 3: case 4: return alloc_objects(a);
      case 5: return free_objects(a);
      case 6: case 7: return map(a);
      case 8: return unmap(a);
      case 9: return touch(a);
      case 10: return static_cast<void>(mm_.brk((16 + a % 8) * MiB + a % 5000));
      case 11: return static_cast<void>(files_.fill(a % 3000, a / 4 % 200, (a & 1) != 0));
      case 12: return flush(a);
      case 13: return a % 4 == 0 ? files_.mapping.truncate(a % 3000) : handle_page(a);
      case 14: return static_cast<void>(m.memory.reclaim().direct(0, masks[a % 4]));
      default: return m.core.sleep(a % 400 * us), void();
    }
  }

  void alloc(std::uint32_t a) {
    const unsigned order = a % 8 == 0 ? a / 8 % 5 : 0;
    const Gfp kind[] = {Gfp::none, Gfp::movable, Gfp::reclaimable};
    for (std::uint32_t i = 0; i < a % 60; ++i) {
      const Pfn page = m.memory.alloc_pages(site::pc_node, order, masks[a % 5] | kind[a / 64 % 3]);
      if (page == no_page) return;
      pages_.emplace_back(page, order);
    }
  }
  void free_pages(std::uint32_t a) {
    for (std::uint32_t i = 0; i < a % 90 && !pages_.empty(); ++i) {
      std::swap(pages_[(a + i * 7) % pages_.size()], pages_.back());
      const auto [page, order] = pages_.back();
      pages_.pop_back();
      m.memory.free_pages(page, order);
    }
  }
  void alloc_objects(std::uint32_t a) {
    for (std::uint32_t i = 0; i < a % 100; ++i) {
      const SlabObject object =
          a % 3 == 2 ? m.memory.kmalloc(a / 8 % 20'000, site::pc_node, masks[a % 5])
                     : m.memory.alloc_object(*caches_[a % 2], site::pc_node, masks[a % 5]);
      if (!object) return;
      objects_.push_back(object);
    }
  }
  void free_objects(std::uint32_t a) {
    for (std::uint32_t i = 0; i < a % 150 && !objects_.empty(); ++i) {
      std::swap(objects_[(a + i * 5) % objects_.size()], objects_.back());
      const SlabObject object = objects_.back();
      objects_.pop_back();
      m.memory.free_object(object);
    }
  }
  void map(std::uint32_t a) {
    const std::int64_t at = mm_.mmap_anonymous((a % 2048 + 1) * page_size);
    if (at < 0) return;
    areas_.emplace_back(static_cast<Address>(at), (a % 2048 + 1) * page_size);
    static_cast<void>(mm_.touch(areas_.back().first, areas_.back().second));
  }
  void unmap(std::uint32_t a) {
    if (areas_.empty()) return;
    const auto [at, bytes] = areas_[a % areas_.size()];
    const std::uint64_t skip = a % 7 * 100 * page_size;
    if (skip < bytes) static_cast<void>(mm_.munmap(at + skip, bytes / (a % 3 + 1)));
  }
  void touch(std::uint32_t a) {
    if (areas_.empty()) return;
    const auto [at, bytes] = areas_[a % areas_.size()];
    static_cast<void>(mm_.touch(at, bytes));
  }
  void flush(std::uint32_t a) {
    PageCache& cache = m.memory.cache();
    for (std::uint32_t i = 0; i < a % 300; ++i) {
      const Pfn page = files_.mapping.next_dirty(a % 3000);
      if (page == no_page || !cache.trylock_page(page)) return;
      cache.pin(page);
      cache.wait_on_page_writeback(page);
      if (cache.clear_page_dirty_for_io(page)) {
        static_cast<void>(files_.writepage(files_.mapping, page));
      } else {
        cache.unlock_page(page);
      }
      cache.unpin(page);
    }
  }
  void handle_page(std::uint32_t a) {
    PageCache& cache = m.memory.cache();
    const Pfn page = files_.mapping.next(a % 3000);
    if (page == no_page || !cache.trylock_page(page)) return;
    cache.pin(page);
    if (a % 2 == 0) cache.set_private(page);
    cache.mark_page_accessed(page);
    cache.unlock_page(page);
    m.core.sleep(a % 100 * us);
    cache.unpin(page);
  }

  static constexpr Gfp masks[] = {GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_USER, GFP_ATOMIC};
  Machine& m;
  FakeFiles& files_;
  AddressSpace& mm_;
  Task& me_;
  std::string& error_;
  SlabCache* const caches_[2];
  int steps_ = 0;
  std::vector<std::pair<Pfn, unsigned>> pages_;
  std::vector<SlabObject> objects_;
  std::vector<std::pair<Address, std::uint64_t>> areas_;
};

/// What nobody holds any more when all have gone.
std::string leftovers(Machine& m) {
  const MemoryStat& stat = m.memory.stat();
  if (stat.of(PageKind::kernel) != 0) return "kernel pages are left";
  if (stat.of(PageKind::page_table) != 0) return "page tables are left";
  if (stat.of(PageKind::file) != 0) return "file pages are left";
  // Pages that were being written when their owner went stay for reclaim to find, as in the kernel.
  if (stat.of(PageKind::anon) != m.memory.swap().cached_pages()) return "anonymous pages are left";
  if (stat.writeback != 0) return "writes are left";
  const Pages slots = m.memory.swap().map().total() - m.memory.swap().map().free();
  if (slots != m.memory.swap().cached_pages()) return "swap slots are left";
  for (const auto& cache : m.memory.slab().caches()) {
    const bool nodes = std::string(cache->name()) == "radix_tree_node";
    if (cache->objects_in_use() > (nodes ? slots : 0))
      return std::string(cache->name()) + " are left";
  }
  for (const Zone& zone : m.memory.zones().all()) {
    if (zone.isolated != std::array<Pages, 2>{}) return "isolated pages are left";
  }
  return m.memory.failures().open_count() != 0 ? "open failures are left" : m.memory.check();
}

Result play(const std::vector<Script>& scripts, const Setting& setting) {
  MachineSpec spec;
  spec.memory = {.memory = 20 * MiB, .swap = setting.swap, .single_step = setting.single_step,
                 .visit_exhausted = setting.visit_exhausted};
  spec.retries = setting.retries;
  spec.direct_writes = setting.direct_writes;
  spec.preempt = setting.preempt;
  spec.time_limit = 5 * seconds;
  Machine m(std::move(spec));
  FakeFiles files(m);
  Result result;
  std::size_t left = scripts.size();
  for (const Script& script : scripts) {
    m.process([&](Machine::Process& p) {
      Actor(m, files, p, result.error).play(script);
      if (--left == 0) files.mapping.truncate(0);
    });
  }
  result.end = m.core.run();
  if (result.error.empty()) result.error = m.memory.check();
  if (result.error.empty() && result.end == RunEnd::quiet && left == 0) result.error = leftovers(m);
  if (!m.bugs.empty()) result.error = m.bugs.front();
  result.hash = m.core.hash();
  result.time = m.core.now();
  result.counters = m.counters();
  result.kills = m.kills;
  return result;
}

RC_GTEST_PROP(Memory, AccountsForEachPageWhateverHappens, ()) {
  // Not shrunk: that takes minutes, and says no more than the first event that differs.
  const auto step = rc::gen::noShrink(rc::gen::inRange<std::uint32_t>(0, 1u << 30));
  std::vector<Script> scripts;
  const int actors = *rc::gen::inRange(1, 5);
  for (int i = 0; i < actors; ++i) scripts.push_back(*rc::gen::container<Script>(60, step));
  Setting setting;
  setting.swap = *rc::gen::element<std::uint64_t>(0, 2 * MiB, 16 * MiB, 64 * MiB);
  setting.retries = *rc::gen::element<std::int64_t>(-1, 0, 3);
  setting.direct_writes = *rc::gen::arbitrary<bool>();
  setting.preempt = *rc::gen::element(Preempt::none, Preempt::voluntary, Preempt::full);
  const Result plain = play(scripts, setting);
  RC_ASSERT(plain.error == "");
  RC_CLASSIFY(plain.end == RunEnd::quiet, "all ended");
  RC_CLASSIFY(!plain.kills.empty(), "somebody was killed");
  RC_CLASSIFY(plain.counters.swap_outs != 0, "pages were swapped");
  RC_CLASSIFY(plain.counters.pages_reclaimed > 1000, "pages were reclaimed");
  for (const bool single_step : {false, true}) {
    setting.single_step = single_step;
    setting.visit_exhausted = !single_step;
    const Result slow = play(scripts, setting);
    RC_ASSERT(slow.error == "");
    RC_ASSERT(slow.hash == plain.hash);
    RC_ASSERT(slow.time == plain.time);
    RC_ASSERT(slow.kills == plain.kills);
    RC_ASSERT(slow.counters.pages_scanned == plain.counters.pages_scanned);
    RC_ASSERT(slow.counters.questions == plain.counters.questions);
  }
}

}  // namespace
}  // namespace brink::test
