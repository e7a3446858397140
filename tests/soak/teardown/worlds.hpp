// Worlds that lock up with heap objects in the frames of their blocked tasks, in shapes that differ
// in what they are blocked on. They are taken down in the middle of it; whoever watches the heap (a
// sanitizer, memcheck, or just the count here) sees whether each frame unwound.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "brink/outcome.hpp"

namespace brink::soak {

/// What a frame may own: long and short strings, a vector, a tree of pointers. Counts itself.
class Baggage {
 public:
  explicit Baggage(std::uint64_t seed);
  ~Baggage() { --alive; }
  Baggage(const Baggage&) = delete;
  Baggage& operator=(const Baggage&) = delete;

  /// Those that are there now.
  static std::uint64_t alive;

 private:
  const std::string long_, short_;
  std::vector<std::string> many_;
  std::unique_ptr<std::vector<std::unique_ptr<std::string>>> tree_;
  const std::shared_ptr<int> shared_;
};

/// Calls `inner` below `depth` frames, each with its baggage.
template <class Inner>
[[gnu::noinline]] void deeply(std::uint32_t depth, Inner&& inner) {
  const Baggage baggage(depth);
  if (depth == 0) {
    inner();
  } else {
    deeply(depth - 1, inner);
  }
}

/// What one world came to.
struct Ended {
  Verdict verdict = Verdict::completed;
  std::string reason;
  std::uint64_t held = 0;  ///< baggage in blocked frames, when nothing went on any more
};

struct Shape {
  const char* name;
  Verdict verdict;                   ///< that it must have
  Ended (*run)(std::uint64_t seed);  ///< runs one world and takes it down
};

/// On scheduler and locks, with invented memory.
std::span<const Shape> lock_shapes();
/// On a whole machine.
std::span<const Shape> machine_shapes();

/// A locked-up world whose frames are thrown away and not unwound: what must not be. All of its
/// baggage is lost.
Ended dropped_world();

}  // namespace brink::soak
