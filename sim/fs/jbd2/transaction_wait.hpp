// Waiting for a transaction: every open handle must close, then the commit thread must run (design
// §4, "journal commit").
#pragma once

#include "sim/fs/jbd2/journal.hpp"

namespace brink {

class TransactionWait final : public Waitable {
 public:
  TransactionWait(const Journal& journal, TransactionId tid)
      : Waitable(WaitKind::commit), journal_(journal), tid_(tid) {}
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override;

 private:
  const Journal& journal_;
  const TransactionId tid_;
};

/// Parks the running task among `waiters`, once.
void sleep_for(Core& core, Waiters& waiters, const Waitable& wait);
void wake_all(Core& core, Waiters& waiters) noexcept;

}  // namespace brink
