// The frame of every system call, for the files that implement some.
#pragma once

#include "sim/kernel/calls.hpp"
#include "sim/kernel/kernel.hpp"

namespace brink {

template <class Body>
std::int64_t ProcessCalls::call(Sys number, const char* function, Body&& body) {
  kernel_.enter(process_, number);
  std::int64_t result = 0;
  {
    Frame frame(*process_.task, function);
    const LockDemands demands(kernel_.memory(), LockPoint::syscall, kernel_.table().name(number));
    result = body();
  }
  return kernel_.leave(process_, result);
}

}  // namespace brink
