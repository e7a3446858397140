// Inodes from the inode table into memory and back (fs/ext4/inode.c and super.c, Linux 4.0).

#include "sim/fs/ext4/inode.hpp"

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/filemap.hpp"

namespace brink {

/// alloc_inode(): memory for an inode, and what the security module hangs on it.
Ext4::InodeMemory Ext4::alloc_inode_memory() {
  Frame frame(core_.current(), "alloc_inode");
  InodeMemory memory;
  memory.inode = memory_.alloc_object(inode_cache_, site::ext4_inode);
  if (!memory.inode || !memory_.rules().lsm_blobs) return memory;
  memory.security = memory_.kmalloc(72, site::lsm_inode);
  if (memory.security) return memory;
  memory_.free_object(memory.inode);
  return {};
}

void Ext4::free_inode_memory(const InodeMemory& memory) {
  if (memory.security) memory_.free_object(memory.security);
  memory_.free_object(memory.inode);
}

Ext4Inode& Ext4::make_inode(const InodeMemory& memory, InodeNumber ino, bool directory) {
  Ext4Inode& inode = inodes_.make(*this, ino, directory, status_shrinker_, data_class_);
  inode.memory = memory.inode;
  inode.security = memory.security;
  inode.state = I_NEW;
  return inode;
}

void Ext4::destroy_inode(Inode& inode) {
  Ext4Inode& ours = as_ext4(inode);
  if (ours.jinode) memory_.free_object(ours.jinode);
  free_inode_memory({ours.memory, ours.security});
  inodes_.destroy(ours);
}

/// ext4_iget(): a reference to the inode, read from the inode table if it is not in memory.
Ext4Inode* Ext4::iget(InodeNumber ino, int& error) {
  Frame frame(core_.current(), "ext4_iget");
  if (Inode* const cached = find_inode(ino)) return &as_ext4(*cached);
  const InodeMemory memory = alloc_inode_memory();
  if (!memory.inode) {
    error = -ENOMEM;
    return nullptr;
  }
  // Somebody else may have been faster.
  if (Inode* const cached = find_inode(ino)) {
    free_inode_memory(memory);
    return &as_ext4(*cached);
  }
  DiskInode& raw = contents_.inode(ino);
  Ext4Inode* const inode = &make_inode(memory, ino, raw.kind == DiskInode::Kind::directory);
  inode->raw = &raw;
  hash_inode(*inode);
  Buffer* const block = inode_block(*inode, error);
  if (block != nullptr && raw.kind == DiskInode::Kind::none) error = -ESTALE;
  if (block != nullptr) buffers_.put(*block);
  if (error != 0) {
    // iget_failed(): it is no use to anybody, and goes with its last reference.
    unhash_inode(*inode);
    clear_state(*inode, I_NEW);
    inode->nlink = 1;
    iput(*inode);
    return nullptr;
  }
  inode->nlink = raw.nlink;
  inode->size = inode->disk_size = raw.size;
  inode->mtime = raw.mtime;
  clear_state(*inode, I_NEW);
  return inode;
}

/// ext4_get_inode_loc(): the block of its table entry. It need not be read if the entry is new and
/// no other one in the block is in use.
Buffer* Ext4::inode_block(Ext4Inode& inode, int& error) {
  const BlockNumber block = contents_.layout().inode_block(inode.ino);
  Buffer* const buffer = buffers_.getblk(block);
  if (buffer == nullptr) {
    error = -ENOMEM;
    return nullptr;
  }
  if (buffer->has(BH_Uptodate)) return buffer;
  if (inode.fresh && !contents_.shares_block(inode.ino)) {
    buffers_.fill(*buffer);
    return buffer;
  }
  buffers_.start_read(*buffer, site::bh_bio);
  buffers_.wait_on(*buffer);
  if (buffer->has(BH_Uptodate)) return buffer;
  buffers_.put(*buffer);
  error = -EIO;
  ++errors_;
  handle_error();
  return nullptr;
}

int Ext4::reserve_inode_write(Handle& handle, Ext4Inode& inode, Buffer*& buffer) {
  int error = 0;
  buffer = inode_block(inode, error);
  if (buffer != nullptr) {
    error = get_write_access(handle, *buffer);
    if (error != 0) {
      buffers_.put(*buffer);
      buffer = nullptr;
    }
  }
  std_error(error);
  return error;
}

/// ext4_mark_inode_dirty(): what is in memory goes to the table entry, in this transaction.
int Ext4::mark_inode_dirty(Handle& handle, Ext4Inode& inode) {
  core_.might_sleep();
  Buffer* buffer = nullptr;
  int error = reserve_inode_write(handle, inode, buffer);
  if (error != 0) return error;
  inode.fresh = false;
  inode.raw->nlink = inode.nlink;
  inode.raw->size = inode.directory ? inode.size : inode.disk_size;
  inode.raw->mtime = inode.mtime;
  error = dirty_metadata(handle, *buffer);
  inode.sync_tid = handle.transaction != nullptr ? handle.transaction->tid : inode.sync_tid;
  buffers_.put(*buffer);
  std_error(error);
  return error;
}

/// ext4_dirty_inode(): nobody is told if there is no handle to be had. What changed, a time as a
/// rule, is then in memory only, until the inode is dirtied again.
void Ext4::dirty_inode(Inode& inode) {
  Frame frame(core_.current(), "ext4_dirty_inode");
  int error = 0;
  Handle* const handle = start_handle(2, error);
  if (handle == nullptr) {
    if (error == -ENOMEM) memory_.failures().settle_last(Fate::degraded);
    return;
  }
  static_cast<void>(mark_inode_dirty(*handle, as_ext4(inode)));
  static_cast<void>(stop_handle(handle));
}

/// ext4_write_inode(): the journal has it; only somebody who waits for it forces a commit.
int Ext4::write_inode(Inode&, const Writeback& control) {
  if (!control.sync || core_.current().has(PF_MEMALLOC)) return 0;
  if (journal_.current() != nullptr) return -EIO;
  return journal_.force_commit() || !journal_.is_aborted() ? 0 : -EIO;
}

/// ext4_inode_attach_jinode().
int Ext4::attach_jinode(Ext4Inode& inode) {
  if (inode.jinode) return 0;
  const SlabObject object = memory_.alloc_object(jinode_cache_, site::jbd2_inode);
  if (!object) return -ENOMEM;
  if (inode.jinode) {
    memory_.free_object(object);
  } else {
    inode.jinode = object;
  }
  return 0;
}

/// ext4_clear_inode(): lets go of everything but its memory.
void Ext4::clear_inode(Ext4Inode& inode) {
  BRINK_ASSERT(!inode.has_pages());
  discard_preallocations(inode);
  inode.status.clear();
  if (inode.reserved_blocks != 0) {
    // Only what a failed write has leaked.
    leaked_reservations_ += inode.reserved_blocks;
    inode.reserved_blocks = 0;
  }
  if (inode.jinode) {
    memory_.free_object(inode.jinode);
    inode.jinode = {};
  }
  inode.drop_mapping();
}

// --- Files.

int Ext4::open(Inode& inode, bool write) {
  Frame frame(core_.current(), "ext4_file_open");
  if (inode.directory) return 0;
  if (write) {
    const int error = attach_jinode(as_ext4(inode));
    if (error != 0) return error;
    ++as_ext4(inode).writers;
  }
  inode.make_mapping(memory_, *this);
  return 0;
}

void Ext4::release(Inode& inode, bool write) {
  Frame frame(core_.current(), "ext4_release_file");
  Ext4Inode& ours = as_ext4(inode);
  if (inode.directory) return;
  if (ours.alloc_on_close) {
    ours.alloc_on_close = false;
    write_delayed(ours);
  }
  if (!write || --ours.writers != 0 || ours.reserved_blocks != 0) return;
  ours.i_data_sem.down_write();
  discard_preallocations(ours);
  ours.i_data_sem.up_write();
}

/// ext4_alloc_da_blocks(): starts to write what has no blocks yet, and leaves it at that. What
/// fails is the flusher's turn.
void Ext4::write_delayed(Ext4Inode& inode) {
  if (inode.reserved_blocks == 0) return;
  FailureLedger& failures = memory_.failures();
  const FailureId before = failures.last(core_.current());
  Writeback control;
  control.nr_to_write = std::int64_t{1} << 60;
  static_cast<void>(writepages(inode, control));
  while (failures.last(core_.current()) != before) failures.settle_last(Fate::deferred);
}

int Ext4::fsync(Inode& inode) {
  Frame frame(core_.current(), "ext4_sync_file");
  if (read_only()) return fs_aborted_ ? -EROFS : 0;
  int error = write_and_wait(vfs(), inode);
  if (error != 0) return error;
  const TransactionId tid = as_ext4(inode).sync_tid;
  const bool needs_barrier = !journal_.will_flush(tid);
  error = journal_.complete_transaction(tid);
  if (needs_barrier) {
    const int flushed = buffers_.issue_flush();
    if (error == 0) error = flushed;
  }
  return error;
}

}  // namespace brink
