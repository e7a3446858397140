// Persistent fibers on Boost.Fiber, and the scheduling algorithm that keeps the library's
// dispatcher out of the way. Never sleeps for real: suspend_until() would, and is a bug if it is
// ever reached.

#include "sim/sched/fiber_pool.hpp"

#include <alloca.h>
#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>

#include <utility>

#include "brink/assert.hpp"
#include "sim/sched/switch.hpp"

#if BRINK_INLINE_SWITCH
#include <boost/version.hpp>
static_assert(BOOST_VERSION == 107400, "the inline switch relies on the layout of Boost 1.74");

namespace brink {
struct InlineSwitch;
}

// Boost befriends every worker_context<…>, so a specialisation of ours may reach the
// boost::context::fiber inside a context, which is one fcontext_t.
template <>
class boost::fibers::worker_context<brink::InlineSwitch> {
 public:
  /// Takes a suspended fiber out of Boost's hands, and gives it back.
  static void* take(context* fiber) { return std::exchange(handle(fiber), nullptr); }
  static void give(context* fiber, void* suspended) { handle(fiber) = suspended; }

 private:
  static_assert(sizeof(boost::context::fiber) == sizeof(void*));

  static boost::context::detail::fcontext_t& handle(context* c) {
    return *reinterpret_cast<boost::context::detail::fcontext_t*>(&c->c_);
  }
};
#endif

namespace bf = boost::fibers;

namespace brink {

#if BRINK_INLINE_SWITCH
using BoostAccess = bf::worker_context<InlineSwitch>;
#else
void resume_context(void* context) { static_cast<bf::context*>(context)->resume(); }
#endif

/// What Boost.Fiber calls when a fiber is created, ends, or is to be reaped.
class FiberAlgorithm final : public bf::algo::algorithm {
 public:
  explicit FiberAlgorithm(bf::context* main) : main_(main) {}

  void awakened(bf::context* context) noexcept override {
    if (context->is_context(bf::type::dispatcher_context)) {
      dispatcher_ = context;
      register_dispatcher(context);
    } else if (context->is_context(bf::type::main_context)) {
      main_ready_ = true;
    } else {
      spawned_ = context;
    }
  }

  bf::context* pick_next() noexcept override {
    // The thread shuts down: main waits for the dispatcher, the dispatcher then wakes main.
    if (bf::context::active() == main_ && dispatcher_ != nullptr) {
      return std::exchange(dispatcher_, nullptr);
    }
    main_ready_ = false;
    return main_;
  }

  bool has_ready_fibers() const noexcept override { return main_ready_ || dispatcher_ != nullptr; }
  void suspend_until(const std::chrono::steady_clock::time_point&) noexcept override {
    assertion_failed("Boost.Fiber wanted to sleep", __FILE__, __LINE__);
  }
  void notify() noexcept override {}

  bf::context* take_spawned() { return std::exchange(spawned_, nullptr); }

  /// Lets the dispatcher free the fibers that have ended.
  void reap() {
    if (dispatcher_ != nullptr) std::exchange(dispatcher_, nullptr)->resume();
  }

 private:
  // Its stack is allocated inside the library, where no one tells valgrind of it.
  static void register_dispatcher(bf::context* context) {
    char* top = reinterpret_cast<char*>(context);
    static thread_local bf::context* known = nullptr;
    if (std::exchange(known, context) != context) register_stack(top - 120 * 1024, top + 1024);
  }

  bf::context* const main_;
  bf::context* dispatcher_ = nullptr;
  bf::context* spawned_ = nullptr;
  bool main_ready_ = false;
};

namespace {

/// Boost's stack allocator concept for one stack of our pool.
class PooledStack {
 public:
  using traits_type = boost::context::stack_traits;

  PooledStack(StackPool& pool, Stack stack) : pool_(&pool), stack_(stack) {}

  boost::context::stack_context allocate() {
    boost::context::stack_context context;
    context.size = stack_.size;
    context.sp = stack_.bottom + stack_.size;
    return context;
  }

  void deallocate(boost::context::stack_context&) noexcept { pool_->put(stack_); }

 private:
  StackPool* pool_;
  Stack stack_;
};

#if BRINK_INLINE_SWITCH
/// Runs on the new fiber's stack: notes where its creator was suspended. The library's own first
/// frame takes no handle from whoever enters it.
boost::context::detail::transfer_t enter(boost::context::detail::transfer_t left) {
  *static_cast<void**>(left.data) = left.fctx;
  return {nullptr, nullptr};
}

/// Runs a new fiber up to where it first waits to be switched to.
void start(Fiber& creator, Fiber& fiber) {
  fiber.starter = &creator;
  before_switch(&creator.fake_stack, fiber.stack_bottom, fiber.stack_size);
  const boost::context::detail::transfer_t left = boost::context::detail::ontop_fcontext(
      BoostAccess::take(fiber.context), creator.handle, enter);
  after_switch(creator.fake_stack);
  *static_cast<void**>(left.data) = left.fctx;
}
#endif

/// The outermost frame of every fiber.
void trampoline(Fiber& fiber, std::size_t number) {
  after_switch(nullptr);
  // Boost aligns the top of every stack to 256 bytes. Frames that start at all offsets below that
  // spread over all sets of the first-level cache, where 64 fibers' hot frames otherwise collide.
  volatile char* spread = static_cast<volatile char*>(alloca((number / 16 % 4) * 64 + 1));
  *spread = 0;
#if BRINK_INLINE_SWITCH
  switch_fibers(fiber, *fiber.starter);
#endif
  while (!fiber.pool->quitting()) fiber.body->run(fiber);
  before_switch(nullptr, fiber.pool->main().stack_bottom, fiber.pool->main().stack_size);
}

}  // namespace

FiberPool& FiberPool::this_thread() {
  // Boost's own thread-local state is made first, and so ends after the pool.
  bf::context::active();
  thread_local FiberPool pool;
  return pool;
}

FiberPool::FiberPool() {
  main_.context = bf::context::active();
  main_.idle_handle = main_.context;
  main_.handle = &main_.idle_handle;
  main_.pool = this;
  own_stack_bounds(&main_.stack_bottom, &main_.stack_size);
  algorithm_ = new FiberAlgorithm(main_.context);
  main_.context->get_scheduler()->set_algo(bf::algo::algorithm::ptr_t(algorithm_));
  algorithm_->take_spawned();
}

FiberPool::~FiberPool() {
  quitting_ = true;
  for (const std::unique_ptr<Fiber>& fiber : fibers_) {
#if BRINK_INLINE_SWITCH
    BoostAccess::give(fiber->context, fiber->idle_handle);
#endif
    before_switch(&main_.fake_stack, fiber->stack_bottom, fiber->stack_size);
    fiber->context->resume();
    after_switch(main_.fake_stack);
  }
  algorithm_->reap();
}

CoreStorage FiberPool::take_storage() {
  if (storage_.empty()) return {};
  CoreStorage storage = std::move(storage_.back());
  storage_.pop_back();
  return storage;
}

void FiberPool::return_storage(CoreStorage storage) { storage_.push_back(std::move(storage)); }

Fiber& FiberPool::get(Fiber& running) {
  if (idle_.empty()) return create(running);
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

void FiberPool::check_canary(const Fiber& fiber) noexcept {
  BRINK_ASSERT(StackPool::canary_lives(fiber.stack_bottom) && "a fiber's stack has overflowed");
}

Fiber& FiberPool::create([[maybe_unused]] Fiber& running) {
  const std::size_t number = fibers_.size();
  fibers_.push_back(std::make_unique<Fiber>());
  idle_.reserve(fibers_.size());  // put() must not allocate.
  Fiber& fiber = *fibers_.back();
  const Stack stack = stacks_.get();
  fiber.pool = this;
  fiber.stack_bottom = stack.bottom;
  fiber.stack_size = stack.size;
  fiber.guarded = stack.guarded;
  fiber.handle = &fiber.idle_handle;
  bf::fiber(bf::launch::post, std::allocator_arg, PooledStack(stacks_, stack), [&fiber, number] {
    trampoline(fiber, number);
  }).detach();
  fiber.context = algorithm_->take_spawned();
#if BRINK_INLINE_SWITCH
  start(running, fiber);
#else
  fiber.idle_handle = fiber.context;
#endif
  return fiber;
}

}  // namespace brink
