// What AddressSanitizer and valgrind must be told about stacks and switches between them. Debian's
// Boost.Context is built without either, so brink annotates its own switches; in an ordinary build
// all of this is nothing.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(BRINK_VALGRIND) && __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define BRINK_HAS_VALGRIND 1
#else
#define BRINK_HAS_VALGRIND 0
#endif

namespace brink {

inline void unpoison([[maybe_unused]] void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(bottom, size);
#endif
}

inline unsigned register_stack([[maybe_unused]] void* bottom, [[maybe_unused]] void* top) {
#if BRINK_HAS_VALGRIND
  return static_cast<unsigned>(VALGRIND_STACK_REGISTER(bottom, top));
#else
  return 0;
#endif
}

inline void deregister_stack([[maybe_unused]] unsigned id) {
#if BRINK_HAS_VALGRIND
  VALGRIND_STACK_DEREGISTER(id);
#endif
}

/// Before a switch to the stack [bottom, bottom + size); `save` keeps the fake stack of the leaver,
/// or is null if its fiber ends.
inline void before_switch([[maybe_unused]] void** save, [[maybe_unused]] const void* bottom,
                          [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(save, bottom, size);
#endif
}

/// After a switch, on the new stack; `saved` is its fake stack, or null when a fiber first runs.
inline void after_switch([[maybe_unused]] void* saved) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(saved, nullptr, nullptr);
#endif
}

/// The bounds of the calling thread's own stack; only a sanitizer needs them.
inline void own_stack_bounds([[maybe_unused]] const void** bottom,
                             [[maybe_unused]] std::size_t* size) {
#if defined(__SANITIZE_ADDRESS__)
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void* address = nullptr;
  pthread_attr_getstack(&attributes, &address, size);
  pthread_attr_destroy(&attributes);
  *bottom = address;
#endif
}

}  // namespace brink
