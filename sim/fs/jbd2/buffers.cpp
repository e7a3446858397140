// Which transaction a buffer belongs to, and the copies that are made when a new one wants to
// change what an older one still has to write (fs/jbd2/transaction.c and journal.c, Linux 4.0).

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/jbd2/transaction_wait.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

// --- Journal heads.

/// The buffer's journal head, with a reference. Its memory is asked for until it is there, with the
/// handle open.
JournalHead* Journal::add_journal_head(Buffer& buffer) {
  if (buffer.jh != nullptr) return &grab(*buffer.jh);
  Frame frame(core_.current(), "jbd2_journal_add_journal_head");
  const SlabObject object =
      memory_.alloc_object_insisting(head_cache_, site::jbd2_journal_head, {.nap = 0});
  if (!object) return nullptr;
  if (buffer.jh != nullptr) {
    memory_.free_object(object);
    return &grab(*buffer.jh);
  }
  JournalHead& jh = heads_.make();
  jh.memory = object;
  jh.bh = &buffer;
  buffer.jh = &jh;
  buffers_.get(buffer);
  return &grab(jh);
}

void Journal::put_journal_head(JournalHead& jh) {
  if (core_.aborting()) return;
  BRINK_ASSERT(jh.users > 0);
  if (--jh.users != 0) return;
  BRINK_ASSERT(jh.transaction == nullptr && jh.next_transaction == nullptr);
  BRINK_ASSERT(jh.cp_transaction == nullptr && jh.list == JList::none);
  free_copy(jh.frozen);
  free_copy(jh.committed);
  Buffer& buffer = *jh.bh;
  buffer.jh = nullptr;
  memory_.free_object(jh.memory);
  heads_.destroy(jh);
  buffers_.put(buffer);
}

void Journal::free_copy(Pfn& copy) {
  if (copy == no_page) return;
  memory_.free_pages(copy, 0);
  copy = no_page;
}

bool Journal::try_to_free(Buffer& buffer) {
  JournalHead* const jh = buffer.jh;
  if (jh == nullptr) return true;
  if (buffer.has(BH_Lock | BH_Dirty)) return false;
  if (jh->transaction != nullptr || jh->next_transaction != nullptr) return false;
  grab(*jh);
  if (jh->cp_transaction != nullptr) remove_checkpoint(*jh);
  put_journal_head(*jh);
  return buffer.jh == nullptr;
}

// --- Lists of a transaction.

Transaction::Heads& Journal::heads_of(Transaction& transaction, JList list) {
  switch (list) {
    case JList::metadata: return transaction.metadata;
    case JList::forget: return transaction.forget;
    case JList::shadow: return transaction.shadow;
    case JList::reserved: return transaction.reserved;
    case JList::none: break;
  }
  BRINK_ASSERT(false);
  return transaction.metadata;
}

/// __jbd2_journal_temp_unlink_buffer(): off its list; if it was dirty, that is now the VM's
/// business.
void Journal::unlink(JournalHead& jh) {
  if (jh.list == JList::none) return;
  Transaction::Heads& heads = heads_of(*jh.transaction, jh.list);
  heads.erase(heads.iterator_to(jh));
  jh.list = JList::none;
  Buffer& buffer = *jh.bh;
  if (!buffer.has(BH_JBDDirty)) return;
  buffer.state &= ~std::uint32_t{BH_JBDDirty};
  if (!aborted_) buffers_.mark_dirty(buffer);
}

/// __jbd2_journal_file_buffer().
void Journal::file(JournalHead& jh, Transaction& transaction, JList list) {
  if (jh.transaction != nullptr && jh.list == list) return;
  Buffer& buffer = *jh.bh;
  const bool was_dirty = buffer.has(BH_Dirty | BH_JBDDirty);
  buffer.state &= ~std::uint32_t{BH_Dirty | BH_JBDDirty};
  if (jh.transaction != nullptr) {
    unlink(jh);
  } else {
    grab(jh);
  }
  jh.transaction = &transaction;
  heads_of(transaction, list).push_back(jh);
  jh.list = list;
  if (was_dirty) buffer.state |= BH_JBDDirty;
}

/// __jbd2_journal_unfile_buffer(): may free the journal head.
void Journal::unfile(JournalHead& jh) {
  unlink(jh);
  jh.transaction = nullptr;
  put_journal_head(jh);
}

/// __jbd2_journal_refile_buffer(): its transaction is done with it; the next one may want it.
void Journal::refile(JournalHead& jh) {
  if (jh.next_transaction == nullptr) return unfile(jh);
  Buffer& buffer = *jh.bh;
  const bool was_dirty = buffer.has(BH_JBDDirty);
  buffer.state &= ~std::uint32_t{BH_JBDDirty};
  unlink(jh);
  Transaction& next = *jh.next_transaction;
  jh.next_transaction = nullptr;
  jh.transaction = &next;
  file(jh, next, jh.modified ? JList::metadata : JList::reserved);
  if (was_dirty) buffer.state |= BH_JBDDirty;
}

// --- Access.

int Journal::do_get_write_access(Handle& handle, JournalHead& jh, bool force_copy) {
  Transaction& transaction = *handle.transaction;
  Buffer& buffer = *jh.bh;
  Pfn copy = no_page;
  int error = 0;
  for (;;) {
    if (aborted(handle)) {
      error = -EROFS;
      break;
    }
    buffers_.wait_on(buffer);  // lock_buffer()
    if (buffer.has(BH_Dirty)) {
      // From now on it is written by the journal only.
      buffer.state &= ~std::uint32_t{BH_Dirty};
      buffer.state |= BH_JBDDirty;
    }
    if (jh.transaction == &transaction || jh.next_transaction == &transaction) break;
    jh.modified = false;
    if (jh.frozen != no_page) {
      jh.next_transaction = &transaction;
      break;
    }
    if (jh.transaction != nullptr) {
      // The commit is writing the page itself: it must not change now.
      if (buffer.has(BH_Shadow)) {
        buffers_.wait_on(buffer, BH_Shadow);
        continue;
      }
      if (jh.list == JList::metadata || force_copy) {
        if (copy == no_page) {
          copy = memory_.alloc_pages(site::jbd2_frozen_copy);
          if (copy != no_page) continue;  // It may have slept.
          error = -ENOMEM;
          break;
        }
        core_.charge(core_.costs().copy_page);
        jh.frozen = copy;
        copy = no_page;
      }
      jh.next_transaction = &transaction;
    } else {
      file(jh, transaction, JList::reserved);
    }
    break;
  }
  if (error == 0) cancel_revoke(jh);
  free_copy(copy);
  return error;
}

int Journal::get_write_access(Handle& handle, Buffer& buffer) {
  if (aborted(handle)) return -EROFS;
  // Most blocks are in the transaction already.
  const JournalHead* const known = buffer.jh;
  if (known != nullptr && known->transaction == handle.transaction &&
      !buffer.has(BH_Lock | BH_Dirty)) {
    core_.charge(1);
    if (buffer.has(BH_RevokeValid) && !buffer.has(BH_Revoked)) return 0;
  }
  Frame frame(core_.current(), "jbd2_journal_get_write_access");
  JournalHead* const jh = add_journal_head(buffer);
  if (jh == nullptr) return -ENOMEM;
  const int error = do_get_write_access(handle, *jh, false);
  put_journal_head(*jh);
  return error;
}

int Journal::get_create_access(Handle& handle, Buffer& buffer) {
  Frame frame(core_.current(), "jbd2_journal_get_create_access");
  JournalHead* const jh = add_journal_head(buffer);
  if (jh == nullptr) return -ENOMEM;
  int error = 0;
  if (aborted(handle)) {
    error = -EROFS;
  } else {
    Transaction& transaction = *handle.transaction;
    if (jh->transaction == nullptr) {
      buffer.state &= ~std::uint32_t{BH_Dirty};
      jh->modified = false;
      file(*jh, transaction, JList::reserved);
    } else if (jh->transaction == committing_) {
      jh->modified = false;
      jh->next_transaction = &transaction;
    }
    cancel_revoke(*jh);
  }
  put_journal_head(*jh);
  return error;
}

int Journal::get_undo_access(Handle& handle, Buffer& buffer) {
  Frame frame(core_.current(), "jbd2_journal_get_undo_access");
  JournalHead* const jh = add_journal_head(buffer);
  if (jh == nullptr) return -ENOMEM;
  int error = do_get_write_access(handle, *jh, true);
  if (error == 0 && jh->committed == no_page) {
    Pfn copy = memory_.alloc_pages(site::jbd2_undo_copy);
    if (copy == no_page) {
      error = -ENOMEM;
    } else if (jh->committed == no_page) {
      core_.charge(core_.costs().copy_page);
      jh->committed = copy;
    } else {
      free_copy(copy);
    }
  }
  put_journal_head(*jh);
  return error;
}

int Journal::dirty_metadata(Handle& handle, Buffer& buffer) {
  if (aborted(handle)) return -EROFS;
  JournalHead* const jh = buffer.jh;
  if (jh == nullptr) return -EUCLEAN;
  if (!jh->modified) {
    jh->modified = true;
    if (handle.credits <= 0) return -ENOSPC;
    --handle.credits;
  }
  Transaction& transaction = *handle.transaction;
  if (jh->transaction == &transaction && jh->list == JList::metadata) return 0;
  buffer.state |= BH_JBDDirty;
  if (jh->transaction != &transaction) {
    // It is still being committed, and is refiled when that is done.
    return jh->transaction == committing_ && jh->next_transaction == &transaction ? 0 : -EINVAL;
  }
  file(*jh, transaction, JList::metadata);
  return 0;
}

int Journal::forget(Handle& handle, Buffer& buffer) {
  if (aborted(handle)) {
    buffers_.put(buffer);
    return -EROFS;
  }
  Transaction& transaction = *handle.transaction;
  JournalHead* const jh = buffer.jh;
  int error = 0;
  bool drop_reserve = false;
  if (jh != nullptr) {
    const bool was_modified = jh->modified;
    if (jh->committed != no_page) {
      error = -EIO;
    } else {
      jh->modified = false;
      if (jh->transaction == &transaction) {
        buffer.state &= ~std::uint32_t{BH_Dirty | BH_JBDDirty};
        drop_reserve = was_modified;
        // The commit makes the older copy obsolete: it still has a checkpoint to satisfy.
        if (jh->cp_transaction != nullptr) {
          unlink(*jh);
          file(*jh, transaction, JList::forget);
        } else {
          unfile(*jh);
        }
      } else if (jh->transaction != nullptr && jh->next_transaction != nullptr) {
        jh->next_transaction = nullptr;
        drop_reserve = was_modified;
      }
    }
  }
  buffers_.put(buffer);
  if (drop_reserve) ++handle.credits;
  return error;
}

}  // namespace brink
