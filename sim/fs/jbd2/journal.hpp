// The journal of a file system: transactions, the handles that make them up, and the thread that
// commits them (fs/jbd2, Linux 4.0). Left out: recovery, data journalling, reserved handles, fast
// and asynchronous commits, checksums, barriers set by jbd2_journal_lock_updates().
//
// What a block contains is the file system's own business; the journal knows whose it is, whether
// the copy that goes to disk had to be made, and how many blocks of the log everything takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/block/list.hpp"
#include "sim/block/pool.hpp"
#include "sim/fs/buffer.hpp"
#include "sim/fs/flat_map.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/locking/wait_queue.hpp"

namespace brink {

class Journal;
struct Transaction;

using TransactionId = std::uint32_t;

/// Which list of its transaction a journal head is on (BJ_*).
enum class JList : std::uint8_t { none, metadata, forget, shadow, reserved };

/// The journal's side of a buffer (struct journal_head).
struct JournalHead {
  Buffer* bh = nullptr;
  Transaction* transaction = nullptr;  ///< the compound transaction that owns it
  Transaction* next_transaction =
      nullptr;                            ///< the running one, if that modifies a committing buffer
  Transaction* cp_transaction = nullptr;  ///< the one that it must be written in place for
  JList list = JList::none;
  bool on_io_list = false;  ///< of cp_transaction: already being written
  bool modified = false;    ///< counted against a handle's credits
  std::uint32_t users = 0;  ///< b_jcount: callers, a transaction, a checkpoint
  Pfn frozen = no_page;     ///< copy for the committing transaction
  Pfn committed = no_page;  ///< copy of what is known to be on disk
  SlabObject memory;
  ListHook t_hook;
  ListHook cp_hook;
};

struct Handle;

struct Transaction {
  enum class State : std::uint8_t {
    running,
    locked,  ///< no new handles: it waits for the open ones
    flush,   ///< a new transaction may run
    commit,
    dflush,
    jflush,
    callback,
    finished,
  };
  using Heads = IntrusiveList<JournalHead, &JournalHead::t_hook>;
  using Checkpoints = IntrusiveList<JournalHead, &JournalHead::cp_hook>;

  TransactionId tid = 0;
  State state = State::running;
  std::uint32_t updates = 0;  ///< open handles
  std::int64_t outstanding_credits = 0;
  std::uint32_t log_start = 0;
  Nanos started = 0, expires = 0;
  std::vector<Handle*> handles;  ///< the open ones, by age
  Heads metadata, forget, shadow, reserved;
  Checkpoints checkpoint, checkpoint_io;
  std::vector<std::uint64_t> callbacks;  ///< what commit_callback() is given, in order
  SlabObject memory;
  ListHook hook;  ///< on the list of those to checkpoint
};

/// One task's part in a transaction (handle_t).
struct Handle {
  Transaction* transaction = nullptr;
  Task* task = nullptr;
  Nanos since = 0;  ///< when it was opened
  std::uint32_t ref = 1;
  std::int64_t credits = 0;
  int err = 0;
  bool aborted = false;
  bool sync = false;
  SlabObject memory;
};

/// Told when a transaction has been committed; the file system implements it.
class JournalClient {
 public:
  virtual void commit_callback(std::uint64_t what) = 0;

 protected:
  ~JournalClient() = default;
};

class Journal final : public BufferOwner {
 public:
  static constexpr Nanos commit_interval = 5 * seconds;

  /// `log` says where on the device block i of the log is, for i < `blocks`.
  using LogBlock = BlockNumber (*)(const void* client, std::uint32_t index);
  Journal(BufferCache& buffers, std::uint32_t blocks, LogBlock log, const void* log_data,
          JournalClient& client);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Takes the journal's own superblock into memory and spawns kjournald2, a daemon; called by the
  /// task that mounts.
  void load();

  // --- Handles.

  /// The running task's open handle, or null.
  Handle* current() const;
  /// jbd2_journal_start(): joins the running transaction, or the task's own open handle. Null and
  /// `error` if there is no memory for a handle, or the journal has aborted. May sleep for a commit
  /// or for space in the log.
  Handle* start(std::uint32_t blocks, int& error);
  /// 0, or -EIO if the handle or the journal has aborted.
  int stop(Handle& handle);
  /// Asks for more credits: 0, 1 if the transaction has none left, or a negative errno.
  int extend(Handle& handle, std::uint32_t blocks);
  /// Lets the transaction so far be committed and goes on in another.
  int restart(Handle& handle, std::uint32_t blocks);
  bool aborted(const Handle& handle) const {
    return handle.aborted || handle.transaction == nullptr || aborted_;
  }

  // --- Buffers. Each returns 0 or a negative errno.

  int get_write_access(Handle& handle, Buffer& buffer);
  int get_create_access(Handle& handle, Buffer& buffer);
  /// Keeps a copy of the block as it was committed. No file system of Linux 4.0 but OCFS2 asks.
  int get_undo_access(Handle& handle, Buffer& buffer);
  int dirty_metadata(Handle& handle, Buffer& buffer);
  /// The block is freed: takes it out of the transaction, and drops the caller's reference.
  int forget(Handle& handle, Buffer& buffer);
  /// The block is freed and must not be replayed from older transactions. Drops the reference.
  int revoke(Handle& handle, BlockNumber block, Buffer* buffer);
  bool try_to_free(Buffer& buffer) override;
  /// `what` is handed to commit_callback() when the handle's transaction is on disk.
  void on_commit(Handle& handle, std::uint64_t what) {
    handle.transaction->callbacks.push_back(what);
  }

  // --- Commits.

  /// Asks for a commit of this transaction; true if that is news.
  bool log_start_commit(TransactionId tid);
  /// 0 once it is committed, or -EIO if the journal has aborted.
  int log_wait_commit(TransactionId tid);
  /// Commits it if it is not, and waits.
  int complete_transaction(TransactionId tid);
  /// Commits whatever there is (jbd2_journal_force_commit_nested()); true if there was something.
  bool force_commit();
  /// jbd2_trans_will_send_data_barrier().
  bool will_flush(TransactionId tid) const;

  /// The journal takes nothing more; `error` is 0 if it is only the end of it.
  void abort(int error);
  bool is_aborted() const { return aborted_; }

  Transaction* running() const { return running_; }
  Transaction* committing() const { return committing_; }
  Task* task() const { return task_; }
  std::uint32_t free_blocks() const { return free_; }
  TransactionId committed() const { return commit_sequence_; }
  std::size_t heads() const { return heads_.live(); }
  std::size_t checkpoints() const { return checkpoints_.size(); }
  BufferCache& buffers() const { return buffers_; }

 private:
  friend class Commit;
  friend class TransactionWait;

  struct Revoke {
    BlockNumber block;
    SlabObject memory;
    bool live;
  };
  struct RevokeTable {
    std::vector<Revoke> records;
    FlatMap<BlockNumber, std::uint32_t> index;
  };

  static bool before(TransactionId a, TransactionId b) {
    return static_cast<std::int32_t>(a - b) < 0;
  }

  // transaction.cpp
  int start_this_handle(Handle& handle);
  void get_transaction(SlabObject object);
  bool add_credits(Handle& handle);
  void wait_transaction_locked();
  void finish_handle(Handle& handle);
  void set_current(Handle* handle);
  // buffers.cpp
  JournalHead* add_journal_head(Buffer& buffer);
  void put_journal_head(JournalHead& jh);
  JournalHead& grab(JournalHead& jh) {
    ++jh.users;
    return jh;
  }
  int do_get_write_access(Handle& handle, JournalHead& jh, bool force_copy);
  void file(JournalHead& jh, Transaction& transaction, JList list);
  void unlink(JournalHead& jh);
  void unfile(JournalHead& jh);
  void refile(JournalHead& jh);
  void free_copy(Pfn& copy);
  static Transaction::Heads& heads_of(Transaction& transaction, JList list);
  // revoke.cpp
  int insert_revoke(BlockNumber block);
  void cancel_revoke(JournalHead& jh);
  void clear_revoked_flags();
  // checkpoint.cpp
  std::int64_t log_space_left() const;
  std::int64_t space_needed() const;
  void log_wait_for_space();
  void do_checkpoint();
  bool cleanup_tail();
  bool log_tail(TransactionId& tid, std::uint32_t& block) const;
  void update_tail(TransactionId tid, std::uint32_t block);
  void write_superblock();
  void clean_checkpoint_list();
  void insert_checkpoint(JournalHead& jh, Transaction& transaction);
  bool remove_checkpoint(JournalHead& jh);
  void drop_transaction(Transaction& transaction);
  void wait_checkpoint_io(Transaction& transaction);
  bool write_checkpoint(Transaction& transaction);
  // journal.cpp
  static void run(void* journal);
  void loop();
  std::uint32_t next_log_block();

  BufferCache& buffers_;
  Memory& memory_;
  Core& core_;
  JournalClient& client_;
  const LogBlock log_;
  const void* const log_data_;
  const std::uint32_t blocks_;  ///< of the log; block 0 is its superblock
  const std::uint32_t max_transaction_buffers_;
  SlabCache& handle_cache_;
  SlabCache& transaction_cache_;
  SlabCache& head_cache_;
  SlabCache& revoke_cache_;

  Task* task_ = nullptr;
  bool aborted_ = false;
  int errno_ = 0;
  int checkpoint_error_ = 0;           ///< a block could not be written in place
  Buffer* superblock_ = nullptr;       ///< of the journal; in memory for good
  TransactionId sequence_ = 1;         ///< of the next transaction
  TransactionId commit_sequence_ = 0;  ///< the latest that is on disk
  TransactionId commit_request_ = 0;   ///< the latest that somebody wants committed
  TransactionId tail_sequence_ = 1;
  std::uint32_t head_ = 1, tail_ = 1;  ///< in the log
  std::uint32_t free_;
  Transaction* running_ = nullptr;
  Transaction* committing_ = nullptr;
  IntrusiveList<Transaction, &Transaction::hook> checkpoints_;  ///< the oldest first

  WaitQueue wait_commit_;        ///< kjournald2 without work
  Waiters transaction_waiters_;  ///< for a locked transaction to go on
  Waiters update_waiters_;       ///< kjournald2, for handles to close
  Waiters done_waiters_;         ///< for a commit to be done
  Mutex checkpoint_mutex_;

  RevokeTable revokes_[2];
  unsigned revoke_table_ = 0;     ///< the running transaction's
  std::vector<Handle*> current_;  ///< by task
  Pool<Handle> handles_;
  Pool<Transaction> transactions_;
  Pool<JournalHead> heads_;
};

}  // namespace brink
