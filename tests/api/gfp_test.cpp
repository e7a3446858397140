// Masks as text: what Linux 6.18 prints, what older kernels printed, and that neither loses a bit.

#include "brink/gfp.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brink {
namespace {

constexpr std::uint32_t all_bits = (1u << 24) - 1;

/// Each mask that `kmem:*` events of a real Linux 6.18 showed (three recorded workloads).
constexpr const char* recorded[] = {
    "GFP_ATOMIC",
    "GFP_ATOMIC|__GFP_NOWARN",
    "GFP_ATOMIC|__GFP_NOWARN|__GFP_NOMEMALLOC",
    "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_NOMEMALLOC",
    "GFP_ATOMIC|__GFP_ZERO|__GFP_COMP",
    "GFP_HIGHUSER_MOVABLE|__GFP_COMP",
    "GFP_HIGHUSER_MOVABLE|__GFP_WRITE|__GFP_COMP",
    "GFP_HIGHUSER_MOVABLE|__GFP_WRITE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP",
    "GFP_HIGHUSER|__GFP_ACCOUNT",
    "GFP_KERNEL",
    "GFP_KERNEL_ACCOUNT",
    "GFP_KERNEL_ACCOUNT|__GFP_RECLAIMABLE",
    "GFP_KERNEL_ACCOUNT|__GFP_ZERO",
    "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP",
    "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOWARN",
    "GFP_KERNEL|__GFP_NOWARN|__GFP_NOMEMALLOC",
    "GFP_KERNEL|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_KERNEL|__GFP_RECLAIMABLE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_KERNEL|__GFP_ZERO",
    "GFP_KERNEL|__GFP_ZERO|__GFP_COMP",
    "GFP_NOFS",
    "GFP_NOFS|__GFP_COMP",
    "GFP_NOFS|__GFP_HIGHMEM|__GFP_MOVABLE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_HARDWALL",
    "GFP_NOFS|__GFP_MOVABLE|__GFP_NOFAIL|__GFP_COMP|__GFP_HARDWALL",
    "GFP_NOFS|__GFP_MOVABLE|__GFP_ZERO|__GFP_NOFAIL|__GFP_HARDWALL|__GFP_ACCOUNT",
    "GFP_NOFS|__GFP_NOFAIL",
    "GFP_NOFS|__GFP_NOFAIL|__GFP_COMP",
    "GFP_NOFS|__GFP_NOFAIL|__GFP_COMP|__GFP_HARDWALL",
    "GFP_NOFS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_NOFS|__GFP_ZERO",
    "GFP_NOFS|__GFP_ZERO|__GFP_COMP",
    "GFP_NOFS|__GFP_ZERO|__GFP_NOFAIL",
    "GFP_NOFS|__GFP_ZERO|__GFP_NOFAIL|__GFP_ACCOUNT",
    "GFP_NOFS|__GFP_ZERO|__GFP_NOFAIL|__GFP_HARDWALL|__GFP_ACCOUNT",
    "GFP_NOWAIT",
    "GFP_NOWAIT|__GFP_ACCOUNT",
    "GFP_NOWAIT|__GFP_COMP",
    "GFP_NOWAIT|__GFP_FS|__GFP_NORETRY|__GFP_NOMEMALLOC",
    "GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NORETRY",
    "GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NORETRY|__GFP_COMP",
    "GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NORETRY|__GFP_NOMEMALLOC",
    "GFP_NOWAIT|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
    "GFP_NOWAIT|__GFP_NORETRY|__GFP_COMP|__GFP_THISNODE",
    "GFP_NOWAIT|__GFP_NORETRY|__GFP_NOMEMALLOC",
    "GFP_NOWAIT|__GFP_RECLAIMABLE|__GFP_NORETRY|__GFP_COMP",
    "GFP_NOWAIT|__GFP_ZERO",
    "GFP_NOWAIT|__GFP_ZERO|__GFP_ACCOUNT",
    "__GFP_IO|__GFP_FS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
    "__GFP_RECLAIMABLE|__GFP_IO|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
};

Gfp parsed(std::string_view text, const std::string& expected_unknown = "") {
  Gfp gfp = Gfp::none;
  std::string unknown = "untouched";
  EXPECT_TRUE(parse_gfp(text, gfp, &unknown)) << text;
  EXPECT_EQ(unknown, expected_unknown) << text;
  return gfp;
}

TEST(GfpText, NamesCompositesBeforeBits) {
  EXPECT_EQ(gfp_text(GFP_KERNEL | Gfp::zero), "GFP_KERNEL|__GFP_ZERO");
  EXPECT_EQ(gfp_text(GFP_USER), "GFP_USER");
  EXPECT_EQ(gfp_text(GFP_HIGHUSER_MOVABLE), "GFP_HIGHUSER_MOVABLE");
  EXPECT_EQ(gfp_text(GFP_KERNEL | Gfp::account | Gfp::comp), "GFP_KERNEL_ACCOUNT|__GFP_COMP");
  EXPECT_EQ(gfp_text(GFP_NOFS | Gfp::nofail | Gfp::zero), "GFP_NOFS|__GFP_ZERO|__GFP_NOFAIL");
  EXPECT_EQ(gfp_text(Gfp::io), "__GFP_IO");
  EXPECT_EQ(gfp_text(Gfp::direct_reclaim), "__GFP_DIRECT_RECLAIM");
  EXPECT_EQ(gfp_text(GFP_ATOMIC & ~Gfp::kswapd_reclaim), "__GFP_HIGH|__GFP_ATOMIC");
  EXPECT_EQ(gfp_text(Gfp::dma | Gfp::dma32), "GFP_DMA|GFP_DMA32");
  EXPECT_EQ(gfp_text(Gfp::none), "none");
}

TEST(GfpText, IsWhatAReal618Printed) {
  for (const char* text : recorded) EXPECT_EQ(gfp_text(parsed(text)), text);
}

RC_GTEST_PROP(GfpText, LosesNoBit, ()) {
  const auto gfp = static_cast<Gfp>(*rc::gen::inRange<std::uint32_t>(0, all_bits + 1));
  Gfp back = Gfp::none;
  std::string unknown;
  RC_ASSERT(parse_gfp(gfp_text(gfp), back, &unknown));
  RC_ASSERT(back == gfp);
  RC_ASSERT(unknown.empty());
}

TEST(ParseGfp, KnowsTheCompositesOf6x) {
  EXPECT_EQ(parsed("GFP_KERNEL"), GFP_KERNEL);
  EXPECT_EQ(parsed("GFP_USER"), GFP_USER);
  EXPECT_EQ(parsed("GFP_NOIO|__GFP_COLD"), GFP_NOIO | Gfp::cold);
  EXPECT_EQ(parsed("GFP_KERNEL_ACCOUNT"), GFP_KERNEL | Gfp::account);
  EXPECT_EQ(parsed("__GFP_RECLAIM"), Gfp::direct_reclaim | Gfp::kswapd_reclaim);
  const Gfp light = Gfp::io | Gfp::fs | Gfp::hardwall | Gfp::highmem | Gfp::movable | Gfp::comp |
                    Gfp::nomemalloc | Gfp::nowarn;
  EXPECT_EQ(parsed("GFP_TRANSHUGE_LIGHT"), light);
  EXPECT_EQ(parsed("GFP_TRANSHUGE"), light | Gfp::direct_reclaim);
  EXPECT_EQ(parsed("none"), Gfp::none);
}

TEST(ParseGfp, GivesRequestsBefore44WhatTheyImplied) {
  // Every request woke kswapd, so that bit had no name, and single bits had no underscores.
  EXPECT_EQ(parsed("GFP_WAIT|GFP_IO"), GFP_NOFS);
  EXPECT_EQ(parsed("__GFP_WAIT"), GFP_NOIO);
  EXPECT_EQ(parsed("GFP_NOFS|GFP_ZERO"), GFP_NOFS | Gfp::zero);
  EXPECT_EQ(parsed("GFP_NOWARN|GFP_NORETRY"), GFP_NOWAIT | Gfp::nowarn | Gfp::noretry);
  EXPECT_EQ(parsed("GFP_NOWAIT"), GFP_NOWAIT);
  EXPECT_EQ(parsed("GFP_KERNEL|GFP_REPEAT"), GFP_KERNEL | Gfp::retry_mayfail);
  EXPECT_EQ(parsed("GFP_KERNEL|__GFP_REPEAT"), GFP_KERNEL | Gfp::retry_mayfail);
  EXPECT_EQ(parsed("GFP_TEMPORARY"), GFP_KERNEL | Gfp::reclaimable);
  EXPECT_EQ(parsed("GFP_KERNEL|GFP_NO_KSWAPD"), GFP_KERNEL & ~Gfp::kswapd_reclaim);
  EXPECT_EQ(parsed("GFP_NOTRACK|GFP_THISNODE", "GFP_NOTRACK"), GFP_NOWAIT | Gfp::thisnode);
  const Gfp huge = parsed("GFP_TRANSHUGE|GFP_ZERO");
  EXPECT_TRUE(has(huge, Gfp::noretry | Gfp::zero | Gfp::direct_reclaim));
  EXPECT_FALSE(has(huge, Gfp::kswapd_reclaim));
}

TEST(ParseGfp, ImpliesNothingSince44) {
  EXPECT_EQ(parsed("__GFP_NOWARN|__GFP_NORETRY"), Gfp::nowarn | Gfp::noretry);
  EXPECT_EQ(parsed("GFP_IO|GFP_DIRECT_RECLAIM"), Gfp::io | Gfp::direct_reclaim);
  EXPECT_EQ(parsed("GFP_IO|GFP_KSWAPD_RECLAIM"), Gfp::io | Gfp::kswapd_reclaim);
}

TEST(ParseGfp, ReadsNumbers) {
  EXPECT_EQ(parsed("0xcc0"), GFP_KERNEL);
  EXPECT_EQ(parsed("0x140dca"), GFP_HIGHUSER_MOVABLE | Gfp::comp | Gfp::zero);
  EXPECT_EQ(parsed("0xa20"), GFP_ATOMIC);
  EXPECT_EQ(parsed("0x0"), Gfp::none);
  // What older kernels had no name for, as they numbered it: __GFP_FS and __GFP_WRITE.
  EXPECT_EQ(parsed("GFP_IO|0x1000080"), GFP_NOWAIT | Gfp::io | Gfp::fs | Gfp::write);
  EXPECT_EQ(parsed("__GFP_IO|0x80"), Gfp::io | Gfp::fs);
  EXPECT_EQ(parsed("0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO)"), parsed("0x140dca"));
}

TEST(ParseGfp, ListsWhatMeansNothingToTheModel) {
  EXPECT_EQ(parsed("GFP_KERNEL|__GFP_NOTRACK|__GFP_OTHER_NODE", "__GFP_NOTRACK|__GFP_OTHER_NODE"),
            GFP_KERNEL);
  EXPECT_EQ(parsed("GFP_KERNEL|0x8000000", "0x8000000"), GFP_KERNEL);
  EXPECT_EQ(parsed("__GFP_IO|__GFP_ZEROTAGS|0x1000000", "__GFP_ZEROTAGS|0x1000000"), Gfp::io);
}

TEST(ParseGfp, RefusesWhatIsNoMask) {
  Gfp gfp = GFP_NOIO;
  for (const char* text : {"", " ", "kernel", "GFP_KERNEL|", "|", "GFP_", "gfp_kernel", "0x", "0xg",
                           "0x1ffffffff", "GFP_KERNEL GFP_IO", "GFP_kernel", "12", "(", ")"}) {
    EXPECT_FALSE(parse_gfp(text, gfp)) << text;
  }
  EXPECT_EQ(gfp, GFP_NOIO) << "a refused text must leave the mask alone";
}

TEST(GfpClass, FollowsWhatReclaimMayDo) {
  EXPECT_STREQ(name(gfp_class(GFP_NOWAIT)), "nowait");
  EXPECT_STREQ(name(gfp_class(GFP_ATOMIC)), "atomic");
  EXPECT_STREQ(name(gfp_class(GFP_NOIO)), "noio");
  EXPECT_STREQ(name(gfp_class(GFP_NOFS)), "nofs");
  EXPECT_STREQ(name(gfp_class(GFP_HIGHUSER_MOVABLE)), "kernel");
}

}  // namespace
}  // namespace brink
