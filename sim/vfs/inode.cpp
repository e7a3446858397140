// The life of inodes in memory: found by number, kept while used, kept unused until the shrinker
// wants them, evicted.

#include "sim/vfs/inode.hpp"

#include <string>
#include <vector>

#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"
#include "sim/vfs/super_block.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

std::string mutex_instance(const void* inode) {
  return inode_path(*static_cast<const Inode*>(inode));
}

}  // namespace

Inode::Inode(SuperBlock& super, InodeNumber number, bool is_directory)
    : sb(super),
      ino(number),
      directory(is_directory),
      i_mutex(super.vfs().locks(), super.mutex_class(is_directory), {mutex_instance, this}) {}

std::string inode_path(const Inode& inode) {
  if (inode.aliases == nullptr) return "inode " + std::to_string(inode.ino);
  return inode.sb.vfs().path_of(*inode.aliases);
}

void InodeWait::blockers(const Task&, BlockerSink& sink) const {
  if (owner() == nullptr) return sink.anyone();
  name_blocker(sink, *owner(), since_);
}

std::string InodeWait::describe() const { return inode_path(inode_) + ", which is " + what_; }

// --- The cache.

namespace {

/// Parks until somebody wakes the inode's sleepers; the caller looks again.
void sleep_on(Core& core, Inode& inode, Task* by, Nanos since, const char* what) {
  const InodeWait wait(inode, by, since, what);
  inode.sleepers.push(core.current());
  core.park(wait, WaitMode::uninterruptible);
}

}  // namespace

Inode* SuperBlock::find_inode(InodeNumber ino) {
  Core& core = vfs_.core();
  for (;;) {
    Inode* inode = inode_hash_[ino & (inode_hash_.size() - 1)];
    while (inode != nullptr && inode->ino != ino) inode = inode->hash_next;
    if (inode == nullptr) return nullptr;
    if (!inode->has(I_FREEING)) {
      iget(*inode);
      remove_from_lru(*inode);
      return inode;
    }
    sleep_on(core, *inode, inode->freeing_task, inode->freeing_since, "being freed");
  }
}

void SuperBlock::hash_inode(Inode& inode) {
  BRINK_ASSERT(!inode.hashed);
  if (inode_count_ >= inode_hash_.size()) {
    std::vector<Inode*> old(inode_hash_.size() * 2, nullptr);
    old.swap(inode_hash_);
    for (Inode* each : old) {
      while (each != nullptr) {
        Inode* const next = each->hash_next;
        Inode*& head = inode_hash_[each->ino & (inode_hash_.size() - 1)];
        each->hash_next = head;
        head = each;
        each = next;
      }
    }
  }
  Inode*& head = inode_hash_[inode.ino & (inode_hash_.size() - 1)];
  inode.hash_next = head;
  head = &inode;
  inode.hashed = true;
  ++inode_count_;
}

void SuperBlock::unhash_inode(Inode& inode) {
  if (!inode.hashed) return;
  Inode** link = &inode_hash_[inode.ino & (inode_hash_.size() - 1)];
  while (*link != &inode) link = &(*link)->hash_next;
  *link = inode.hash_next;
  inode.hashed = false;
  --inode_count_;
}

void SuperBlock::iput(Inode& inode) {
  if (vfs_.core().aborting()) return;
  BRINK_ASSERT(inode.count > 0 && !inode.has(I_FREEING));
  if (--inode.count != 0) return;
  if (inode.nlink != 0 && inode.hashed) {
    inode.state |= I_REFERENCED;
    return add_to_lru(inode);
  }
  inode.state |= I_FREEING;
  inode.freeing_task = &vfs_.core().current();
  inode.freeing_since = vfs_.core().now();
  remove_from_lru(inode);
  evict(inode);
}

void SuperBlock::evict(Inode& inode) {
  Frame frame(vfs_.core().current(), "evict");
  vfs_.forget_dirty(inode);
  // A fault may make somebody take the lock of an inode that it has no reference to.
  while (inode.i_mutex.locked()) {
    inode.i_mutex.lock();
    inode.i_mutex.unlock();
  }
  wait_for_writeback(inode);
  evict_inode(inode);
  unhash_inode(inode);
  inode.state &= ~static_cast<std::uint32_t>(I_FREEING);
  Core& core = vfs_.core();
  while (!inode.sleepers.empty()) core.wake(inode.sleepers.pop());
  destroy_inode(inode);
}

void SuperBlock::add_to_lru(Inode& inode) {
  if (inode.on_lru || inode.count != 0 || inode.has(I_DIRTY | I_SYNC | I_FREEING)) return;
  inode.on_lru = true;
  inode_lru_.push_back(inode);
  vfs_.memory().reclaim_changed();
}

void SuperBlock::remove_from_lru(Inode& inode) {
  if (!inode.on_lru) return;
  inode.on_lru = false;
  inode_lru_.erase(inode_lru_.iterator_to(inode));
}

void SuperBlock::clear_state(Inode& inode, InodeState bit) {
  inode.state &= ~static_cast<std::uint32_t>(bit);
  if (bit == I_SYNC) inode.sync_task = nullptr;
  Core& core = vfs_.core();
  while (!inode.sleepers.empty()) core.wake(inode.sleepers.pop());
}

void SuperBlock::wait_for_writeback(Inode& inode) {
  while (inode.has(I_SYNC)) sleep_on_writeback(inode);
}

void SuperBlock::sleep_on_writeback(Inode& inode) {
  if (!inode.has(I_SYNC)) return;
  sleep_on(vfs_.core(), inode, inode.sync_task, inode.sync_since, "being written");
}

}  // namespace brink
