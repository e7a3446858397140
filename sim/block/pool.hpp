// Storage for the host side of kernel objects that come and go all the time: stable addresses, no
// allocation once warm, and whatever is alive when the world ends is destroyed with it. What such
// an object costs the simulated machine is a slab object of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "brink/assert.hpp"

namespace brink {

template <class T, std::size_t chunk_size = 32>
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (auto& chunk : chunks_) {
      for (Slot& slot : *chunk) {
        if (slot.live) slot.object()->~T();
      }
    }
  }

  template <class... Arguments>
  T& make(Arguments&&... arguments) {
    if (free_ == nullptr) grow();
    Slot& slot = *free_;
    T* object = new (slot.storage) T(std::forward<Arguments>(arguments)...);
    free_ = slot.next;
    slot.live = true;
    ++live_;
    return *object;
  }

  void destroy(T& object) {
    Slot& slot = *reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(&object));
    BRINK_ASSERT(slot.live);
    object.~T();
    slot.live = false;
    slot.next = free_;
    free_ = &slot;
    --live_;
  }

  std::size_t live() const { return live_; }

 private:
  struct Slot {
    alignas(T) std::byte storage[sizeof(T)];  // First, so that an object's address is its slot's.
    Slot* next = nullptr;
    bool live = false;
    T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
  };
  using Chunk = std::vector<Slot>;

  void grow() {
    Chunk& chunk = *chunks_.emplace_back(std::make_unique<Chunk>(chunk_size));
    for (std::size_t i = chunk_size; i-- > 0;) {
      chunk[i].next = free_;
      free_ = &chunk[i];
    }
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  Slot* free_ = nullptr;
  std::size_t live_ = 0;
};

}  // namespace brink
