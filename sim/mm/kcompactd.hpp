// The daemon that compacts in the background (mm/compaction.c: kcompactd, Linux 6.1). Left out:
// proactive compaction.
#pragma once

#include "sim/mm/zone.hpp"

namespace brink {

class Memory;
struct Task;

class Kcompactd {
 public:
  explicit Kcompactd(Memory& memory) : memory_(memory) {}

  /// Spawns its task, a daemon.
  void start();
  /// wakeup_kcompactd(): blocks of this order are wanted. Does nothing if it runs or would find
  /// nothing to do.
  void wake(unsigned order, ZoneType class_zone);

  const Task* task() const { return task_; }
  bool sleeping() const { return sleeping_; }

 private:
  static void body(void* self);
  void run();
  void do_work();

  Memory& memory_;
  Task* task_ = nullptr;
  bool sleeping_ = false;
  unsigned order_ = 0;
  ZoneType class_zone_ = ZoneType::dma;
};

}  // namespace brink
