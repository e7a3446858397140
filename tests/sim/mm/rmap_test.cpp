// Pages with several mappings: whatever is mapped, written, forked, unmapped, locked and reclaimed,
// the accounts agree, and there are as many pages as there are different contents.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "sim/mm/overcommit.hpp"
#include "sim/mm/rmap.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// One page's worth of memory: private contents are shared until somebody writes; -1: never
/// written.
struct Entry {
  int contents = -1;
  int shared = -1;  ///< object of a shared mapping; `contents` is its page then
  bool locked = false;
};

struct Space {
  std::unique_ptr<AddressSpace> mm;
  std::map<std::uint64_t, Entry> pages;  ///< by virtual page
};

class Model {
 public:
  Model(Machine& machine, std::uint64_t seed, bool locking)
      : m(machine), random(seed, 1), locks(locking) {
    spaces.push_back({std::make_unique<AddressSpace>(m.memory), {}});
  }

  void step() {
    Space& s = spaces[random.below(spaces.size())];
    switch (random.below(9)) {
      case 0: return map(s, false);
      case 1: return map(s, true);
      case 2: return unmap(s);
      case 3: return fork(s);
      case 4: return lock(s);
      case 5: return move(s);
      case 6:
        if (spaces.size() > 1) return end(random.below(spaces.size()));
        return;
      default: return touch(s, random.chance(700'000));
    }
  }
  void finish() {
    while (!spaces.empty()) end(0);
  }

  std::string wrong() {
    if (std::string error = m.memory.check(); !error.empty()) return error;
    std::set<int> contents;
    std::set<std::pair<int, int>> shared;
    Pages promised = 0;
    std::map<int, Pages> objects;
    for (const Space& s : spaces) {
      for (const auto& [vpn, entry] : s.pages) {
        if (entry.shared >= 0) objects[entry.shared] = sizes[entry.shared];
        promised += entry.shared < 0 ? 1 : 0;
        if (entry.shared < 0 && entry.contents >= 0) contents.insert(entry.contents);
      }
      if (s.mm->total_vm() != s.pages.size()) return "total_vm";
    }
    for (const auto& [object, pages] : objects) promised += pages;
    if (promised != m.memory.overcommit().committed()) return "promises";
    if (m.memory.config().swap != 0) return {};
    for (const auto& [key, page] : written) {
      if (objects.contains(key.first)) shared.insert(key);
    }
    if (m.memory.stat().of(PageKind::shmem) != shared.size()) return "shared pages";
    return m.memory.stat().of(PageKind::anon) == contents.size() ? "" : "private pages";
  }

  Machine& m;
  Random random;
  std::vector<Space> spaces;
  const bool locks;

 private:
  void forget(const Entry& entry) {
    if (entry.shared < 0 && entry.contents >= 0) --users[entry.contents];
  }
  void map(Space& s, bool shared) {
    const std::uint64_t pages = 1 + random.below(700);
    const std::int64_t at = s.mm->mmap({.bytes = pages * page_size, .shared = shared}, nullptr);
    if (at < 0) return;
    const int object = shared ? ++made : -1;
    if (shared) sizes[object] = pages;
    for (std::uint64_t i = 0; i < pages; ++i) {
      s.pages[static_cast<Address>(at) / page_size + i] = {shared ? static_cast<int>(i) : -1,
                                                           object};
    }
  }
  /// A stretch of mapped pages, not always all of an area.
  std::pair<std::uint64_t, std::uint64_t> stretch(const Space& s) {
    if (s.pages.empty()) return {0, 0};
    auto at = s.pages.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(s.pages.size())));
    const std::uint64_t begin = at->first, most = 1 + random.below(300);
    std::uint64_t pages = 1;
    while (pages < most && s.pages.contains(begin + pages)) ++pages;
    return {begin, pages};
  }
  void unmap(Space& s) {
    const auto [begin, pages] = stretch(s);
    if (pages == 0 || s.mm->munmap(begin * page_size, pages * page_size) != 0) return;
    for (std::uint64_t i = 0; i < pages; ++i) {
      forget(s.pages[begin + i]);
      s.pages.erase(begin + i);
    }
  }
  void touch(Space& s, bool write) {
    const auto [begin, pages] = stretch(s);
    if (pages == 0) return;
    const Address at = begin * page_size;
    const Access result =
        write ? s.mm->touch(at, pages * page_size) : s.mm->read(at, pages * page_size);
    RC_ASSERT(result == Access::done);
    for (std::uint64_t i = 0; i < pages; ++i) note(s.pages[begin + i], write);
  }
  void note(Entry& entry, bool write) {
    if (entry.shared >= 0) {
      written[{entry.shared, entry.contents}] = true;  // Even a read takes a page of zeroes.
    } else if (write && (entry.contents < 0 || users[entry.contents] > 1)) {
      forget(entry);
      entry.contents = ++made;
      users[made] = 1;
    }
  }
  void fork(Space& parent) {
    if (spaces.size() >= 5) return;
    auto mm = std::make_unique<AddressSpace>(m.memory);
    RC_ASSERT(mm->copy_from(*parent.mm) == 0);
    std::map<std::uint64_t, Entry> pages = parent.pages;
    for (auto& [vpn, entry] : pages) {
      entry.locked = false;
      if (entry.shared < 0 && entry.contents >= 0) ++users[entry.contents];
    }
    spaces.push_back({std::move(mm), std::move(pages)});
  }
  void lock(Space& s) {
    const auto [begin, pages] = stretch(s);
    if (pages == 0 || !locks) return;
    const Address at = begin * page_size;
    const bool lock = random.chance(500'000);
    RC_ASSERT((lock ? s.mm->mlock(at, pages * page_size) : s.mm->munlock(at, pages * page_size)) ==
              0);
    for (std::uint64_t i = 0; i < pages; ++i) {
      s.pages[begin + i].locked = lock;
      if (lock) note(s.pages[begin + i], true);
    }
  }
  void move(Space& s) {
    const auto [begin, pages] = stretch(s);
    if (pages == 0) return;
    // Beyond its end, a shared file has nothing.
    const bool grows = s.pages[begin].shared < 0 && s.pages[begin + pages - 1].shared < 0;
    const std::uint64_t to_pages = 1 + random.below(grows ? 2 * pages : pages);
    const std::int64_t at =
        s.mm->mremap(begin * page_size, pages * page_size, to_pages * page_size);
    if (at < 0) return;
    const std::uint64_t to = static_cast<Address>(at) / page_size;
    const Entry last = s.pages[begin + pages - 1];
    std::vector<Entry> moved;
    for (std::uint64_t i = 0; i < pages; ++i) {
      moved.push_back(s.pages[begin + i]);
      s.pages.erase(begin + i);
    }
    for (std::uint64_t i = 0; i < to_pages; ++i) {
      Entry entry = i < pages ? moved[i] : Entry{-1, last.shared, last.locked};
      // What is locked comes in when it grows.
      if (i >= pages && entry.locked) note(entry, true);
      s.pages[to + i] = entry;
    }
    for (std::uint64_t i = to_pages; i < pages; ++i) forget(moved[i]);
  }
  void end(std::size_t index) {
    for (const auto& [vpn, entry] : spaces[index].pages) forget(entry);
    spaces[index].mm->exit();
    spaces.erase(spaces.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::map<int, Pages> sizes;
  std::map<std::pair<int, int>, bool> written;
  std::map<int, int> users;  ///< of private contents
  int made = 0;
};

void random_life(std::uint64_t seed, std::uint64_t memory, std::uint64_t swap, int steps) {
  MachineSpec spec;
  spec.memory.memory = memory;
  spec.memory.swap = swap;
  spec.memory.overcommit = OvercommitMode::always;
  Machine m(std::move(spec));
  std::string wrong;
  m.kernel([&] {
    Model model(m, seed, swap == 0);
    for (int i = 0; i < steps && wrong.empty(); ++i) {
      model.step();
      if (i % 4 == 3) wrong = model.wrong();
    }
    model.finish();
  });
  m.core.run();
  RC_ASSERT(wrong == "");
  RC_ASSERT(m.memory.check() == "");
  RC_ASSERT(m.memory.stat().of(PageKind::anon) == 0u);
  RC_ASSERT(m.memory.stat().of(PageKind::shmem) == 0u);
  RC_ASSERT(m.memory.stat().of(PageKind::page_table) == 0u);
  RC_ASSERT(m.memory.stat().unevictable == 0u);
  RC_ASSERT(m.memory.overcommit().committed() == 0u);
  RC_ASSERT(m.memory.swap().map().free() == m.memory.swap().map().total());
  for (const auto& cache : m.memory.slab().caches()) {
    if (std::string(cache->name()) != "radix_tree_node") RC_ASSERT(cache->objects_in_use() == 0u);
  }
}

RC_GTEST_PROP(Rmap, HasAsManyPagesAsContents, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  random_life(seed, 256 * MiB, 0, 60);
}

RC_GTEST_PROP(Rmap, AccountsForPagesThatComeAndGo, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  random_life(seed, 16 * MiB, 128 * MiB, 60);
}

TEST(Rmap, ReclaimTakesAPageOutOfEveryProcessThatSharesIt) {
  MachineSpec spec;
  spec.memory.memory = 16 * MiB;
  spec.memory.swap = 64 * MiB;
  Machine m(std::move(spec));
  m.kernel([&] {
    AddressSpace parent(m.memory), child(m.memory), hog(m.memory);
    const auto at = static_cast<Address>(parent.mmap_anonymous(2 * MiB));
    EXPECT_EQ(parent.touch(at, 2 * MiB), Access::done);
    EXPECT_EQ(child.copy_from(parent), 0);
    EXPECT_EQ(child.rss(), 512u);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 512u) << "shared, not copied";
    const auto big = static_cast<Address>(hog.mmap_anonymous(14 * MiB));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(hog.touch(big, 14 * MiB), Access::done);
    EXPECT_GT(parent.swap_entries(), 200u);
    EXPECT_EQ(parent.swap_entries(), child.swap_entries());
    EXPECT_EQ(m.memory.check(), "");
    // A write after both were swapped out gives each its own.
    hog.exit();
    EXPECT_EQ(child.touch(at, 2 * MiB), Access::done);
    EXPECT_EQ(parent.touch(at, 2 * MiB), Access::done);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 1024u);
    EXPECT_EQ(m.memory.check(), "");
    parent.exit();
    child.exit();
  });
  m.core.run();
  EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u);
}

TEST(Rmap, TheLastOwnerWritesWithoutACopy) {
  Machine m(MachineSpec{});
  m.kernel([&] {
    AddressSpace parent(m.memory), child(m.memory);
    const auto at = static_cast<Address>(parent.mmap_anonymous(64 * KiB));
    EXPECT_EQ(parent.touch(at, 64 * KiB), Access::done);
    EXPECT_EQ(child.copy_from(parent), 0);
    EXPECT_EQ(child.touch(at, 4 * KiB), Access::done);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 17u);
    parent.exit();
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 16u);
    EXPECT_EQ(child.touch(at, 64 * KiB), Access::done);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 16u);
    child.exit();
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

}  // namespace
}  // namespace brink::test
