#include "sim/watch/lockup_text.hpp"

#include <algorithm>

namespace brink {
namespace {

std::string when(Nanos time) {
  const std::string fraction = std::to_string(seconds + time % seconds).substr(1);
  return std::to_string(time / seconds) + "." + fraction + " s";
}

std::string line(std::string label, const std::string& text) {
  if (label.size() < 12) label.resize(12, ' ');
  return "    " + label + text + "\n";
}

std::string name(const LockupMember& member) {
  return member.task + ":" + std::to_string(member.id);
}

/// The member of this id, or its number if it is none.
std::string name(const Lockup& lockup, TaskId id) {
  for (const LockupMember& member : lockup.members) {
    if (member.id == id) return name(member);
  }
  return "task " + std::to_string(id);
}

template <class List>
std::string join(const List& list, const char* between) {
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : between) + std::string(one);
  return text;
}

std::string head(Verdict verdict, const Lockup& lockup) {
  const bool one = lockup.members.size() == 1;
  std::string text = std::string(name(verdict)) + ": " + std::to_string(lockup.members.size()) +
                     (one ? " task" : " tasks");
  if (!is_proved(verdict)) return text + " without progress\n";
  text += std::string(" that can never progress again; closed at ") + when(lockup.closed_at) +
          ", after " + std::to_string(lockup.closed_at_choice) + " choices\n";
  if (lockup.absolute) return text + "  Nobody else could help.\n";
  return text + "  Only bystanders could have helped, and through the whole settling phase none did: " +
         join(lockup.bystanders, ", ") + "\n";
}

std::string body(const Lockup& lockup, const LockupMember& member) {
  std::string text = "  " + name(member);
  if (!member.syscall.empty()) text += ", in " + member.syscall;
  if (member.victim) text += ", chosen by the OOM killer";
  text += "\n" + line("waits for", member.waits_for +
                      (member.holder == no_task ? "" : ", held up by " + name(lockup, member.holder)));
  text += line("since", when(member.since));
  if (!member.locks_held.empty()) text += line("holds", join(member.locks_held, ", "));
  if (member.memory && never_refused(member.on_failure)) {
    text += line("refusal", "never: " + member.site + " is a site of kind " +
                                name(member.on_failure));
  }
  for (const SupplierReport& supplier : member.suppliers) {
    text += line(supplier.supplier, supplier.why);
  }
  if (!member.frames.empty()) text += line("in", join(member.frames, " > "));
  return text;
}

}  // namespace

std::string lockup_text(Verdict verdict, const Lockup& lockup) {
  std::string text = head(verdict, lockup);
  // Whoever loops for memory comes first: the others wait behind it.
  for (const bool memory : {true, false}) {
    for (const LockupMember& member : lockup.members) {
      if (member.memory == memory) text += body(lockup, member);
    }
  }
  if (!lockup.never_refused.empty()) {
    text += "  No policy could refuse: " + join(lockup.never_refused, ", ") + "\n";
  }
  return text;
}

}  // namespace brink
