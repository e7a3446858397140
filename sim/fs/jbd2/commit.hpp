// One commit (fs/jbd2/commit.c, Linux 4.0). Ordered data is not written here: with delayed
// allocation a file's size grows only after its data is on its way.
#pragma once

#include <deque>
#include <vector>

#include "sim/fs/jbd2/journal.hpp"

namespace brink {

class Commit {
 public:
  /// Of the journal's running transaction, by kjournald2.
  explicit Commit(Journal& journal);
  void run();

 private:
  /// A block on its way to the log.
  struct Write {
    JournalHead* jh;    ///< what it is a copy of; null for the journal's own blocks
    Buffer* control;    ///< the journal's own block
    SlabObject shadow;  ///< buffer head of a copy
    bool done;
    int error;
  };

  void lock();
  void write_revokes();
  void write_metadata();
  bool add_descriptor();
  int add_copy(JournalHead& jh);
  void submit();
  void start(Write& write);
  void wait_for_copies();
  void wait_for_controls();
  void write_commit_record();
  void make_checkpoints();
  void finish();
  Buffer* control_block();
  static void ended(Bio& bio);

  Journal& journal_;
  Core& core_;
  Memory& memory_;
  BufferCache& buffers_;
  Transaction& transaction_;
  SlabCache& shadow_cache_;
  std::deque<Write> copies_, controls_;
  std::vector<Write*> queue_;          ///< not submitted yet
  std::vector<std::uint32_t> places_;  ///< in the log, of each in the queue
  std::uint32_t tags_left_ = 0;        ///< in the current descriptor block
  bool described_ = false;
  int error_ = 0;
  bool update_tail_ = false;
  TransactionId first_tid_ = 0;
  std::uint32_t first_block_ = 0;
  WaitQueue io_;
};

}  // namespace brink
