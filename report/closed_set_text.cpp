// A lockup in words: each member's wait, then the chain that holds it there.

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

std::string called(const Lockup& lockup, TaskId id) {
  for (const LockupMember& member : lockup.members) {
    if (member.id == id) return fmt::format("{} (task {})", member.task, id);
  }
  return fmt::format("task {}", id);
}

std::string heading(const LockupMember& member) {
  std::string text = fmt::format("{} (task {})", member.task, member.id);
  if (member.victim) text += ", chosen by the OOM killer";
  if (!member.syscall.empty()) text += ", in " + member.syscall;
  if (!member.obliged) text += ", idle";
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

std::string told(const Lockup& lockup, const LockupMember& member, const Paint& paint) {
  std::string text = "  " + paint.strong(heading(member)) + "\n";
  text += fmt::format("    waits for {}, since {}", member.waits_for, time_text(member.since));
  if (member.holder != no_task) text += ", held by " + called(lockup, member.holder);
  text += "\n";
  if (member.memory && never_refused(member.on_failure)) {
    text += fmt::format("    no policy can refuse it: site {} {}\n", member.site,
                        member.on_failure == OnFailure::nofail
                            ? "passes __GFP_NOFAIL"
                            : "has a caller that asks again for ever");
  }
  text += suppliers(member);
  if (!member.locks_held.empty()) text += "    holds " + joined(member.locks_held, ", ") + "\n";
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
