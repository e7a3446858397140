// Random streams: the published vectors of Philox4x64-10, what is key and what is counter, and the
// integer distribution's bounds and evenness.

#include "brink/random.hpp"

#include <Random123/philox.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace brink {
namespace {

using Block = std::array<std::uint64_t, 4>;

/// Philox4x64-10 once more, from the paper (Salmon et al., SC 2011) and not from the library.
Block philox(Block counter, std::array<std::uint64_t, 2> key) {
  __extension__ using Wide = unsigned __int128;
  for (int round = 0; round < 10; ++round) {
    const Wide a = Wide{0xD2E7470EE14C6C93} * counter[0];
    const Wide b = Wide{0xCA5A826395121157} * counter[2];
    counter = {
        static_cast<std::uint64_t>(b >> 64) ^ counter[1] ^ key[0], static_cast<std::uint64_t>(b),
        static_cast<std::uint64_t>(a >> 64) ^ counter[3] ^ key[1], static_cast<std::uint64_t>(a)};
    key[0] += 0x9E3779B97F4A7C15;
    key[1] += 0xBB67AE8584CAA73B;
  }
  return counter;
}

struct Vector {
  Block counter;
  std::array<std::uint64_t, 2> key;
  Block answer;
};

constexpr std::uint64_t ones = ~std::uint64_t{0};

/// The lines `philox4x64 10` of Random123's kat_vectors.
constexpr std::array<Vector, 3> known = {{
    {{0, 0, 0, 0},
     {0, 0},
     {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
    {{ones, ones, ones, ones},
     {ones, ones},
     {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
    {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
     {0x452821e638d01377, 0xbe5466cf34e90c6c},
     {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
}};

TEST(Philox, GivesTheKnownAnswers) {
  for (const Vector& vector : known) {
    EXPECT_EQ(philox(vector.counter, vector.key), vector.answer);
    const r123::Philox4x64::ctr_type counter = {
        {vector.counter[0], vector.counter[1], vector.counter[2], vector.counter[3]}};
    const auto bits = r123::Philox4x64()(counter, {{vector.key[0], vector.key[1]}});
    EXPECT_TRUE(std::equal(vector.answer.begin(), vector.answer.end(), bits.begin()));
  }
}

TEST(Random, StartsWithTheFirstKnownAnswer) {
  Random random(0, 0);
  for (const std::uint64_t bits : known[0].answer) EXPECT_EQ(random.next(), bits);
}

RC_GTEST_PROP(Random, IsKeyedBySeedAndCountsBlocksOfItsStream,
              (std::uint64_t seed, std::uint64_t stream)) {
  Random random(seed, stream);
  for (std::uint64_t block = 0; block < 3; ++block) {
    for (const std::uint64_t bits : philox({block, stream, 0, 0}, {seed, 0})) {
      RC_ASSERT(random.next() == bits);
    }
  }
}

TEST(Random, StreamsDoNotMoveEachOther) {
  Random alone(7, stream_id("mm"));
  Random beside(7, stream_id("mm"));
  Random other(7, stream_id("mm", 1));
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t bits = alone.next();
    for (int extra = i % 3; extra > 0; --extra) seen.insert(other.next());
    EXPECT_EQ(beside.next(), bits);
    EXPECT_TRUE(seen.insert(bits).second) << "two streams share a block";
  }
}

TEST(Random, StreamNumbersAreFixedForever) {
  EXPECT_EQ(stream_id(""), 0xa8c7f832281a39c5u);
  EXPECT_EQ(stream_id("task", 3), 0xa844e418dc5f722fu);
  std::set<StreamId> ids;
  for (const char* name : {"a", "b", "sched", "mm", "fault"}) {
    for (std::uint64_t i = 0; i < 200; ++i) EXPECT_TRUE(ids.insert(stream_id(name, i)).second);
  }
}

RC_GTEST_PROP(Random, BelowStaysBelow, (std::uint64_t seed, std::uint64_t bound)) {
  const std::uint64_t n = bound == 0 ? 1 : bound;
  Random random(seed, 1);
  for (int i = 0; i < 20; ++i) RC_ASSERT(random.below(n) < n);
  RC_ASSERT(random.below(1) == 0);
  RC_ASSERT(random.below(ones) < ones);
}

TEST(Random, BelowIsEven) {
  for (const std::uint64_t n : {2, 3, 7, 10, 100}) {
    constexpr int draws = 100'000;
    Random random(42, n);
    std::vector<int> counts(n);
    for (int i = 0; i < draws; ++i) ++counts[random.below(n)];
    const double expected = static_cast<double>(draws) / static_cast<double>(n);
    double chi_squared = 0;
    for (const int count : counts) {
      chi_squared += (count - expected) * (count - expected) / expected;
    }
    // Mean n - 1, standard deviation sqrt(2 (n - 1)): five of them above is no accident.
    const double degrees = static_cast<double>(n - 1);
    EXPECT_LT(chi_squared, degrees + 5 * std::sqrt(2 * degrees)) << n;
  }
}

TEST(Random, BelowHasNoModuloBias) {
  // For n = 2^64 * 2/3, a remainder would hit the lower half twice as often as the upper one.
  const std::uint64_t n = 0xAAAAAAAAAAAAAAAA;
  Random random(1, 0);
  int lower = 0;
  for (int i = 0; i < 10'000; ++i) lower += random.below(n) < n / 2 ? 1 : 0;
  EXPECT_NEAR(lower, 5'000, 250);
}

TEST(Random, ChanceIsInPartsPerMillion) {
  Random random(9, 9);
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) {
    hits += random.chance(250'000) ? 1 : 0;
    EXPECT_FALSE(random.chance(0));
    EXPECT_TRUE(random.chance(1'000'000));
  }
  EXPECT_NEAR(hits, 25'000, 700);
}

}  // namespace
}  // namespace brink
