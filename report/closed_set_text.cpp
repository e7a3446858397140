// A lockup in words: first the knot in one line, then each member with what holds it there.

#include <fmt/core.h>

#include <algorithm>

#include "report/explain_text.hpp"
#include "report/text.hpp"

namespace brink {
namespace {

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

const LockupMember* find(const Lockup& lockup, TaskId id) {
  const auto found = std::find_if(lockup.members.begin(), lockup.members.end(),
                                  [id](const LockupMember& member) { return member.id == id; });
  return found == lockup.members.end() ? nullptr : &*found;
}

std::string called(const Lockup& lockup, TaskId id) {
  const LockupMember* member = find(lockup, id);
  if (member == nullptr) return fmt::format("task {}", id);
  return fmt::format("{} (task {})", member->task, id);
}

/// "holds" a lock, "holds up" anything else that is waited for.
std::string link(const LockupMember& waiter, const LockupMember& holder) {
  if (waiter.memory) return "should free";
  const std::vector<std::string>& held = holder.locks_held;
  const bool holds = std::find(held.begin(), held.end(), waiter.waits_for) != held.end();
  return holds ? "holds" : "holds up";
}

/// "A loops for memory that B should free, who waits for mutex M that A holds": from whoever waits
/// for memory along what each waits for, until somebody comes again.
std::string knot(const Lockup& lockup) {
  if (lockup.members.empty()) return {};
  const auto first = std::find_if(lockup.members.begin(), lockup.members.end(),
                                  [](const LockupMember& member) { return member.memory; });
  const LockupMember* at = first == lockup.members.end() ? &lockup.members.front() : &*first;
  std::string text = "  " + called(lockup, at->id);
  std::vector<TaskId> seen;
  while (true) {
    seen.push_back(at->id);
    text += at->memory ? " loops for memory" : " waits for " + at->waits_for;
    const LockupMember* next = find(lockup, at->holder);
    if (next == nullptr) return text + "\n";
    text += " that " + called(lockup, next->id) + " " + link(*at, *next);
    if (std::find(seen.begin(), seen.end(), next->id) != seen.end()) return text + "\n";
    text += ", who";
    at = next;
  }
}

std::string heading(const LockupMember& member) {
  std::string text = fmt::format("{} (task {})", member.task, member.id);
  if (member.victim) text += ", chosen by the OOM killer";
  if (!member.syscall.empty()) text += ", in " + member.syscall;
  return text;
}

std::string suppliers(const LockupMember& member) {
  std::size_t width = 0;
  for (const SupplierReport& row : member.suppliers) {
    width = std::max(width, display_width(row.supplier));
  }
  std::string text;
  for (const SupplierReport& row : member.suppliers) {
    text += "      " + row.supplier + std::string(width - display_width(row.supplier), ' ') + "  " +
            row.why + "\n";
  }
  return text;
}

/// Who among the members waits for a lock that this one holds.
std::vector<std::string> waiters(const Lockup& lockup, const LockupMember& holder) {
  std::vector<std::string> names;
  for (const LockupMember& member : lockup.members) {
    if (member.memory || member.holder != holder.id || member.id == holder.id) continue;
    names.push_back(called(lockup, member.id) + (member.victim ? ", the victim" : ""));
  }
  return names;
}

/// Why a request can never be refused by any policy; empty if one may.
std::string never(const LockupMember& member) {
  if (!member.memory || !never_refused(member.on_failure)) return {};
  return fmt::format("    no policy can refuse it: site {} {}\n", member.site,
                     member.on_failure == OnFailure::nofail
                         ? "passes __GFP_NOFAIL"
                         : "has a caller that asks again for ever");
}

std::string told(const Lockup& lockup, const LockupMember& member, const Paint& paint) {
  std::string text = "  " + paint.strong(heading(member)) + "\n";
  text += fmt::format("    {} {}, since {}", member.memory ? "loops for" : "waits for",
                      member.waits_for, time_text(member.since));
  if (member.holder != no_task) {
    text +=
        (member.memory ? "; it should come from " : ", held by ") + called(lockup, member.holder);
  }
  text += "\n" + never(member) + suppliers(member);
  if (!member.locks_held.empty()) text += "    holds " + joined(member.locks_held, ", ") + "\n";
  const std::vector<std::string> behind = waiters(lockup, member);
  if (!behind.empty()) text += "    waited for by " + joined(behind, "; ") + "\n";
  if (!member.frames.empty()) text += "    at " + joined(member.frames, " → ") + "\n";
  return text;
}

}  // namespace

std::string closed_set_text(const Lockup& lockup, const Paint& paint) {
  std::string text =
      fmt::format("Closed at {}, choice {}: {}\n", time_text(lockup.closed_at),
                  grouped(lockup.closed_at_choice),
                  lockup.absolute ? "absolutely, nobody outside of the set could help"
                                  : "unless a bystander had helped, and none did");
  text += knot(lockup);
  // Whoever waits for memory comes first: the others wait behind it.
  for (const bool memory : {true, false}) {
    for (const LockupMember& member : lockup.members) {
      if (member.memory == memory) text += told(lockup, member, paint);
    }
  }
  if (!lockup.bystanders.empty()) {
    text += "  bystanders: " + joined(lockup.bystanders, ", ") + "\n";
  }
  return text;
}

}  // namespace brink
