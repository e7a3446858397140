// Zone sizes, watermarks and reserves against the worked tables, and the test itself.

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/mm/zone.hpp"

namespace brink {
namespace {

struct Box {
  explicit Box(std::uint64_t bytes, Rules r = {})
      : rules(r), map(bytes / page_size), zones(map, {.pages = bytes / page_size}, rules) {}
  Rules rules;
  PageMap map;
  Zones zones;
};

TEST(MinFree, FollowsTheSquareRootOfMemoryWithinItsBounds) {
  const std::pair<std::uint64_t, std::uint64_t> table[] = {
      {64, 1024},   {100, 1280},  {128, 1448},  {256, 2048},   {384, 2508},    {512, 2896},
      {1024, 4096}, {2048, 5792}, {4096, 8192}, {8192, 11585}, {16384, 16384}, {65536, 32768}};
  for (const auto& [mib, kib] : table) {
    EXPECT_EQ(min_free_kbytes(mib * MiB / page_size, 65'536), kib) << mib;
  }
  EXPECT_EQ(min_free_kbytes(GiB * 1024 / page_size, 65'536), 65'536u);
  EXPECT_EQ(min_free_kbytes(GiB * 1024 / page_size, 262'144), 131'072u);
  EXPECT_EQ(min_free_kbytes(1, 65'536), 128u);
}

TEST(Marks, AreThoseOfTheWorkedMachines) {
  struct Row {
    std::uint64_t mib;
    ZoneType zone;
    Pages pages, min, low, high;
  };
  const Row rows[] = {
      {512, ZoneType::dma, 4096, 22, 27, 33},
      {512, ZoneType::dma32, 126'976, 701, 876, 1051},
      {384, ZoneType::dma32, 94'208, 600, 750, 900},
      {100, ZoneType::dma32, 21'504, 268, 335, 402},
      {2048, ZoneType::dma32, 520'192, 1436, 1795, 2154},
  };
  for (const Row& row : rows) {
    Box box(row.mib * MiB);
    const Zone& zone = box.zones[row.zone];
    EXPECT_EQ(zone.managed, row.pages);
    EXPECT_EQ(zone.watermark(Watermark::min), row.min) << row.mib;
    EXPECT_EQ(zone.watermark(Watermark::low), row.low) << row.mib;
    EXPECT_EQ(zone.watermark(Watermark::high), row.high) << row.mib;
  }
}

TEST(Marks, OfSixteenGibibytesLeaveNormalItsShare) {
  Box box(16 * GiB);
  // Without the hole below 4 GiB, NORMAL has 12 GiB.
  EXPECT_EQ(box.zones[ZoneType::normal].managed, 3'145'728u);
  EXPECT_EQ(box.zones[ZoneType::normal].watermark(Watermark::min), 3072u);
  EXPECT_EQ(box.zones[ZoneType::dma32].managed, 1'044'480u);
}

TEST(LowmemReserve, KeepsDmaFromRequestsThatCouldUseMore) {
  Box box(512 * MiB);
  const Zone& dma = box.zones[ZoneType::dma];
  EXPECT_EQ(dma.lowmem_reserve[static_cast<std::size_t>(ZoneType::dma32)], 496u);
  EXPECT_EQ(dma.lowmem_reserve[static_cast<std::size_t>(ZoneType::dma)], 0u);
  EXPECT_EQ(box.zones.preferred(GFP_KERNEL).type, ZoneType::dma32);
  EXPECT_EQ(box.zones.preferred(GFP_KERNEL | Gfp::dma).type, ZoneType::dma);
}

/// Leaves the DMA32 zone of a box with exactly `left` free pages, in order-0 blocks as far as it
/// can.
void drain(Box& box, Pages left) {
  Zone& zone = box.zones[ZoneType::dma32];
  while (zone.free() > left) {
    unsigned order = max_order;
    while ((Pages{1} << order) > zone.free() - left) --order;
    while (zone.buddy.alloc(order, Migrate::movable) == no_page) --order;
  }
}

bool ok(const Box& box, unsigned order, Watermark mark, unsigned flags) {
  const Zone& zone = box.zones.all()[1];
  return zone.watermark_ok(order, zone.watermark(mark), ZoneType::dma32, flags,
                           box.rules.high_order_mark);
}

TEST(WatermarkTest, GivesEachRightItsPartOfTheReserve) {
  struct Row {
    unsigned flags;
    Pages limit;  // must be exceeded
  };
  const Row rows[] = {{0, 701},
                      {ALLOC_HIGH, 351},
                      {ALLOC_HARDER, 526},
                      {ALLOC_HIGH | ALLOC_HARDER, 264},
                      {ALLOC_OOM, 351}};
  for (const Row& row : rows) {
    Box box(512 * MiB);
    drain(box, row.limit + 1);
    EXPECT_TRUE(ok(box, 0, Watermark::min, row.flags)) << row.flags;
    drain(box, row.limit);
    EXPECT_FALSE(ok(box, 0, Watermark::min, row.flags)) << row.flags;
  }
}

/// A zone that has `blocks` free blocks of an order, none larger, and 2,000 pages in blocks of each
/// smaller order, so that only the last step of the test can fail.
void fragment(Box& box, unsigned order, Pages blocks) {
  Zone& zone = box.zones[ZoneType::dma32];
  Pfn at = zone.begin;
  while (zone.buddy.alloc(0, Migrate::movable) != no_page) {
  }
  const auto free_blocks = [&](unsigned o, Pages count) {
    // Every other block, at places where blocks of this order may lie.
    at = (at + 1023) & ~Pfn{1023};
    for (Pages i = 0; i < count; ++i, at += Pfn{2} << o) {
      for (Pfn p = at; p < at + (Pfn{1} << o); ++p) zone.buddy.free(p, 0);
    }
  };
  for (unsigned o = 0; o < order; ++o) free_blocks(o, 2000 >> o);
  free_blocks(order, blocks);
}

TEST(WatermarkTest, NeedsTwoLargeBlocksWhereTheMarkHalves) {
  // 512 MiB: one order-5 block does not do for an atomic request, nor one order-7 block for KERNEL.
  const unsigned atomic = ALLOC_HIGH | ALLOC_HARDER;
  for (const auto& [order, flags] : {std::pair{5u, atomic}, std::pair{7u, 0u}}) {
    Box one(512 * MiB), two(512 * MiB);
    fragment(one, order, 1);
    fragment(two, order, 2);
    EXPECT_FALSE(ok(one, order, Watermark::min, flags)) << order;
    EXPECT_TRUE(ok(two, order, Watermark::min, flags)) << order;
  }
}

TEST(WatermarkTest, IsContentWithOneBlockWhereTheRuleSaysSo) {
  Rules rules;
  rules.high_order_mark = Rules::HighOrderMark::free_block;
  Box box(512 * MiB, rules);
  fragment(box, 7, 1);
  EXPECT_TRUE(ok(box, 7, Watermark::min, 0));
  EXPECT_FALSE(ok(box, 8, Watermark::min, 0));
}

TEST(WatermarkTest, CountsTheResidueOfAnOrderTwoRequest) {
  // More than 175 pages in blocks of order 2 or more, after subtracting 3: 179.
  Box box(512 * MiB);
  fragment(box, 2, 44);  // 176 pages
  EXPECT_FALSE(ok(box, 2, Watermark::min, 0));
  Box more(512 * MiB);
  fragment(more, 2, 45);  // 180 pages
  EXPECT_TRUE(ok(more, 2, Watermark::min, 0));
}

TEST(WatermarkTest, CountsTheResidueOfAnAtomicOrderTwoRequest) {
  // 66 pages after subtracting 3 do not do: 17 blocks leave 65, 18 leave 69.
  const unsigned atomic = ALLOC_HIGH | ALLOC_HARDER;
  for (const auto& [blocks, enough] : {std::pair{17u, false}, std::pair{18u, true}}) {
    Box box(512 * MiB);
    fragment(box, 2, blocks);
    EXPECT_EQ(ok(box, 2, Watermark::min, atomic), enough) << blocks;
    EXPECT_FALSE(ok(box, 2, Watermark::min, 0));
  }
  // Its first step: more than 264 pages after subtracting 3, however large the blocks are.
  for (const auto& [left, enough] : {std::pair{267u, false}, std::pair{268u, true}}) {
    Box box(512 * MiB);
    drain(box, left);
    EXPECT_EQ(ok(box, 2, Watermark::min, atomic), enough) << left;
  }
  // Its second: more than 132 in blocks of order 1 or more, though 66 would do of order 2: 33
  // blocks leave 129, 34 leave 133.
  for (const auto& [blocks, enough] : {std::pair{33u, false}, std::pair{34u, true}}) {
    Box box(512 * MiB);
    fragment(box, 1, 0);
    Zone& zone = box.zones[ZoneType::dma32];
    for (Pfn pfn = zone.begin + 65'536; pfn < zone.begin + 65'536 + 8 * blocks; pfn += 8) {
      for (Pfn p = pfn; p < pfn + 4; ++p) zone.buddy.free(p, 0);
    }
    EXPECT_EQ(ok(box, 2, Watermark::min, atomic), enough) << blocks;
  }
}

TEST(WatermarkTest, OfASmallerMachineNeedsTwoLargeBlocksAsWell) {
  for (const Pages blocks : {Pages{1}, Pages{2}}) {
    Box box(384 * MiB);
    fragment(box, 7, blocks);
    EXPECT_EQ(ok(box, 7, Watermark::min, 0), blocks == 2);
  }
  // One block of the next order does too.
  Box box(512 * MiB);
  fragment(box, 8, 1);
  EXPECT_TRUE(ok(box, 7, Watermark::min, 0));
}

TEST(Zones, OfATebibyteAreMadeWithoutTouchingTheirPages) {
  for (int i = 0; i < 1000; ++i) {
    Box box(1024 * GiB);
    ASSERT_EQ(box.zones.free(), 1024 * GiB / page_size);
    Zone& zone = box.zones[ZoneType::normal];
    ASSERT_NE(zone.buddy.alloc(0, Migrate::movable), no_page);
  }
}

}  // namespace
}  // namespace brink
