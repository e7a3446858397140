// The flusher thread's work.

#include "sim/vfs/writeback.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

constexpr Nanos dirty_writeback_interval = 5 * seconds;
constexpr Nanos dirty_expire_interval = 30 * seconds;
/// Half of what the bandwidth estimate begins with, 100 MB/s, in pages.
constexpr Pages half_bandwidth = 12'800;
constexpr std::int64_t min_writeback_pages = 1024;
constexpr Nanos slice = 100 * ms;

}  // namespace

int write_single_inode(Vfs& vfs, Inode& inode, Writeback& control) {
  inode.state |= I_SYNC;
  inode.sync_task = &vfs.core().current();
  inode.sync_since = vfs.core().now();
  int error = 0;
  FileMapping* const mapping = inode.mapping();
  if (mapping != nullptr) error = inode.sb.writepages(inode, control);
  const std::uint32_t dirty = inode.state & I_DIRTY;
  inode.state &= ~dirty;
  if (mapping != nullptr && mapping->next_dirty(0) != no_page) inode.state |= I_DIRTY_PAGES;
  if ((dirty & I_DIRTY_SYNC) != 0) {
    const int result = inode.sb.write_inode(inode, control);
    if (error == 0) error = result;
  }
  return error;
}

Flusher::Flusher(Vfs& vfs, Device& device)
    : vfs_(vfs), core_(vfs.core()), device_(device), idle_(vfs.core()) {}

void Flusher::start() {
  BRINK_ASSERT(task_ == nullptr);
  task_ = &core_.spawn("flush-" + device_.name(), {run, this});
  task_->set(PF_KTHREAD);
  task_->set(PF_WQ_WORKER);  // Since 3.10 (839a8e8660b6).
  task_->set(DAEMON);
}

void Flusher::run(void* flusher) { static_cast<Flusher*>(flusher)->loop(); }

void Flusher::loop() {
  for (;;) {
    if (!woken_) {
      const Nanos next = has_dirty() ? core_.now() + dirty_writeback_interval : never;
      static_cast<void>(idle_.sleep(WaitMode::uninterruptible, next));
    }
    woken_ = false;
    Frame frame(core_.current(), "wb_workfn");
    do {
      do_work();
    } while (!works_.empty());
    // What it could not get memory for stays dirty, and its turn comes again.
    FailureLedger& failures = vfs_.memory().failures();
    failures.settle_all(failures.list_of(core_.current()), Fate::deferred);
  }
}

void Flusher::wake_up() {
  woken_ = true;
  idle_.wake_up();
}

// --- Requests.

void Flusher::start_writeback(std::int64_t nr_pages) {
  Memory& memory = vfs_.memory();
  if (core_.in_task()) {
    const SlabObject object = memory.kmalloc(96, site::wb_work);
    if (!object) {
      memory.failures().settle_last(Fate::degraded);
      return wake_up();
    }
    works_.push_back({nr_pages, object});
  }
  wake_up();
}

void Flusher::start_background() { wake_up(); }

// --- Lists.

Flusher::InodeList& Flusher::list(std::uint8_t which) { return lists_[which - std::size_t{1}]; }

void Flusher::move(Inode& inode, Which to) {
  if (inode.io_list != nowhere) {
    InodeList& from = list(inode.io_list);
    from.erase(from.iterator_to(inode));
  }
  inode.io_list = to;
  inode.flusher = to == nowhere ? nullptr : this;
  if (to != nowhere) list(to).push_front(inode);
}

void Flusher::add_dirty(Inode& inode) {
  if (inode.io_list != nowhere) return;
  const bool first = !has_dirty();
  inode.dirtied_when = core_.now();
  move(inode, dirty);
  // bdi_wakeup_thread_delayed(): its 5 s begin with the first dirty inode.
  if (first) idle_.wake_up();
}

void Flusher::remove(Inode& inode) { move(inode, nowhere); }

void Flusher::redirty_tail(Inode& inode) {
  const InodeList& latest = list(dirty);
  if (!latest.empty() && inode.dirtied_when < latest.front().dirtied_when) {
    inode.dirtied_when = core_.now();
  }
  move(inode, dirty);
}

/// Inodes that have been dirty since before then are to be written now.
void Flusher::queue_io(Nanos older_than) {
  list(io).splice(list(io).begin(), list(more_io));
  for (Inode& inode : list(io)) inode.io_list = io;
  while (!list(dirty).empty() && list(dirty).back().dirtied_when <= older_than) {
    move(list(dirty).back(), io);
  }
}

// --- Work.

bool Flusher::over_background() const {
  return vfs_.memory().stat().dirty > dirty_limits(vfs_.memory()).background;
}

bool Flusher::do_work() {
  std::int64_t wrote = 0;
  while (!works_.empty()) {
    const Work work = works_.front();
    works_.erase(works_.begin());
    wrote += writeback(work.nr_pages, Why::asked);
    vfs_.memory().free_object(work.memory);
  }
  if (core_.now() >= last_old_flush_ + dirty_writeback_interval) {
    last_old_flush_ = core_.now();
    if (has_dirty()) wrote += writeback(std::numeric_limits<std::int64_t>::max(), Why::periodic);
  }
  if (over_background()) {
    wrote += writeback(std::numeric_limits<std::int64_t>::max(), Why::background);
  }
  return wrote != 0;
}

std::int64_t Flusher::writeback(std::int64_t nr_pages, Why why) {
  const std::int64_t wanted = nr_pages;
  while (nr_pages > 0) {
    // What may run for ever gives way to those who ask.
    if (why != Why::asked && !works_.empty()) break;
    if (why == Why::background && !over_background()) break;
    if (list(io).empty()) {
      const Nanos age = why == Why::periodic ? dirty_expire_interval : 0;
      queue_io(core_.now() > age ? core_.now() - age : 0);
    }
    if (write_queued(nr_pages) != 0) continue;
    if (list(more_io).empty()) break;
    Inode& busy = list(more_io).back();
    if (!busy.has(I_SYNC)) continue;
    busy.sb.sleep_on_writeback(busy);
  }
  return wanted - nr_pages;
}

/// writeback_sb_inodes(): works on the queued inodes for a while; pages and inodes written.
std::int64_t Flusher::write_queued(std::int64_t& nr_pages) {
  const Nanos began = core_.now();
  const auto limit =
      static_cast<std::int64_t>(std::min(half_bandwidth, dirty_limits(vfs_.memory()).dirty / 8));
  std::int64_t wrote = 0;
  while (!list(io).empty()) {
    Inode& inode = list(io).back();
    if (put_off(inode)) continue;
    std::int64_t chunk = std::min(limit, nr_pages) + min_writeback_pages;
    chunk -= chunk % min_writeback_pages;
    const std::int64_t written = write_inode(inode, chunk);
    nr_pages -= written;
    wrote += written;
    if (!inode.has(I_DIRTY)) ++wrote;
    core_.cond_resched();
    if (wrote != 0 && (core_.now() > began + slice || nr_pages <= 0)) break;
  }
  return wrote;
}

/// One that cannot be written at present gives way to the next.
bool Flusher::put_off(Inode& inode) {
  if (inode.has(I_NEW | I_FREEING)) {
    redirty_tail(inode);
    return true;
  }
  if (inode.has(I_SYNC)) {
    move(inode, more_io);
    return true;
  }
  return false;
}

/// Writes up to so many pages of one inode, and the inode; pages written.
std::int64_t Flusher::write_inode(Inode& inode, std::int64_t nr_pages) {
  Writeback control;
  control.nr_to_write = nr_pages;
  control.range_cyclic = true;
  // While it is I_SYNC it cannot be evicted.
  static_cast<void>(write_single_inode(vfs_, inode, control));
  requeue(inode, control);
  inode.sb.clear_state(inode, I_SYNC);
  inode.sb.add_to_lru(inode);
  return nr_pages - control.nr_to_write;
}

std::int64_t Flusher::push(std::int64_t nr_pages) {
  if (list(io).empty()) queue_io(core_.now());
  std::int64_t written = 0;
  // Each inode has its turn once.
  for (std::size_t turns = list(io).size(); turns != 0 && written < nr_pages; --turns) {
    if (list(io).empty()) break;
    Inode& inode = list(io).back();
    if (!put_off(inode)) written += write_inode(inode, nr_pages - written);
  }
  return written;
}

void Flusher::requeue(Inode& inode, const Writeback& control) {
  if (inode.has(I_FREEING)) return;
  FileMapping* const mapping = inode.mapping();
  if (control.pages_skipped != 0) {
    redirty_tail(inode);
  } else if (mapping != nullptr && mapping->next_dirty(0) != no_page) {
    if (control.nr_to_write <= 0) {
      move(inode, more_io);
    } else {
      redirty_tail(inode);
    }
  } else if (inode.has(I_DIRTY)) {
    redirty_tail(inode);
  } else {
    move(inode, nowhere);
  }
}

}  // namespace brink
