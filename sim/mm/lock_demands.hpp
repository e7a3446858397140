// Locks that faults make a task take where it needs none (LockPoint), held as long as they demand.
#pragma once

#include <boost/container/small_vector.hpp>

#include "brink/hook.hpp"

namespace brink {

class Lock;
class Memory;

class LockDemands {
 public:
  /// Asks the faults and takes what they demand; releases at once what need not be held.
  LockDemands(Memory& memory, LockPoint point, const char* syscall = "");
  ~LockDemands();
  LockDemands(const LockDemands&) = delete;
  LockDemands& operator=(const LockDemands&) = delete;

 private:
  boost::container::small_vector<Lock*, 2> held_;
};

}  // namespace brink
