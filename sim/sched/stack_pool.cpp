// Stacks for fibers. Each has a guard page below it, so that an overflow faults; each starts at
// another cache colour, so that the hot ends of a thousand stacks do not share eight cache sets.

#include "sim/sched/stack_pool.hpp"

#include <sys/mman.h>

#include "brink/assert.hpp"
#include "sim/sched/sanitizer.hpp"

namespace brink {
namespace {

constexpr std::size_t guard_size = 4096;
constexpr std::size_t colour_step = 256;
constexpr std::size_t colours = 16;

}  // namespace

Stack StackPool::get() {
  if (free_.empty()) return map_one();
  const Stack stack = free_.back();
  free_.pop_back();
  return stack;
}

void StackPool::put(Stack stack) noexcept {
  // Frames that were abandoned on it have left their red zones behind.
  unpoison(stack.bottom, stack.size);
  free_.push_back(stack);
}

Stack StackPool::map_one() {
  const std::size_t length = guard_size + stack_size + colours * colour_step;
  void* address = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  BRINK_ASSERT(address != MAP_FAILED);
  BRINK_ASSERT(mprotect(address, guard_size, PROT_NONE) == 0);
  char* bottom =
      static_cast<char*>(address) + guard_size + mappings_.size() % colours * colour_step;
  mappings_.push_back({address, length, register_stack(bottom, bottom + stack_size)});
  // put() must not allocate: room for every stack that exists.
  free_.reserve(mappings_.size());
  return {bottom, stack_size};
}

StackPool::~StackPool() {
  for (const Mapping& mapping : mappings_) {
    deregister_stack(mapping.valgrind_id);
    munmap(mapping.address, mapping.length);
  }
}

}  // namespace brink
