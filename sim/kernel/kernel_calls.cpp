// Kernel code of a program's own: allocations by handle, inside of system calls that it names.

#include <algorithm>

#include "sim/kernel/calls.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/locking/poll.hpp"

namespace brink {

Site ProcessCalls::site(std::string_view name, OnFailure on_failure) {
  return kernel_.memory().sites().add(name, {GFP_KERNEL, on_failure, ""});
}

/// Where the site's rule is to ask for ever, does so.
template <class Try>
auto ProcessCalls::insist(Site site, unsigned order, Gfp gfp, Try&& attempt) {
  Memory& memory = kernel_.memory();
  auto got = attempt();
  const auto there = [](const auto& what) {
    if constexpr (requires { what.page; }) {
      return static_cast<bool>(what);
    } else {
      return what != no_page;
    }
  };
  if (there(got) || memory.rule(site).on_failure != OnFailure::loop) return got;
  MemoryWait wait(memory, MemoryWait::Asker::caller, site, order, gfp);
  memory.continue_failure(wait);
  UnlimitedLoop loop(core_, wait);
  while (!there(got)) {
    loop.round();
    poll_nap(core_, core_.tick());
    got = attempt();
  }
  memory.settle_loop(wait);
  return got;
}

KernelCalls::Object ProcessCalls::alloc_pages(unsigned order, Gfp gfp, Site site) {
  const Pfn page =
      insist(site, order, gfp, [&] { return kernel_.memory().alloc_pages(site, order, gfp); });
  if (page == no_page) return none;
  KernelObject object;
  object.owner = &process_;
  object.kind = KernelObject::Kind::pages;
  object.page = page;
  object.order = static_cast<std::uint8_t>(order);
  return kernel_.keep(object);
}

KernelCalls::Object ProcessCalls::alloc_object(std::string_view cache, std::uint32_t size, Gfp gfp,
                                               Site site) {
  Memory& memory = kernel_.memory();
  SlabCache* const slab =
      cache.empty() ? nullptr : &memory.slab_cache({.name = cache, .size = size});
  const SlabObject got = insist(site, 0, gfp, [&] {
    return slab != nullptr ? memory.alloc_object(*slab, site, gfp)
                           : memory.kmalloc(size, site, gfp);
  });
  if (!got) return none;
  KernelObject object;
  object.owner = &process_;
  object.kind = KernelObject::Kind::slab;
  object.object = got;
  return kernel_.keep(object);
}

void ProcessCalls::free(Object handle) {
  if (core_.aborting()) return;
  KernelObject* const object = kernel_.object(handle);
  if (object == nullptr) {
    kernel_.bug("free of a kernel object that is not allocated");
    return;
  }
  if (object->kind == KernelObject::Kind::pages) {
    kernel_.memory().free_pages(object->page, object->order);
  } else {
    kernel_.memory().free_object(object->object);
  }
  kernel_.forget(handle);
}

void ProcessCalls::did_without() { kernel_.memory().failures().settle_last(Fate::degraded); }

void ProcessCalls::enter(std::string_view syscall) {
  const Sys number = kernel_.table().find(syscall);
  kernel_.enter(process_, number);
  frame_ = kernel_.table().name(number);
  process_.task->frames.push(frame_);
  demands_.emplace(kernel_.memory(), LockPoint::syscall, frame_);
}

void ProcessCalls::leave(std::int64_t result) {
  demands_.reset();
  process_.task->frames.pop();
  frame_ = nullptr;
  static_cast<void>(kernel_.leave(process_, result));
}

}  // namespace brink
