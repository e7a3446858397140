// One switch between two fibers, in two tiers. Both work on handles: what a fiber is continued by.
//
// Tier A, `context::resume()`, is Boost.Fiber's public interface; a handle is the fiber's context.
// Tier B makes the same hand-over inline, by the jump of Boost.Context that resume() ends in; while
// brink runs a fiber, its handle is that library's fcontext_t. fiber_pool.cpp says how tier B takes
// handles from Boost.Fiber and gives them back.
#pragma once

#if BRINK_INLINE_SWITCH
#include <boost/context/detail/fcontext.hpp>
#endif

#include "sim/sched/fiber_pool.hpp"
#include "sim/sched/sanitizer.hpp"

namespace brink {

#if !BRINK_INLINE_SWITCH
/// boost::fibers::context::resume() on a context.
void resume_context(void* context);
#endif

/// Suspends the running fiber, whose handle goes to `from`, and continues the one that `to` holds.
[[gnu::always_inline]] inline void switch_handles([[maybe_unused]] void** from, void* to) {
#if BRINK_INLINE_SWITCH
  const boost::context::detail::transfer_t left = boost::context::detail::jump_fcontext(to, from);
  // Null if Boost itself continued this fiber: then it keeps its own books.
  if (left.fctx != nullptr) [[likely]] *static_cast<void**>(left.data) = left.fctx;
#else
  resume_context(to);
#endif
}

/// Suspends `from`, the running fiber, and continues `to`.
inline void switch_fibers(Fiber& from, Fiber& to) {
  before_switch(&from.fake_stack, to.stack_bottom, to.stack_size);
  switch_handles(from.handle, *to.handle);
  after_switch(from.fake_stack);
}

}  // namespace brink
