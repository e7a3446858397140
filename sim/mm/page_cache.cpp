// Page locks, I/O on pages, and references (mm/filemap.c, mm/page-writeback.c and mm/swap.c, Linux
// 4.0). Left out: hashed wait queues (each sleeper knows its page), hand-over of page locks.

#include "sim/mm/page_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "sim/mm/lock_demands.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

/// One task that waits for the lock or the writeback of one page.
class PageCache::Sleeper final : public Waitable {
 public:
  Sleeper(PageCache& cache, Pfn page, PageFlag flag, Task& task)
      : Waitable(WaitKind::lock), cache_(cache), page_(page), flag_(flag), task_(task) {
    cache_.sleepers_.push_back(this);
    find_owner();
  }
  ~Sleeper() override {
    cache_.sleepers_.erase(std::find(cache_.sleepers_.begin(), cache_.sleepers_.end(), this));
  }

  bool waits_for(Pfn page, PageFlag flag) const { return page_ == page && flag_ == flag; }
  Task& task() const { return task_; }
  void find_owner() { set_owner(flag_ == PG_locked ? cache_.lock_owner(page_) : nullptr); }

  void blockers(const Task& waiter, BlockerSink& sink) const override {
    if (owner() != nullptr) return sink.task(*owner());
    const Page& page = cache_.memory_.page(page_);
    if (page.has(PG_swapcache)) return cache_.memory_.swap().blockers(page_, waiter, sink);
    if (!page.in_file() || page.owner == nobody) return sink.event();
    const FileMapping& mapping = cache_.mapping_of(page);
    mapping.ops().blockers(mapping, page_, waiter, sink);
  }

  std::string describe() const override {
    const std::string what = flag_ == PG_locked ? "lock of page " : "writeback of page ";
    const Page& page = cache_.memory_.page(page_);
    if (!page.in_file() || page.owner == nobody) {
      return what + "frame " + std::to_string(page_);
    }
    const FileMapping& mapping = cache_.mapping_of(page);
    return what + std::to_string(page.index) + " of " + mapping.ops().describe(mapping);
  }

 private:
  PageCache& cache_;
  const Pfn page_;
  const PageFlag flag_;
  Task& task_;
};

// --- Locks.

bool PageCache::trylock_page(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (page.has(PG_locked)) return false;
  page.set(PG_locked);
  holders_.push_back({pfn, &memory_.core().current()});
  memory_.lru_changed();
  for (Sleeper* sleeper : sleepers_) {
    if (sleeper->waits_for(pfn, PG_locked)) sleeper->find_owner();
  }
  return true;
}

void PageCache::lock_page(Pfn pfn) {
  while (!trylock_page(pfn)) {
    static_cast<void>(wait_on(pfn, PG_locked, WaitMode::uninterruptible));
  }
}

int PageCache::lock_page_killable(Pfn pfn) {
  while (!trylock_page(pfn)) {
    if (const int error = wait_on(pfn, PG_locked, WaitMode::killable)) return error;
  }
  return 0;
}

int PageCache::wait_on_page_locked(Pfn pfn, WaitMode mode) {
  while (memory_.page(pfn).has(PG_locked)) {
    if (const int error = wait_on(pfn, PG_locked, mode)) return error;
  }
  return 0;
}

bool PageCache::try_release(Pfn pfn, Gfp gfp) {
  Core& core = memory_.core();
  Page& page = memory_.page(pfn);
  const std::uint64_t steps = core.steps();
  page.set(PG_locked);
  holders_.push_back({pfn, &core.current()});
  FileMapping& mapping = mapping_of(page);
  // A file system that waits for something here does so only where it may be entered again.
  std::optional<LockDemands> demands;
  if (has(gfp, Gfp::fs) && !memory_.reclaim().rehearsing()) {
    demands.emplace(memory_, LockPoint::release_page);
  }
  const bool released = mapping.ops().release_page(mapping, pfn, gfp);
  if (released || steps != core.steps()) {
    unlock_page(pfn);
    return released;
  }
  page.clear(PG_locked);
  holders_.pop_back();
  return false;
}

void PageCache::unlock_page(Pfn pfn) noexcept {
  if (memory_.core().aborting()) return;
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(page.has(PG_locked));
  page.clear(PG_locked | PG_io);
  std::erase_if(holders_, [&](const Holder& holder) { return holder.page == pfn; });
  memory_.reclaim().page_changed(pfn);
  wake_up_page(pfn, PG_locked);
}

Task* PageCache::lock_owner(Pfn pfn) const {
  for (const Holder& holder : holders_) {
    if (holder.page == pfn) return holder.task;
  }
  return nullptr;
}

/// Parks the running task once, until the page's flag is cleared: 0, or -EINTR.
int PageCache::wait_on(Pfn pfn, PageFlag flag, WaitMode mode) {
  Core& core = memory_.core();
  Task& me = core.current();
  core.might_sleep();
  if (!memory_.page(pfn).has(flag)) return 0;
  if (me.signalled(mode)) return -EINTR;
  const Sleeper sleeper(*this, pfn, flag, me);
  return core.park(sleeper, mode) == Wake::signal ? -EINTR : 0;
}

void PageCache::wake_up_page(Pfn pfn, PageFlag flag) noexcept {
  for (Sleeper* sleeper : sleepers_) {
    if (!sleeper->waits_for(pfn, flag)) continue;
    sleeper->find_owner();
    memory_.core().wake(sleeper->task());
  }
}

// --- I/O.

void PageCache::start_read(Pfn pfn) {
  Page& page = memory_.page(pfn);
  page.set(PG_locked | PG_io);
  page.clear(PG_error);
  std::erase_if(holders_, [&](const Holder& holder) { return holder.page == pfn; });
  memory_.lru_changed();
  for (Sleeper* sleeper : sleepers_) {
    if (sleeper->waits_for(pfn, PG_locked)) sleeper->find_owner();
  }
}

void PageCache::end_read(Pfn pfn, int error) noexcept {
  if (memory_.core().aborting()) return;
  Page& page = memory_.page(pfn);
  page.set(error == 0 ? PG_uptodate : PG_error);
  unlock_page(pfn);
}

void PageCache::set_page_dirty(Pfn pfn) {
  Page& page = memory_.page(pfn);
  // A page that was truncated has nowhere to be written to.
  if (page.has(PG_dirty) || (page.kind == PageKind::file && page.owner == nobody)) return;
  page.set(PG_dirty);
  memory_.lru_changed();
  if (page.kind != PageKind::file) return;
  ++memory_.stat().dirty;
  mapping_of(page).tag(page.index, &FileMapping::Leaf::dirty, true);
}

bool PageCache::clear_page_dirty_for_io(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_dirty)) return false;
  // The next write through a mapping is to be noticed.
  if (page.kind == PageKind::file && page.has(PG_mapped)) memory_.rmap().write_protect(page);
  clean(page, pfn);
  return true;
}

void PageCache::clean(Page& page, Pfn pfn) {
  page.clear(PG_dirty);
  memory_.reclaim().page_changed(pfn);
  if (page.kind != PageKind::file || page.owner == nobody) return;
  --memory_.stat().dirty;
  mapping_of(page).tag(page.index, &FileMapping::Leaf::dirty, false);
}

void PageCache::set_page_writeback(Pfn pfn) {
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(!page.has(PG_writeback));
  page.set(PG_writeback);
  ++memory_.stat().writeback;
  memory_.lru_changed();
  if (page.kind == PageKind::file) {
    mapping_of(page).tag(page.index, &FileMapping::Leaf::writeback, true);
  }
}

void PageCache::end_page_writeback(Pfn pfn) noexcept {
  if (memory_.core().aborting()) return;
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(page.has(PG_writeback));
  if (page.has(PG_reclaim)) {
    page.clear(PG_reclaim);
    memory_.reclaim().rotate(pfn);
  }
  page.clear(PG_writeback);
  --memory_.stat().writeback;
  memory_.reclaim().page_changed(pfn);
  if (page.kind == PageKind::file && page.owner != nobody) {
    mapping_of(page).tag(page.index, &FileMapping::Leaf::writeback, false);
  }
  memory_.reclaim().reasons().wrote_page();
  wake_up_page(pfn, PG_writeback);
}

void PageCache::wait_on_page_writeback(Pfn pfn) {
  while (memory_.page(pfn).has(PG_writeback)) {
    static_cast<void>(wait_on(pfn, PG_writeback, WaitMode::uninterruptible));
  }
}

// --- References and age.

void PageCache::pin(Pfn pfn) {
  ++memory_.page(pfn).pins;
  memory_.lru_changed();
}

void PageCache::unpin(Pfn pfn) noexcept {
  if (memory_.core().aborting()) return;
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(page.pins != 0);
  --page.pins;
  memory_.reclaim().page_changed(pfn);
  if (page.pins == 0 && orphan(page)) free_orphan(pfn);
}

void PageCache::set_private(Pfn pfn) {
  memory_.page(pfn).set(PG_private);
  memory_.lru_changed();
}

void PageCache::clear_private(Pfn pfn) {
  memory_.page(pfn).clear(PG_private);
  memory_.reclaim().page_changed(pfn);
}

void PageCache::mark_page_accessed(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_referenced)) {
    page.set(PG_referenced);
    memory_.lru_changed();
  } else if (page.has(PG_lru) && !page.has(PG_active)) {
    memory_.reclaim().activate(pfn);
    page.clear(PG_referenced);
  }
}

bool PageCache::orphan(const Page& page) const {
  if (page.kind == PageKind::anon) return !page.has_any(PG_mapped | PG_swapcache);
  return page.in_file() && page.owner == nobody;
}

void PageCache::free_orphan(Pfn pfn) {
  const Page& page = memory_.page(pfn);
  if (page.pins != 0 || page.has_any(PG_locked | PG_writeback)) return;
  memory_.reclaim().remove(pfn);
  memory_.allocator().free(pfn, 0);
}

void PageCache::release(Pfn pfn) {
  memory_.reclaim().remove(pfn);
  free_orphan(pfn);
}

}  // namespace brink
