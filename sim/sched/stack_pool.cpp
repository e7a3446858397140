// Stacks for fibers. Each starts at another cache colour, so that the hot ends of a thousand stacks
// do not share eight cache sets. Below the first ones lies a guard page, where an overflow faults;
// below the others lie words that are looked at when the stack is given back.

#include "sim/sched/stack_pool.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>

#include "brink/assert.hpp"
#include "sim/sched/sanitizer.hpp"

namespace brink {
namespace {

constexpr std::size_t guard_size = 4096;
constexpr std::size_t colour_step = 256;
constexpr std::size_t colours = 16;
constexpr std::size_t stack_length = StackPool::stack_size + colours * colour_step;
constexpr std::size_t slab_stacks = 64;

constexpr std::size_t canary_words = 32;
constexpr std::uint64_t canary = 0x57ac6e55c0ffee11u;

void write_canary(char* bottom) {
  for (std::size_t i = 0; i < canary_words; ++i) {
    std::memcpy(bottom + i * sizeof canary, &canary, sizeof canary);
  }
}

}  // namespace

Stack StackPool::get() {
  if (!free_.empty()) {
    const Stack stack = free_.back();
    free_.pop_back();
    return stack;
  }
  Stack stack = guarded_ < guarded_stacks ? map_guarded() : take_from_slab();
  ++stacks_;
  // put() must not allocate: room for every stack that exists.
  if (free_.capacity() < stacks_) free_.reserve(2 * stacks_);
  return stack;
}

void StackPool::put(Stack stack) noexcept {
  // Frames that were abandoned on it have left their red zones behind.
  unpoison(stack.bottom, stack.size);
  BRINK_ASSERT(stack.guarded || canary_lives(stack.bottom));
  free_.push_back(stack);
}

bool StackPool::canary_lives(const void* bottom) {
  const char* words = static_cast<const char*>(bottom) - canary_words * sizeof canary;
  for (std::size_t i = 0; i < canary_words; ++i) {
    if (std::memcmp(words + i * sizeof canary, &canary, sizeof canary) != 0) return false;
  }
  return true;
}

bool StackPool::map(std::size_t length, char*& address) {
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  address = static_cast<char*>(memory);
  return memory != MAP_FAILED;
}

Stack StackPool::map_guarded() {
  const std::size_t length = guard_size + stack_length;
  char* address = nullptr;
  BRINK_ASSERT(map(length, address));
  if (mprotect(address, guard_size, PROT_NONE) != 0) {
    // Other threads have used up the host's mappings.
    munmap(address, length);
    guarded_ = guarded_stacks;
    return take_from_slab();
  }
  char* bottom = address + guard_size + guarded_++ % colours * colour_step;
  mappings_.push_back({address, length, register_stack(bottom, bottom + stack_size)});
  return {bottom, stack_size, true};
}

Stack StackPool::take_from_slab() {
  constexpr std::size_t each = canary_words * sizeof canary + stack_length;
  if (slab_ == slab_end_) {
    BRINK_ASSERT(map(slab_stacks * each, slab_));
    slab_end_ = slab_ + slab_stacks * each;
    mappings_.push_back({slab_, slab_stacks * each, register_stack(slab_, slab_end_)});
  }
  char* bottom = slab_ + stacks_ % colours * colour_step + canary_words * sizeof canary;
  write_canary(bottom - canary_words * sizeof canary);
  slab_ += each;
  return {bottom, stack_size, false};
}

StackPool::~StackPool() {
  for (const Mapping& mapping : mappings_) {
    deregister_stack(mapping.valgrind_id);
    munmap(mapping.address, mapping.length);
  }
}

}  // namespace brink
