// The timer queue: a 4-ary heap of 128-bit keys ordered by (time, sequence number), so that equal
// times fire in the order in which they were set, on every host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "brink/units.hpp"

namespace brink {

class TimerHeap {
 public:
  __extension__ using Key = unsigned __int128;

  struct Entry {
    Nanos when;
    std::uint32_t sequence;
    std::uint32_t target;
  };

  TimerHeap() : keys_(capacity_ + 8, none) {}

  void clear() {
    std::fill_n(keys_.begin(), std::min<std::size_t>(size_ + 4, keys_.size()), none);
    size_ = 0;
    hole_ = false;
  }

  bool empty() const { return size_ == (hole_ ? 1u : 0u); }
  std::uint32_t size() const { return size_ - (hole_ ? 1u : 0u); }

  /// When the earliest timer is due; `never` if there is none.
  Nanos next() const {
    const Key* k = keys_.data();
    if (!hole_) return time_of(k[0]);
    // The next one is among the children of the open root.
    return std::min(std::min(time_of(k[1]), time_of(k[2])), std::min(time_of(k[3]), time_of(k[4])));
  }

  /// Whom the earliest timer is for; the heap must not be empty.
  std::uint32_t top_target() const {
    return static_cast<std::uint32_t>(keys_[hole_ ? 1 + least_of_four(&keys_[1]) : 0]);
  }

  void push(Nanos when, std::uint32_t sequence, std::uint32_t target) {
    const Key key = (static_cast<Key>(when) << 64) | (static_cast<Key>(sequence) << 32) | target;
    if (hole_) {
      hole_ = false;
      sift_down(key);
      return;
    }
    if (size_ == capacity_) [[unlikely]]
      grow();
    std::uint32_t at = size_++;
    while (at != 0) {
      const std::uint32_t parent = (at - 1) >> 2;
      if (keys_[parent] <= key) break;
      keys_[at] = keys_[parent];
      at = parent;
    }
    keys_[at] = key;
  }

  /// Takes the earliest timer. The root is left open and filled by the next push, which is what a
  /// task that sleeps again does.
  Entry pop() {
    fill_hole();
    const Key key = keys_[0];
    hole_ = true;
    return {time_of(key), static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)};
  }

 private:
  static Nanos time_of(Key key) { return static_cast<Nanos>(key >> 64); }

  void fill_hole() {
    if (!hole_) return;
    hole_ = false;
    const Key last = std::exchange(keys_[--size_], none);
    if (size_ != 0) sift_down(last);
  }

  void sift_down(Key key) {
    Key* const k = keys_.data();
    std::uint32_t at = 0;
    for (;;) {
      const std::uint32_t child = 4 * at + 1;
      if (child >= size_) break;
      const std::uint32_t least = child + least_of_four(k + child);
      if (k[least] >= key) break;
      k[at] = k[least];
      at = least;
    }
    k[at] = key;
  }

  // Beyond the last key stand ones that are later than any, so that nobody counts children.
  // Branches, and not conditional moves, which the empty asm keeps the compiler from making of
  // them: a guess lets whoever waits for the next timer go on at once, where moves would have it
  // wait for three comparisons of 128 bits in a row.
  static std::uint32_t least_of_four(const Key* k) {
    Key least = k[0];
    std::uint32_t index = 0;
    for (std::uint32_t i = 1; i < 4; ++i) {
      if (k[i] < least) {
        asm("");
        index = i;
        least = k[i];
      }
    }
    return index;
  }

  static constexpr Key none = ~Key{0};

  void grow() {
    capacity_ *= 2;
    keys_.resize(capacity_ + 8, none);
  }

  std::uint32_t capacity_ = 56;
  std::vector<Key> keys_;
  std::uint32_t size_ = 0;
  bool hole_ = false;
};

}  // namespace brink
