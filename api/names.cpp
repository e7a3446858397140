// The words that reports print for enumerators: those of the definitions, in lower case.

#include "brink/outcome.hpp"
#include "brink/sites.hpp"
#include "brink/syscall.hpp"

namespace brink {

const char* name(OnFailure reaction) {
  switch (reaction) {
    case OnFailure::propagate: return "propagate";
    case OnFailure::loop: return "loop";
    case OnFailure::nofail: return "nofail";
    case OnFailure::skip: return "skip";
    case OnFailure::later: return "later";
    case OnFailure::fs_error: return "fs_error";
    case OnFailure::shutdown: return "shutdown";
  }
  return "?";
}

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::panic: return "panic";
    case Verdict::memory_deadlock: return "memory_deadlock";
    case Verdict::deadlock: return "deadlock";
    case Verdict::livelock: return "livelock";
    case Verdict::hung_task: return "hung_task";
    case Verdict::soft_lockup: return "soft_lockup";
    case Verdict::bug: return "bug";
    case Verdict::limit: return "limit";
    case Verdict::completed: return "completed";
  }
  return "?";
}

const char* name(Fate fate) {
  switch (fate) {
    case Fate::retried: return "retried";
    case Fate::fallback: return "fallback";
    case Fate::degraded: return "degraded";
    case Fate::deferred: return "deferred";
    case Fate::dropped: return "dropped";
    case Fate::shortened: return "short";
    case Fate::returned: return "returned";
    case Fate::translated: return "translated";
    case Fate::late: return "late";
    case Fate::killed: return "killed";
    case Fate::panicked: return "panicked";
    case Fate::stuck: return "stuck";
    case Fate::unresolved: return "unresolved";
    case Fate::swallowed: return "swallowed";
  }
  return "?";
}

const char* name(Cause cause) {
  switch (cause) {
    case Cause::give_up: return "give_up";
    case Cause::injected: return "injected";
    case Cause::no_sleep: return "no_sleep";
    case Cause::victim: return "victim";
    case Cause::limit: return "limit";
  }
  return "?";
}

const char* name(Consequence consequence) {
  switch (consequence) {
    case Consequence::fs_error: return "fs_error";
    case Consequence::later_errno: return "later_errno";
    case Consequence::leaked: return "leaked";
    case Consequence::left_locked: return "left_locked";
    case Consequence::corrupted: return "corrupted";
    case Consequence::panic: return "panic";
  }
  return "?";
}

const char* name(Reaction reaction) {
  switch (reaction) {
    case Reaction::checked: return "checked";
    case Reaction::retried: return "retried";
    case Reaction::exited: return "exited";
    case Reaction::crashed: return "crashed";
    case Reaction::ignored: return "ignored";
  }
  return "?";
}

const char* name(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::stall: return "stall";
    case Finding::Kind::hung_task: return "hung_task";
    case Finding::Kind::soft_lockup: return "soft_lockup";
    case Finding::Kind::lockdep: return "lockdep";
    case Finding::Kind::conditional_set: return "conditional_set";
    case Finding::Kind::lost: return "lost";
  }
  return "?";
}

}  // namespace brink
