// Random streams on Random123's Philox4x64-10 and Boost's integer distribution. The standard
// library's distributions differ between libraries, so none of them is used.

#include "brink/random.hpp"

#include <Random123/philox.h>

#include <boost/random/uniform_int_distribution.hpp>
#include <limits>

#include "brink/assert.hpp"

namespace brink {
namespace {

/// What Boost's distributions ask of a generator.
struct Bits {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return random.next(); }
  Random& random;
};

}  // namespace

std::uint64_t Random::below(std::uint64_t n) {
  BRINK_ASSERT(n > 0);
  Bits bits{*this};
  return boost::random::uniform_int_distribution<std::uint64_t>(0, n - 1)(bits);
}

void Random::refill() {
  const r123::Philox4x64 philox;
  const r123::Philox4x64::ctr_type counter = {{blocks_++, stream_, 0, 0}};
  const r123::Philox4x64::key_type key = {{seed_, 0}};
  const r123::Philox4x64::ctr_type bits = philox(counter, key);
  for (unsigned i = 0; i < 4; ++i) block_[3 - i] = bits[i];
  left_ = 4;
}

}  // namespace brink
