// The deadlock shape DL1 (a file system lock against an OOM victim) on invented memory.
#pragma once

#include "tests/sim/watch/rig.hpp"

namespace brink::invented {

inline CoreConfig short_run(Nanos limit) {
  CoreConfig config = core_config();
  config.time_limit = limit;
  return config;
}

/// DL1: `create` holds the directory and asks for memory with __GFP_NOFS; `hog` looks a name up
/// there. At one second the hog is chosen as victim, and reclaim has nothing left.
struct Dl1 {
  Rig rig;
  Mutex& dir = rig.mutex("/srv");
  Task& create;
  Task& hog;

  explicit Dl1(const CoreConfig& config = core_config(), const WatchConfig& watched = {},
               SettlingHost* host = nullptr)
      : rig(config, watched, host),
        create(rig.task("create",
                        [this] {
                          MutexGuard guard(dir);
                          rig.ask_for_memory();
                        })),
        hog(rig.task("hog", [this] {
          rig.core.sleep(10 * ms);
          MutexGuard guard(dir);
        })) {
    rig.memory.of(create).reclaims = true;
    rig.memory.of(hog).owns_pages = true;
    rig.at(1 * seconds, [this] {
      rig.memory.of(create).reclaims = false;
      hog.set(TIF_MEMDIE);
      rig.memory.victims = {&hog};
      rig.changed();
    });
  }
};

}  // namespace brink::invented
