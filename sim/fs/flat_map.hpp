// A small hash map on one array: linear probing, no tombstones. It is looked up and not iterated,
// so that nothing depends on its order, except for sums.
#pragma once

#include <cstdint>
#include <vector>

namespace brink {

/// Keys are unsigned integers below ~0; values are small and copied.
template <class Key, class Value>
class FlatMap {
 public:
  std::size_t size() const { return size_; }

  Value* find(Key key) {
    if (size_ == 0) return nullptr;
    for (std::size_t at = home(key);; at = next(at)) {
      if (slots_[at].key == key) return &slots_[at].value;
      if (slots_[at].key == none) return nullptr;
    }
  }
  const Value* find(Key key) const { return const_cast<FlatMap*>(this)->find(key); }

  /// The key must not be there.
  void insert(Key key, const Value& value) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    place(key, value);
    ++size_;
  }

  /// False if it was not there.
  bool erase(Key key) {
    if (size_ == 0) return false;
    std::size_t hole = home(key);
    while (slots_[hole].key != key) {
      if (slots_[hole].key == none) return false;
      hole = next(hole);
    }
    // What was pushed past the hole moves back into it.
    for (std::size_t at = next(hole); slots_[at].key != none; at = next(at)) {
      const std::size_t wanted = home(slots_[at].key);
      const std::size_t mask = slots_.size() - 1;
      if (((at - wanted) & mask) >= ((at - hole) & mask)) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole].key = none;
    --size_;
    return true;
  }

  /// In no particular order: only for what does not depend on it.
  template <class Function>
  void each(Function&& function) const {
    for (const Slot& slot : slots_) {
      if (slot.key != none) function(slot.key, slot.value);
    }
  }

  void clear() {
    slots_.clear();
    size_ = 0;
  }

 private:
  static constexpr Key none = static_cast<Key>(~Key{0});
  struct Slot {
    Key key = none;
    Value value{};
  };

  std::size_t home(Key key) const {
    const std::uint64_t hash = std::uint64_t{key} * 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>(hash >> 32) & (slots_.size() - 1);
  }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  void place(Key key, const Value& value) {
    std::size_t at = home(key);
    while (slots_[at].key != none) at = next(at);
    slots_[at] = {key, value};
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 8 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.key != none) place(slot.key, slot.value);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace brink
