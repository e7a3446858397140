// Stands between a program and the C library (LD_PRELOAD) and counts who reads a clock or sleeps. A
// program opens a window on one of its threads by preload_clocks_window(); calls are counted apart
// in windows, on the first thread, and on others. At its end it writes what it counted into the
// file that PRELOAD_CLOCKS names: `WHERE FUNCTION COUNT` a line.
//
// What goes past the C library is not seen here: a system call made by hand, and the processor's
// own counter. Inside of windows that counter is switched off (PR_SET_TSC), so that rdtsc, by hand
// or in the kernel's vDSO, is a fault that is counted too.

#include <dlfcn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum Where : std::size_t { in_window, on_first_thread, on_other_thread };
constexpr const char* where_names[] = {"window", "first", "other"};

enum Function : std::size_t {
  f_clock_gettime,
  f_gettimeofday,
  f_time,
  f_clock,
  f_times,
  f_getrusage,
  f_timespec_get,
  f_nanosleep,
  f_clock_nanosleep,
  f_usleep,
  f_sleep,
  f_rdtsc,
  function_count
};
constexpr const char* function_names[] = {
    "clock_gettime", "gettimeofday",    "time",   "clock", "times", "getrusage", "timespec_get",
    "nanosleep",     "clock_nanosleep", "usleep", "sleep", "rdtsc"};
static_assert(sizeof(function_names) / sizeof(*function_names) == function_count);

std::array<std::array<std::atomic<std::uint64_t>, function_count>, 3> counts;
thread_local int windows = 0;
thread_local std::array<char, 64 * 1024> signal_stack;

void count(Function function) {
  const bool first = syscall(SYS_gettid) == getpid();
  const Where where = windows > 0 ? in_window : first ? on_first_thread : on_other_thread;
  counts[where][function].fetch_add(1, std::memory_order_relaxed);
}

template <class Pointer>
Pointer next(Pointer, const char* name) {
  void* const symbol = dlsym(RTLD_NEXT, name);
  Pointer pointer;
  static_assert(sizeof(pointer) == sizeof(symbol));
  std::memcpy(&pointer, &symbol, sizeof(pointer));
  return pointer;
}

/// A fault of rdtsc: counts it and lets it happen. Any other fault is not ours.
void on_fault(int signal, siginfo_t* info, void*) {
  int state = PR_TSC_ENABLE;
  prctl(PR_GET_TSC, &state);
  if (windows == 0 || state != PR_TSC_SIGSEGV || info->si_code != SI_KERNEL) {
    ::signal(signal, SIG_DFL);
    return;
  }
  count(f_rdtsc);
  prctl(PR_SET_TSC, PR_TSC_ENABLE);
}

struct Report {
  ~Report() {
    const char* const path = std::getenv("PRELOAD_CLOCKS");
    std::FILE* const file = path != nullptr ? std::fopen(path, "w") : nullptr;
    if (file == nullptr) return;
    for (std::size_t where = 0; where < counts.size(); ++where) {
      for (std::size_t function = 0; function < function_count; ++function) {
        std::fprintf(file, "%s %s %llu\n", where_names[where], function_names[function],
                     static_cast<unsigned long long>(counts[where][function].load()));
      }
    }
    std::fclose(file);
  }
} report;

}  // namespace

extern "C" {

/// From here on (or no longer), what this thread asks is counted as asked in a window. False if the
/// processor's counter could not be switched off.
bool preload_clocks_window(bool open) {
  windows += open ? 1 : -1;
  if (!open) return prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0;
  stack_t stack = {};
  stack.ss_sp = signal_stack.data();
  stack.ss_size = signal_stack.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  return prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0;
}

/// How often that has happened in windows of any thread; `function` is null for all together.
std::uint64_t preload_clocks_seen(const char* function) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < function_count; ++i) {
    if (function != nullptr && std::strcmp(function, function_names[i]) != 0) continue;
    seen += counts[in_window][i].load();
  }
  return seen;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  count(f_clock_gettime);
  static const auto real = next(&clock_gettime, "clock_gettime");
  return real(clock, time);
}

int gettimeofday(timeval* __restrict time, void* __restrict zone) noexcept {
  count(f_gettimeofday);
  static const auto real = next(&gettimeofday, "gettimeofday");
  return real(time, zone);
}

time_t time(time_t* result) noexcept {
  count(f_time);
  static const auto real = next(&time, "time");
  return real(result);
}

clock_t clock() noexcept {
  count(f_clock);
  static const auto real = next(&clock, "clock");
  return real();
}

clock_t times(tms* result) noexcept {
  count(f_times);
  static const auto real = next(&times, "times");
  return real(result);
}

int getrusage(__rusage_who_t who, rusage* usage) noexcept {
  count(f_getrusage);
  static const auto real = next(&getrusage, "getrusage");
  return real(who, usage);
}

int timespec_get(timespec* time, int base) noexcept {
  count(f_timespec_get);
  static const auto real = next(&timespec_get, "timespec_get");
  return real(time, base);
}

int nanosleep(const timespec* wanted, timespec* left) {
  count(f_nanosleep);
  static const auto real = next(&nanosleep, "nanosleep");
  return real(wanted, left);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* wanted, timespec* left) {
  count(f_clock_nanosleep);
  static const auto real = next(&clock_nanosleep, "clock_nanosleep");
  return real(clock, flags, wanted, left);
}

int usleep(useconds_t wanted) {
  count(f_usleep);
  static const auto real = next(&usleep, "usleep");
  return real(wanted);
}

unsigned sleep(unsigned wanted) {
  count(f_sleep);
  static const auto real = next(&sleep, "sleep");
  return real(wanted);
}

}  // extern "C"
