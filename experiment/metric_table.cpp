// The table of metrics: one row a number that a run has.

#include <cerrno>

#include "experiment/metrics.hpp"

namespace brink {
namespace {

template <Verdict verdict>
std::uint64_t ended_in(const Outcome& outcome) {
  return outcome.verdict == verdict ? 1 : 0;
}

template <std::uint64_t Counters::*counter>
std::uint64_t counted(const Outcome& outcome) {
  return outcome.counters.*counter;
}

template <Cause cause>
std::uint64_t enomem_by(const Outcome& outcome) {
  return outcome.counters.enomem[static_cast<std::size_t>(cause)];
}

std::uint64_t enomem(const Outcome& outcome) {
  std::uint64_t sum = 0;
  for (const SyscallCount& row : outcome.syscalls) sum += row.error == ENOMEM ? row.count : 0;
  return sum;
}

std::uint64_t lockdep_reports(const Outcome& outcome) {
  std::uint64_t reports = 0;
  for (const Finding& finding : outcome.findings) {
    reports += finding.kind == Finding::Kind::lockdep ? 1 : 0;
  }
  return reports;
}

std::uint64_t locked_up(const Outcome& outcome) { return is_lockup(outcome.verdict) ? 1 : 0; }

constexpr auto indicator = MetricKind::indicator;
constexpr auto count = MetricKind::count;

constexpr MetricRow rows[] = {
    {"runs", indicator, true, "1 for every run", [](const Outcome&) { return std::uint64_t{1}; }},
    {"lockups", indicator, true, "memory_deadlock, deadlock, livelock, hung_task or soft_lockup",
     locked_up},
    {"lockups_proved", indicator, true, "memory_deadlock or deadlock",
     [](const Outcome& o) { return is_proved(o.verdict) ? std::uint64_t{1} : std::uint64_t{0}; }},
    {"lockups_absolute", indicator, true, "of the proved ones, those that no bystander could open",
     [](const Outcome& o) {
       return is_proved(o.verdict) && o.lockup.absolute ? std::uint64_t{1} : std::uint64_t{0};
     }},
    {"lockups_unattributed", indicator, true,
     "lockups of which every member could have been refused by a policy that refuses",
     [](const Outcome& o) { return o.lockup.never_refused.empty() ? locked_up(o) : 0; }},
    {"lockups_attributed", indicator, true,
     "lockups that a __GFP_NOFAIL site or a caller's own loop has a part in",
     [](const Outcome& o) { return o.lockup.never_refused.empty() ? 0 : locked_up(o); }},
    {"panic", indicator, true, "verdict", ended_in<Verdict::panic>},
    {"memory_deadlock", indicator, true, "verdict", ended_in<Verdict::memory_deadlock>},
    {"deadlock", indicator, true, "verdict", ended_in<Verdict::deadlock>},
    {"livelock", indicator, true, "verdict", ended_in<Verdict::livelock>},
    {"hung_task", indicator, true, "verdict", ended_in<Verdict::hung_task>},
    {"soft_lockup", indicator, true, "verdict", ended_in<Verdict::soft_lockup>},
    {"bug", indicator, true, "verdict", ended_in<Verdict::bug>},
    {"limit", indicator, true, "verdict", ended_in<Verdict::limit>},
    {"completed", indicator, true, "verdict", ended_in<Verdict::completed>},
    {"enomem", count, true, "system calls that returned ENOMEM to user space", enomem},
    {"enomem_give_up", count, true, "of these, because the policy gave up",
     enomem_by<Cause::give_up>},
    {"enomem_injected", count, true, "of these, because a fault said so",
     enomem_by<Cause::injected>},
    {"enomem_no_sleep", count, true, "of these, because the request could not wait",
     enomem_by<Cause::no_sleep>},
    {"enomem_victim", count, true, "of these, because the task was an OOM victim or freeing memory",
     enomem_by<Cause::victim>},
    {"enomem_limit", count, true, "of these, because a memory cgroup was at its limit",
     enomem_by<Cause::limit>},
    {"enomem_refusable", count, true, "of those by give-up, from sites that a policy may refuse",
     counted<&Counters::enomem_refusable>},
    {"oom_kills", count, true, "victims of the OOM killer", counted<&Counters::oom_kills>},
    {"fs_errors", count, true, "errors that file systems recorded about themselves",
     counted<&Counters::fs_errors>},
    {"failures_warned", count, true, "\"page allocation failure\" lines, 10 in 5 s at most",
     counted<&Counters::failures_warned>},
    {"lockdep_reports", count, true, "orders of locks that lockdep complained about, each once",
     lockdep_reports},
    {"page_touches", count, true, "pages that user code wrote to, swap-ins included",
     counted<&Counters::page_touches>},
    {"virtual_time", MetricKind::time, true, "how long the run took, in its own time",
     [](const Outcome& o) { return std::uint64_t{o.virtual_time / ms}; }},
    {"allocations", count, false, "page allocator requests", counted<&Counters::allocations>},
    {"slab_allocations", count, false, "slab requests", counted<&Counters::slab_allocations>},
    {"slow_path", count, false, "requests that entered the slow path",
     counted<&Counters::slow_path>},
    {"rounds", count, false, "slow-path rounds", counted<&Counters::rounds>},
    {"questions", count, false, "questions to the allocation policy",
     counted<&Counters::questions>},
    {"oom_rounds", count, false, "rounds that ran the OOM path", counted<&Counters::oom_rounds>},
    {"pages_scanned", count, false, "pages that reclaim looked at",
     counted<&Counters::pages_scanned>},
    {"pages_reclaimed", count, false, "pages that reclaim freed",
     counted<&Counters::pages_reclaimed>},
    {"swap_outs", count, false, "pages written to swap", counted<&Counters::swap_outs>},
    {"swap_ins", count, false, "pages read from swap", counted<&Counters::swap_ins>},
    {"compactions", count, false, "runs of compaction over a zone",
     counted<&Counters::compactions>},
    {"pages_migrated", count, false, "pages that compaction moved",
     counted<&Counters::pages_migrated>},
    {"direct_reclaims", count, false, "goes of requests at reclaim",
     counted<&Counters::direct_reclaims>},
    {"kswapd_wakeups", count, false, "how often kswapd was woken",
     counted<&Counters::kswapd_wakeups>},
    {"kswapd_low_wmark_hit_quickly", count, false,
     "of these, how often less than 100 ms after it had fallen asleep",
     counted<&Counters::kswapd_low_wmark_hit_quickly>},
    {"kswapd_high_wmark_hit_quickly", count, false,
     "how often kswapd was about to sleep and its marks did not hold",
     counted<&Counters::kswapd_high_wmark_hit_quickly>},
    {"direct_stalls", count, false, "naps of direct reclaim", counted<&Counters::direct_stalls>},
    {"direct_stall_time", MetricKind::time, false, "how long these took together",
     [](const Outcome& o) { return o.counters.direct_stall_time / ms; }},
    {"kswapd_stalls", count, false, "naps of kswapd while it reclaims",
     counted<&Counters::kswapd_stalls>},
    {"kswapd_stall_time", MetricKind::time, false, "how long these took together",
     [](const Outcome& o) { return o.counters.kswapd_stall_time / ms; }},
    {"context_switches", count, false, "switches between tasks",
     counted<&Counters::context_switches>},
    {"syscalls", count, false, "system calls", counted<&Counters::syscalls>},
};

}  // namespace

std::span<const MetricRow> metric_table() { return rows; }

}  // namespace brink
