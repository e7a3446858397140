// Who could still supply memory.

#include "sim/watch/memory_suppliers.hpp"

#include "sim/mm/kswapd.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/oom_reaper.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// The wait for memory that decides: the task's unlimited loop, or what it is parked on.
const MemoryWait& ModelSuppliers::wait_of(const Task& task) {
  const Waitable* const wait =
      task.loop != nullptr && task.loop->kind() == WaitKind::memory ? task.loop : task.wait;
  BRINK_ASSERT(wait != nullptr && wait->kind() == WaitKind::memory);
  return static_cast<const MemoryWait&>(*wait);
}

/// What may run out without anybody parking: a bit for each class, for I/O, for kswapd; the number
/// of victims above them.
std::uint64_t ModelSuppliers::stamp() const {
  constexpr std::array<Gfp, reclaim_classes> masks = {GFP_NOIO, GFP_NOFS, GFP_KERNEL};
  std::uint64_t bits = memory_.oom().victims();
  for (const Gfp mask : masks) {
    bits = bits << 1 | (memory_.reclaim().exhausted(reclaim_class(mask), mask) ? 1u : 0u);
  }
  if (const Memcgs* const groups = memory_.memcgs()) {
    for (std::size_t i = 1; i <= groups->count(); ++i) {
      const auto group = static_cast<MemcgId>(i);
      const bool out = memory_.reclaim().memcg_exhaustion(group, ReclaimClass::kernel).exhausted;
      bits = bits * 31 + (out ? 1u : 0u);
    }
  }
  bits = bits << 1 | (io_frees() ? 0u : 1u);
  return bits << 1 | (memory_.kswapd().gave_up() ? 1u : 0u);
}

bool ModelSuppliers::sticky(const Task& task) const { return wait_of(task).sticky(); }

bool ModelSuppliers::pages(const Task& task) const { return wait_of(task).free_pages_suffice(); }

bool ModelSuppliers::reclaims(const Task& task) const {
  const MemoryWait& wait = wait_of(task);
  return wait.may_reclaim() && !wait.exhaustion().exhausted;
}

bool ModelSuppliers::may_enter_oom(const Task& task) const { return wait_of(task).may_enter_oom(); }

Nanos ModelSuppliers::would_kill(const Task& task) const { return wait_of(task).would_kill(); }

bool ModelSuppliers::refusal(const Task& task) const {
  return wait_of(task).rounds_left() != unlimited;
}

std::uint32_t ModelSuppliers::memcg(const Task& task) const { return wait_of(task).memcg(); }

void ModelSuppliers::reclaimers(BlockerSink& sink) const {
  const Kswapd& kswapd = memory_.kswapd();
  if (kswapd.running() && !kswapd.gave_up()) sink.task(*kswapd.task());
  memcg_reclaimers(sink);
}

void ModelSuppliers::memcg_reclaimers(BlockerSink& sink) const {
  const OomReaper* const reaper = memory_.oom().reaper();
  if (reaper != nullptr && reaper->busy()) sink.task(reaper->task());
  for (const Task* isolator : memory_.reclaim().isolators()) sink.inner(*isolator);
  for (const auto& flusher : kernel_.vfs().flushers()) {
    if (flusher->task() != nullptr && flusher->has_dirty()) sink.task(*flusher->task());
  }
  for (const SuperBlock* sb : kernel_.vfs().super_blocks()) sb->cleaners(sink);
  // Pages under I/O that hardware does not have yet.
  Block& block = kernel_.vfs().block();
  block.bios().pool().holders(sink);
  for (const auto& device : block.devices()) device->carriers(sink);
}

bool ModelSuppliers::io_frees() const {
  for (const auto& device : kernel_.vfs().block().devices()) {
    if (device->in_flight() != 0) return true;
  }
  return false;
}

void ModelSuppliers::dying(BlockerSink& sink) const {
  for (const auto& process : kernel_.processes()) {
    const Task& task = *process->task;
    if (process->ended || task.state == TaskState::dead) continue;
    if (task.has(PF_EXITING) || task.has(FATAL_SIGNAL) || task.has(TIF_MEMDIE)) sink.task(task);
  }
}

/// A kernel thread may hold whatever it works on; a process its memory, or what its files stand
/// for.
bool ModelSuppliers::owns_pages(const Task& task) const {
  const Process* const process = task.process;
  if (process == nullptr) return true;
  if (process->ended || process->init) return false;
  const AddressSpace& mm = process->mm;
  const bool memory =
      process->has_mm && (mm.rss() != 0 || mm.swap_entries() != 0 || mm.page_tables() != 0);
  return memory || task.locks != nullptr || process->files.next(0) >= 0 ||
         kernel_.owns_objects(*process);
}

// --- Evidence.

RequestEvidence ModelSuppliers::explain(const Task& task) const {
  const MemoryWait& wait = wait_of(task);
  RequestEvidence evidence;
  const AllocAttempt& attempt = wait.attempt();
  evidence.site = memory_.sites().name(attempt.site);
  evidence.what = "order " + std::to_string(attempt.order) + ", " + gfp_text(attempt.gfp) +
                  ", site " + evidence.site;
  evidence.on_failure = attempt.on_failure;
  const bool charge = wait.asker() == MemoryWait::Asker::charge;
  evidence.never_refused =
      charge || never_refused(attempt.on_failure) || has(attempt.gfp, Gfp::nofail);
  evidence.first_question = wait.first_question();
  if (wait.sticky()) {
    evidence.suppliers = {{"injected", "the failure is injected, and will be for ever"}};
    return evidence;
  }
  evidence.suppliers = {{"free pages", pages_text(wait)},
                        {"reclaim", reclaim_text(wait)},
                        {"I/O", io_text()},
                        {"OOM kill", oom_text(wait)},
                        {"refusal", refusal_text(wait)}};
  return evidence;
}

std::string ModelSuppliers::pages_text(const MemoryWait& wait) const {
  if (wait.memcg() != root_memcg) {
    const Memcgs& groups = *memory_.memcgs();
    return groups.path(wait.memcg()) + ": " + std::to_string(groups.usage(wait.memcg())) +
           " of its " + std::to_string(groups.limit(wait.memcg())) + " pages are charged";
  }
  std::vector<ZoneView> zones;
  const MemoryView view = memory_.view(wait.attempt().gfp, zones);
  std::string text;
  for (const ZoneView& zone : view.zones) {
    text += (text.empty() ? "" : "; ") + std::string(zone.name) + ": " + std::to_string(zone.free) +
            " free, its marks are " + std::to_string(zone.min) + ", " + std::to_string(zone.low) +
            " and " + std::to_string(zone.high);
  }
  return text;
}

std::string ModelSuppliers::reclaim_text(const MemoryWait& wait) const {
  if (!wait.may_reclaim()) return "it may not: it reclaims itself, or its mask forbids it";
  const AllocAttempt& attempt = wait.attempt();
  const Exhaustion left =
      wait.memcg() != root_memcg
          ? memory_.reclaim().memcg_exhaustion(wait.memcg(), wait.rights(), true)
          : memory_.exhaustion(wait.rights(), attempt.gfp, true);
  if (!left.exhausted) return std::string(name(wait.rights())) + ", not exhausted";
  return std::string("exhausted ") + name(wait.rights()) + ": all " + std::to_string(left.tried) +
         " pages were tried in vain (" + std::to_string(left.anon_without_swap) +
         " anonymous without swap, " + std::to_string(left.dirty) + " dirty, " +
         std::to_string(left.writeback) + " under writeback, " + std::to_string(left.locked) +
         " locked, " + std::to_string(left.pinned) + " held by the file system or by references)";
}

std::string ModelSuppliers::io_text() const {
  return io_frees() ? "some is in flight" : "none is in flight";
}

std::string ModelSuppliers::oom_text(const MemoryWait& wait) const {
  if (!wait.may_enter_oom()) return "this request may not kill";
  if (memory_.oom().locked()) {
    const Task& holder = memory_.core().task(memory_.oom().holder());
    return "the OOM lock is held by " + std::string(holder.name()) + ":" +
           std::to_string(holder.id);
  }
  const Nanos when = wait.would_kill();
  if (when != never) return "would kill";
  const std::uint32_t victims = memory_.oom().victims();
  if (victims == 0) return "the policy would kill nobody";
  const OomReaper* const reaper = memory_.oom().reaper();
  if (reaper != nullptr && reaper->busy()) return "the reaper has yet to try its victims";
  return "the policy waits for " + std::to_string(victims) +
         (victims == 1 ? " victim" : " victims") + " that it chose before";
}

std::string ModelSuppliers::refusal_text(const MemoryWait& wait) const {
  const AllocAttempt& attempt = wait.attempt();
  if (has(attempt.gfp, Gfp::nofail)) return "never: __GFP_NOFAIL";
  if (wait.asker() == MemoryWait::Asker::charge && wait.rounds_left() == unlimited) {
    return "never: the charge is tried again";
  }
  if (wait.asker() == MemoryWait::Asker::caller) return "never: the caller asks again";
  if (wait.asker() == MemoryWait::Asker::fault) return "never: the access is executed again";
  if (wait.rounds_left() != unlimited)
    return "after " + std::to_string(wait.rounds_left()) + " rounds";
  return "never by the policy, after " + std::to_string(attempt.rounds) + " rounds, " +
         std::to_string(attempt.oom_rounds) + " of them through the OOM path";
}

}  // namespace brink
