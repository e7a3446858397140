// A machine of sim/mm as a kernel era sets it: rules and policies from the table of eras. The tests
// that use it never speak to a policy.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "brink/rules.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {

inline const EraRow& era_row(std::string_view name) {
  for (const EraRow& row : eras()) {
    if (row.name == name) return row;
  }
  BRINK_ASSERT(!"no such era");
  return eras()[0];
}

/// The policies of an era; `retries` is set if it is not -1.
class Era {
 public:
  explicit Era(std::string_view name, std::int64_t retries = -1) : row_(era_row(name)) {
    Table table = row_.alloc_policy.params;
    if (retries != -1) table.insert_or_assign("retries", Value(retries));
    alloc_ = make(alloc_policies(), row_.alloc_policy.name, table);
    // A reaper would take the memory of a victim that is not to get out.
    Table oom = row_.oom_policy.params;
    if (name == "6.1") oom.insert_or_assign("reaper", Value(false));
    oom_ = make(oom_policies(), row_.oom_policy.name, oom);
    reclaim_ = make(reclaim_policies(), row_.reclaim_policy.name, row_.reclaim_policy.params);
  }

  MachineSpec spec() const {
    MachineSpec spec;
    spec.alloc = alloc_.get();
    spec.killer = oom_.get();
    spec.reclaim = reclaim_.get();
    spec.rules = row_.rules;
    return spec;
  }

 private:
  template <class Policy>
  static std::unique_ptr<Policy> make(std::span<const PolicyRow<Policy>> rows,
                                      std::string_view name, const Table& table) {
    for (const PolicyRow<Policy>& row : rows) {
      if (row.name != name) continue;
      Params params(table, "era");
      auto policy = row.make(params);
      params.done();
      return policy;
    }
    return nullptr;
  }

  const EraRow& row_;
  std::unique_ptr<AllocPolicy> alloc_;
  std::unique_ptr<OomPolicy> oom_;
  std::unique_ptr<ReclaimPolicy> reclaim_;
};

/// One request on a machine where nothing ever becomes free, but by a kill. A process is there to
/// be killed; killed, it cannot exit.
struct Question {
  unsigned order = 0;
  Gfp gfp = GFP_KERNEL;
  std::int64_t retries = -1;
  std::uint32_t flags = 0;  ///< of the task that asks
  bool process = false;     ///< it is one itself
  // 64 MiB has marks of 64 and 192, and 48 pages of DMA are kept from others. What is left is too
  // little for any mark, but not so little that reclaimers are made to wait for kswapd.
  Pages dma = 60, dma32 = 100;
  Pages pinned = 0;         ///< pages of a file that count as reclaimable, and cannot be
  Pages clean = 0;          ///< pages of a file that can
  bool fragmented = false;  ///< instead of all that, every other page is free

  // What happens while it asks, a second and 7 ms later.
  bool chosen = false;                    ///< it becomes an OOM victim
  bool freed = false;                     ///< 300 pages become free
  bool exits = false;                     ///< the process that can be killed does exit
  void (*rules)(Rules& rules) = nullptr;  ///< what is otherwise than in the era
};

struct Answer {
  bool returned = false;
  bool got = false;
  bool victim = false;  ///< whoever asked has become one
  std::size_t kills = 0;
  Nanos time = 0;
  std::uint64_t hash = 0;
  Counters counters;
};

Answer ask(std::string_view era, const Question& question, Nanos time_limit = 600 * seconds);

}  // namespace brink::test
