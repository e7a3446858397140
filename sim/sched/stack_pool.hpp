// Stacks for fibers: mapped once, guarded, coloured, recycled for as long as the thread lives.
#pragma once

#include <cstddef>
#include <vector>

namespace brink {

/// One stack: usable bytes are [bottom, bottom + size).
struct Stack {
  char* bottom = nullptr;
  std::size_t size = 0;
};

/// Not thread-safe: each thread has its own.
class StackPool {
 public:
  /// A deep path (system call, file system, journal, allocator, reclaim, shrinker) fits with room
  /// to spare; sanitized frames are several times larger.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t stack_size = 256 * 1024;
#else
  static constexpr std::size_t stack_size = 64 * 1024;
#endif

  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  Stack get();
  void put(Stack stack) noexcept;

 private:
  struct Mapping {
    void* address;
    std::size_t length;
    unsigned valgrind_id;
  };

  Stack map_one();

  std::vector<Stack> free_;
  std::vector<Mapping> mappings_;
};

}  // namespace brink
