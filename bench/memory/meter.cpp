// CPU time of the thread, perf_event_open(2) for user-mode instructions, /proc/self/statm.

#include "bench/memory/meter.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

namespace brink::bench {
namespace {

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

Meter::Meter() {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_HARDWARE;
  attr.config = PERF_COUNT_HW_INSTRUCTIONS;
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

Meter::~Meter() {
  if (fd_ >= 0) close(fd_);
}

std::uint64_t Meter::counted() const {
  std::uint64_t value = 0;
  if (fd_ < 0 || read(fd_, &value, sizeof(value)) != sizeof(value)) return 0;
  return value;
}

void Meter::begin() {
  began_at_ = counted();
  began_ = cpu_ns();
}

Cost Meter::end() {
  Cost cost;
  cost.ns = cpu_ns() - began_;
  cost.instructions = static_cast<double>(counted() - began_at_);
  return cost;
}

std::uint64_t resident() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long total = 0, pages = 0;
  const int read = std::fscanf(file, "%lu %lu", &total, &pages);
  std::fclose(file);
  return read == 2 ? pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace brink::bench
