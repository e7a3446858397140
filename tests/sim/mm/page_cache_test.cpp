// Files' pages: the index and its nodes, locks and I/O states, truncation, and references.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <map>

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

struct Rig {
  Rig() : m(spec()), files(m), cache(m.memory.cache()), mapping(files.mapping) {}
  static MachineSpec spec() {
    MachineSpec s;
    s.kswapd = false;
    return s;
  }
  void run(const std::function<void()>& body) {
    m.kernel([&, body] {
      body();
      mapping.truncate(0);
      EXPECT_EQ(m.memory.stat().of(PageKind::file), 0u);
      EXPECT_EQ(m.memory.stat().dirty + m.memory.stat().writeback, 0u);
      EXPECT_EQ(nodes(), 0u);
    });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
  std::uint64_t nodes() { return m.memory.slab_cache("radix_tree_node").objects_in_use(); }
  Pfn at(std::uint32_t index) { return mapping.find(index); }

  Machine m;
  FakeFiles files;
  PageCache& cache;
  FileMapping& mapping;
};

RC_GTEST_PROP(FileMapping, FindsWhatAPlainMapFinds, ()) {
  Rig r;
  bool right = true;
  const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(
      120, rc::gen::inRange<std::uint32_t>(0, 1u << 30));
  r.run([&] {
    std::map<std::uint32_t, std::pair<Pfn, bool>> model;  // page, dirty
    for (const std::uint32_t step : steps) {
      const std::uint32_t index = step / 8 % 700;
      const auto known = model.find(index);
      if (step % 8 < 5 && known == model.end()) {
        right = right && r.files.fill(index, 1, (step & 1) != 0);
        model[index] = {r.at(index), (step & 1) != 0};
      } else if (step % 8 == 5 && known != model.end()) {
        right =
            right && r.cache.clear_page_dirty_for_io(known->second.first) == known->second.second;
        known->second.second = false;
      } else if (step % 64 == 7) {
        r.mapping.truncate(index);
        model.erase(model.lower_bound(index), model.end());
      }
      right = right && r.mapping.pages() == model.size();
      const auto next = model.lower_bound(index);
      right =
          right && r.mapping.next(index) == (next == model.end() ? no_page : next->second.first);
      auto dirty = next;
      while (dirty != model.end() && !dirty->second.second) ++dirty;
      right = right &&
              r.mapping.next_dirty(index) == (dirty == model.end() ? no_page : dirty->second.first);
      std::map<std::uint32_t, int> leaves;
      for (const auto& [key, page] : model) leaves[key / 64] = 1;
      const bool lone = model.size() == 1 && model.begin()->first == 0;
      // A lone page 0 needs no node; it may have one that was made when it was not alone.
      right = right && r.nodes() <= leaves.size() && r.nodes() + (lone ? 1 : 0) >= leaves.size();
    }
  });
  RC_ASSERT(right);
}

TEST(FileMapping, RefusesASecondPageAndAPageWithoutANode) {
  Rig r;
  r.run([&] {
    EXPECT_TRUE(r.files.fill(0, 1, false));
    EXPECT_EQ(r.nodes(), 0u);
    const Pfn page = r.m.memory.alloc_pages(site::pc_read);
    EXPECT_EQ(r.mapping.add(page, 0, site::pc_node, GFP_KERNEL), -EEXIST);
    const Pages left = r.m.memory.free_pages();
    exhaust(r.m, 0, 0);
    EXPECT_EQ(r.mapping.add(page, 70, site::pc_node, GFP_NOWAIT), -ENOMEM);
    EXPECT_GT(left, 0u);
    EXPECT_EQ(r.mapping.pages(), 1u);
    EXPECT_EQ(r.nodes(), 0u);
    EXPECT_EQ(r.m.memory.page(page).kind, PageKind::kernel) << "still the caller's";
    r.m.memory.failures().settle_last(Fate::degraded);
    r.m.memory.free_pages(page, 0);
  });
  EXPECT_EQ(r.m.fate(site::pc_node, Fate::degraded), 1u);
}

TEST(PageCache, KeepsALockedPageToItsHolderUntilItIsUnlocked) {
  Rig r;
  std::vector<int> order;
  r.run([&] {
    EXPECT_TRUE(r.files.fill(0, 1, false));
    const Pfn page = r.at(0);
    r.cache.lock_page(page);
    Task* const me = &r.m.core.current();
    EXPECT_EQ(r.cache.lock_owner(page), me);
    EXPECT_FALSE(r.cache.trylock_page(page));
    Task& waiter = r.m.kernel([&] {
      r.cache.lock_page(page);
      order.push_back(2);
      r.m.core.sleep(1 * ms);
      r.cache.unlock_page(page);
    });
    Task& victim = r.m.kernel([&] {
      EXPECT_EQ(r.cache.lock_page_killable(page), -EINTR);
      order.push_back(1);
    });
    r.m.core.sleep(1 * ms);
    ASSERT_NE(waiter.wait, nullptr);
    EXPECT_EQ(waiter.wait->owner(), me) << "a quick walk finds the holder";
    EXPECT_EQ(waiter.wait->describe(), "lock of page 0 of a file");
    r.m.kill(victim.id);
    r.m.core.sleep(1 * ms);
    r.cache.unlock_page(page);
    EXPECT_EQ(r.cache.wait_on_page_locked(page), 0);
    r.m.core.sleep(5 * ms);
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(PageCache, LocksAPageThatIsReadUntilTheReadEnds) {
  Rig r;
  r.run([&] {
    const Pfn page = r.m.memory.alloc_pages(site::pc_read);
    EXPECT_EQ(r.mapping.add(page, 3, site::pc_node, GFP_KERNEL), 0);
    r.cache.start_read(page);
    EXPECT_EQ(r.cache.lock_owner(page), nullptr) << "no task holds it";
    r.m.core.at(
        r.m.core.now() + 2 * ms,
        [](void* c, std::uint64_t p) {
          static_cast<PageCache*>(c)->end_read(static_cast<Pfn>(p), 0);
        },
        &r.cache, page);
    const Nanos before = r.m.core.now();
    EXPECT_EQ(r.cache.wait_on_page_locked(page), 0);
    EXPECT_GE(r.m.core.now() - before, 2 * ms);
    EXPECT_TRUE(r.m.memory.page(page).has(PG_uptodate));
    r.cache.lock_page(page);
    r.cache.start_read(page);
    r.cache.end_read(page, -EIO);
    EXPECT_TRUE(r.m.memory.page(page).has(PG_error));
  });
}

TEST(PageCache, TruncatesAfterLocksAndWritebackHaveGone) {
  Rig r;
  r.run([&] {
    EXPECT_TRUE(r.files.fill(0, 10, true));
    r.files.delay = 30 * ms;
    const Pfn written = r.at(9), locked = r.at(8), kept = r.at(7);
    r.cache.lock_page(written);
    EXPECT_TRUE(r.cache.clear_page_dirty_for_io(written));
    static_cast<void>(r.files.writepage(r.mapping, written));
    r.cache.lock_page(locked);
    r.cache.pin(kept);
    r.cache.set_private(kept);
    Nanos took = 0;
    r.m.kernel([&] {
      const Nanos before = r.m.core.now();
      r.mapping.truncate(2);
      took = r.m.core.now() - before;
    });
    r.m.core.sleep(10 * ms);
    EXPECT_EQ(r.mapping.pages(), 4u) << "it waits at the locked one";
    r.cache.unlock_page(locked);
    r.m.core.sleep(100 * ms);
    EXPECT_GE(took, 29 * ms);
    EXPECT_EQ(r.mapping.pages(), 2u);
    EXPECT_EQ(r.m.memory.stat().dirty, 2u);
    EXPECT_EQ(r.files.invalidated, 1u);
    EXPECT_EQ(r.files.freed_pages, 8u);
    // Whoever has it pinned has a page without a file, which is nobody's to write.
    EXPECT_EQ(r.m.memory.stat().of(PageKind::file), 3u);
    r.cache.set_page_dirty(kept);
    EXPECT_FALSE(r.m.memory.page(kept).has(PG_dirty));
    EXPECT_EQ(r.m.memory.check(), "");
    r.cache.unpin(kept);
    EXPECT_EQ(r.m.memory.stat().of(PageKind::file), 2u);
  });
}

TEST(PageCache, HasOneErrorToTell) {
  Rig r;
  r.run([&] {
    r.mapping.set_error(-EIO);
    EXPECT_EQ(r.mapping.error(), -EIO);
    EXPECT_EQ(r.mapping.take_error(), -EIO);
    EXPECT_EQ(r.mapping.take_error(), 0);
  });
}

}  // namespace
}  // namespace brink::test
