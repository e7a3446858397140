// Pairing against a naive model that remembers every page on its own.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "programs/trace/pairing.hpp"

namespace brink {
namespace {

using Ids = std::vector<std::uint32_t>;

TEST(TracePairing, FindsObjectsByPointerUntilTheyAreFreed) {
  TracePairing pairing;
  Ids lost;
  EXPECT_EQ(pairing.object(0x10, lost), 0u);
  EXPECT_EQ(pairing.object(0x20, lost), 1u);
  EXPECT_EQ(pairing.free_object(0x10).freed, Ids{0});
  EXPECT_FALSE(pairing.free_object(0x10).any);
  EXPECT_TRUE(lost.empty());
  EXPECT_EQ(pairing.object(0x20, lost), 2u);
  EXPECT_EQ(lost, Ids{1}) << "seen again without a free";
  EXPECT_EQ(pairing.free_object(0x20).freed, Ids{2});
  EXPECT_EQ(pairing.object(0, lost), 3u);
  EXPECT_EQ(pairing.object(0, lost), 4u);
  EXPECT_EQ(lost, Ids{1}) << "requests that failed are not at the same place";
}

TEST(TracePairing, FreesABlockWithItsLastPart) {
  TracePairing pairing;
  Ids lost;
  pairing.pages(0x100, 2, lost);
  EXPECT_TRUE(pairing.free_pages(0x101, 0).any);
  EXPECT_TRUE(pairing.free_pages(0x101, 0).freed.empty());
  EXPECT_FALSE(pairing.free_pages(0x101, 0).any);
  EXPECT_TRUE(pairing.free_pages(0x102, 1).freed.empty());
  EXPECT_EQ(pairing.free_pages(0x100, 0).freed, Ids{0});
  pairing.pages(0x200, 0, lost);
  pairing.pages(0x201, 0, lost);
  EXPECT_EQ(pairing.free_pages(0x200, 1).freed, (Ids{1, 2}));
  EXPECT_TRUE(lost.empty());
}

TEST(TracePairing, TakesABlockForFreedWhenAnyOfItIsGivenOutAgain) {
  TracePairing pairing;
  Ids lost;
  pairing.pages(0x100, 2, lost);
  pairing.pages(0x103, 0, lost);
  EXPECT_EQ(lost, Ids{0});
  EXPECT_FALSE(pairing.free_pages(0x100, 0).any);
  EXPECT_EQ(pairing.free_pages(0x103, 0).freed, Ids{1});
}

/// One page, one entry.
struct Naive {
  std::map<std::uint64_t, std::uint32_t> pages;
  std::uint32_t allocations = 0;

  std::set<std::uint32_t> allocate(std::uint64_t pfn, unsigned order) {
    std::set<std::uint32_t> lost;
    for (std::uint64_t page = pfn; page < pfn + (1u << order); ++page) {
      if (pages.contains(page)) lost.insert(pages[page]);
    }
    std::erase_if(pages, [&](const auto& entry) { return lost.contains(entry.second); });
    for (std::uint64_t page = pfn; page < pfn + (1u << order); ++page) pages[page] = allocations;
    ++allocations;
    return lost;
  }
  std::set<std::uint32_t> free(std::uint64_t pfn, unsigned order) {
    std::set<std::uint32_t> touched;
    for (std::uint64_t page = pfn; page < pfn + (1u << order); ++page) {
      if (pages.contains(page)) touched.insert(pages[page]);
      pages.erase(page);
    }
    for (const auto& [page, allocation] : pages) touched.erase(allocation);
    return touched;
  }
};

RC_GTEST_PROP(TracePairing, AgreesWithOneEntryAPage, ()) {
  TracePairing pairing;
  Naive naive;
  for (int i = 0; i < 60; ++i) {
    const unsigned order = *rc::gen::inRange(0u, 4u);
    const std::uint64_t pfn = *rc::gen::inRange(1u, 40u);
    if (*rc::gen::arbitrary<bool>()) {
      Ids lost;
      pairing.pages(pfn, order, lost);
      const std::set<std::uint32_t> expected = naive.allocate(pfn, order);
      RC_ASSERT(std::set<std::uint32_t>(lost.begin(), lost.end()) == expected);
      RC_ASSERT(lost.size() == expected.size());
    } else {
      const Ids freed = pairing.free_pages(pfn, order).freed;
      RC_ASSERT(std::set<std::uint32_t>(freed.begin(), freed.end()) == naive.free(pfn, order));
    }
  }
}

}  // namespace
}  // namespace brink
