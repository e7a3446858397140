// Wilson's score interval: sound for small counts and for rates of 0 and 1, where the textbook
// interval has no width.

#include <algorithm>
#include <cmath>

#include "brink/results.hpp"

namespace brink {

Rate wilson(std::uint64_t k, std::uint64_t n) {
  if (n == 0) return {0, 0, 0.0, 1.0};
  constexpr double z = 1.96;
  const auto trials = static_cast<double>(n);
  const double share = static_cast<double>(k) / trials;
  const double spread = z * z / trials;
  const double middle = (share + spread / 2) / (1 + spread);
  const double half =
      z * std::sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread);
  // At the ends the formula gives 0 and 1 but for rounding.
  const double low = k == 0 ? 0.0 : std::max(0.0, middle - half);
  const double high = k == n ? 1.0 : std::min(1.0, middle + half);
  return {k, n, low, high};
}

}  // namespace brink
