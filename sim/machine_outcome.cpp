// What a run came to, collected from all parts.

#include <algorithm>

#include "sim/machine.hpp"

namespace brink {

/// What the parts found out by themselves; what the oracles find once everything has ended.
OtherEndings Machine::other_endings() {
  OtherEndings endings;
  endings.panic = kernel_.panic_reason();
  if (endings.panic.empty() && watch_.completed_at() != never) {
    for (std::string& found : oracles()) kernel_.bug(found);
  }
  if (!kernel_.bugs().empty()) {
    endings.bug = kernel_.bugs().front();
    const std::size_t more = kernel_.bugs().size() - 1;
    if (more != 0) endings.bug += " (and " + std::to_string(more) + " more)";
  }
  return endings;
}

/// Looks for what a world that has come to rest must not have left behind.
std::vector<std::string> Machine::oracles() const {
  std::vector<std::string> found;
  const auto add = [&found](const char* where, const std::string& what) {
    if (!what.empty()) found.push_back(std::string(where) + ": " + what);
  };
  add("memory", memory_.check());
  for (const auto& sb : file_systems_) {
    // One that has recorded an error says itself that it needs fsck.
    if (sb->errors() == 0) add("file system", sb->check());
  }
  return found;
}

void Machine::fill(Outcome& outcome) {
  for (Finding& finding : lockdep_findings_) outcome.findings.push_back(std::move(finding));
  std::stable_sort(outcome.findings.begin(), outcome.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.at < b.at; });
  outcome.virtual_time = core_.machine_time();
  outcome.trace_hash = core_.hash();
  memory_.add_to(outcome.counters);
  outcome.counters.steps = core_.steps();
  outcome.counters.choices = core_.choices().count();
  for (const auto& sb : file_systems_) outcome.counters.fs_errors += sb->errors();
  outcome.counters.syscalls = kernel_.syscalls().total();
  for (TaskId id = 0; id < core_.task_count(); ++id) {
    outcome.counters.context_switches += core_.task(id).switches;
  }
  outcome.syscalls = kernel_.syscalls().counts();
  outcome.reactions = kernel_.syscalls().reactions();
  outcome.faults = memory_.hooks().counters();
  add_fates(outcome);
  if (spec_.keep_failures) outcome.failures = memory_.failures().take_records();
  if (spec_.tell_story) outcome.story = story_.take();
  if (spec_.keep_log) {
    if (!kernel_.panic_reason().empty()) log_.panic(kernel_.panic_reason());
    outcome.log = log_.take();
  }
  outcome.proc = std::move(proc_);
  if (spec_.keep_schedule) outcome.schedule = strategy_.schedule(core_);
  outcome.next_schedule = strategy_.next_schedule();
}

void Machine::add_fates(Outcome& outcome) {
  const auto& fates = memory_.failures().fates();
  for (std::size_t site = 0; site < fates.size(); ++site) {
    const auto any = [](std::uint64_t count) { return count != 0; };
    if (!std::any_of(fates[site].begin(), fates[site].end(), any)) continue;
    outcome.fates[memory_.sites().name(static_cast<Site>(site))] = fates[site];
  }
}

}  // namespace brink
