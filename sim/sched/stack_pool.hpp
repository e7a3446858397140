// Stacks for fibers: mapped once, guarded, coloured, recycled for as long as the thread lives.
#pragma once

#include <cstddef>
#include <vector>

namespace brink {

/// One stack: usable bytes are [bottom, bottom + size).
struct Stack {
  char* bottom = nullptr;
  std::size_t size = 0;
  bool guarded = true;  ///< by a page that faults; else by a canary below it
};

/// Not thread-safe: each thread has its own. The first stacks have a guard page each; a host admits
/// only so many mappings, so that those beyond lie side by side and end in a canary.
class StackPool {
 public:
  /// A deep path (system call, file system, journal, allocator, reclaim, shrinker) fits with room
  /// to spare; sanitized frames are several times larger.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t stack_size = 256 * 1024;
#else
  static constexpr std::size_t stack_size = 64 * 1024;
#endif

  static constexpr std::size_t guarded_stacks = 8'192;

  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  Stack get();
  void put(Stack stack) noexcept;

  /// Of a stack without a guard page: false if something has written below it.
  static bool canary_lives(const void* bottom);

 private:
  struct Mapping {
    void* address;
    std::size_t length;
    unsigned valgrind_id;
  };

  Stack map_guarded();
  Stack take_from_slab();
  bool map(std::size_t length, char*& address);

  std::vector<Stack> free_;
  std::vector<Mapping> mappings_;
  std::size_t guarded_ = 0;
  std::size_t stacks_ = 0;  ///< that exist
  char* slab_ = nullptr;    ///< of stacks without guard pages: where the next one begins
  char* slab_end_ = nullptr;
};

}  // namespace brink
