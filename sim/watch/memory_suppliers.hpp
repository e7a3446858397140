// The suppliers of memory (design §4) as the memory model has them: what the watchers ask, answered
// from the waits, the reclaimers, the devices and the processes of one machine.
//
// Where an answer would need a walk over all pages, it is "it may": dirty pages name the flushers
// and the commit threads. I/O at real hardware ends by itself; what hardware does not have yet
// names those who hold the bios, and the threads of devices that are made of others.
#pragma once

#include "sim/kernel/kernel.hpp"
#include "sim/mm/memory_wait.hpp"
#include "sim/watch/obligations.hpp"
#include "sim/watch/suppliers.hpp"

namespace brink {

class ModelSuppliers final : public MemorySuppliers {
 public:
  explicit ModelSuppliers(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {}

  std::uint64_t stamp() const override;
  bool sticky(const Task& task) const override;
  bool pages(const Task& task) const override;
  bool reclaims(const Task& task) const override;
  bool may_enter_oom(const Task& task) const override;
  Nanos would_kill(const Task& task) const override;
  bool refusal(const Task& task) const override;
  std::uint32_t memcg(const Task& task) const override;
  void reclaimers(BlockerSink& sink) const override;
  void memcg_reclaimers(BlockerSink& sink) const override;
  bool io_frees() const override;
  void dying(BlockerSink& sink) const override;
  bool owns_pages(const Task& task) const override;
  RequestEvidence explain(const Task& task) const override;

 private:
  static const MemoryWait& wait_of(const Task& task);
  std::string pages_text(const MemoryWait& wait) const;
  std::string reclaim_text(const MemoryWait& wait) const;
  std::string io_text() const;
  std::string oom_text(const MemoryWait& wait) const;
  std::string refusal_text(const MemoryWait& wait) const;

  const Kernel& kernel_;
  Memory& memory_;
};

/// Who owes an answer, as the processes of one machine have it.
class KernelObligations final : public Obligations {
 public:
  explicit KernelObligations(const Kernel& kernel) : kernel_(kernel) {}
  Nanos obliged_since(const Task& task) const override { return kernel_.obliged_since(task); }
  const char* syscall(const Task& task) const override { return kernel_.syscall_of(task); }

 private:
  const Kernel& kernel_;
};

}  // namespace brink
