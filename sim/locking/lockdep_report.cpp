// What lockdep prints (kernel/locking/lockdep.c, Linux 4.0): its headings and their order. Classes
// stand for addresses, and the frames that model functions declare for native stacks.

#include <algorithm>

#include "sim/locking/lock.hpp"
#include "sim/locking/lockdep.hpp"

namespace brink {
namespace {

constexpr const char* circle_heading =
    "\n======================================================\n"
    "[ INFO: possible circular locking dependency detected ]\n"
    "-------------------------------------------------------\n";
constexpr const char* recursion_heading =
    "\n=============================================\n"
    "[ INFO: possible recursive locking detected ]\n"
    "---------------------------------------------\n";

std::string who(const Task& task) {
  return std::string(task.name()) + '/' + std::to_string(task.id);
}

std::string stack(const Task& task) {
  std::string text;
  for (std::uint32_t i = std::min(task.frames.depth, ShadowStack::depth_max); i-- != 0;) {
    text += std::string("       ") + task.frames.frames[i] + '\n';
  }
  return text;
}

}  // namespace

std::string Lockdep::lock_line(const Held& held) const {
  std::string line = " (" + names_[held.key] + ')';
  if (held.lock != nullptr) line += ", at: " + held.lock->describe();
  if (held.use == LockUse::shared) line += " (read)";
  return line + '\n';
}

std::string Lockdep::entry(std::size_t depth, Key key, const std::string& frames) const {
  return "\n-> #" + std::to_string(depth) + " (" + names_[key] + "):\n" + frames;
}

std::string Lockdep::held_text(const Task& task) {
  const std::vector<Held>& held = held_by(task);
  std::string text = '\n' + std::to_string(held.size()) + (held.size() == 1 ? " lock" : " locks") +
                     " held by " + who(task) + ":\n";
  for (std::size_t i = 0; i < held.size(); ++i) {
    text += " #" + std::to_string(i) + ": " + lock_line(held[i]);
  }
  return text + "\nstack backtrace:\n" + stack(task);
}

/// `chain` leads from `next` to `previous`, the last dependency first.
void Lockdep::report_circle(const Task& task, const Held& previous, const Held& next,
                            const std::vector<const Dependency*>& chain) {
  std::string text = circle_heading + who(task) + " is trying to acquire lock:\n" +
                     lock_line(next) + "\nbut task is already holding lock:\n" +
                     lock_line(previous) + "\nwhich lock already depends on the new lock.\n\n" +
                     "\nthe existing dependency chain (in reverse order) is:\n";
  for (std::size_t i = 0; i < chain.size(); ++i) {
    std::string frames;
    for (std::size_t f = chain[i]->frames.size(); f-- != 0;) {
      frames += std::string("       ") + chain[i]->frames[f] + '\n';
    }
    text += entry(chain.size() - i, chain[i]->to, frames);
  }
  text += entry(0, next.key, stack(task));
  text += "\nother info that might help us debug this:\n\n";
  const Key parent = chain.size() > 1 ? chain[1]->to : next.key;
  text += scenario(previous.key, parent, next.key) + held_text(task);
  report(std::move(text));
}

std::string Lockdep::scenario(Key target, Key parent, Key source) const {
  std::string text;
  if (parent != source) {
    text = "Chain exists of:\n  " + names_[source] + " --> " + names_[parent] + " --> " +
           names_[target] + "\n\n";
  }
  const std::string other(31, ' ');
  return text + " Possible unsafe locking scenario:\n\n" + "       CPU0                    CPU1\n" +
         "       ----                    ----\n" + "  lock(" + names_[target] + ");\n" + other +
         "lock(" + names_[parent] + ");\n" + other + "lock(" + names_[target] + ");\n" + "  lock(" +
         names_[source] + ");\n" + "\n *** DEADLOCK ***\n";
}

void Lockdep::report_recursion(const Task& task, const Held& previous, const Held& next) {
  report(recursion_heading + who(task) + " is trying to acquire lock:\n" + lock_line(next) +
         "\nbut task is already holding lock:\n" + lock_line(previous) +
         "\nother info that might help us debug this:\n" +
         " Possible unsafe locking scenario:\n\n       CPU0\n       ----\n" + "  lock(" +
         names_[previous.key] + ");\n  lock(" + names_[next.key] + ");\n\n *** DEADLOCK ***\n\n" +
         " May be due to missing lock nesting notation\n" + held_text(task));
}

void Lockdep::report(std::string text) {
  if (sink_ == nullptr) return;
  Finding finding;
  finding.kind = Finding::Kind::lockdep;
  finding.at = core_.now();
  finding.text = std::move(text);
  sink_->lockdep_report(std::move(finding));
}

}  // namespace brink
