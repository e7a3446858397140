// Masks, call traces and page allocation failures in the kernel's log.

#include "sim/mm/printk.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "sim/mm/memory.hpp"

namespace brink {
namespace {

struct Bit {
  Gfp gfp;
  std::uint32_t old, since_4_8;  ///< include/linux/gfp.h of 4.0; include/linux/gfp_types.h of 6.1
};

/// In 2.6.30 __GFP_MOVABLE is 0x100000; since 2.6.31 it is as in 4.0.
constexpr Bit bits[] = {
    {Gfp::dma, 0x1, 0x1},
    {Gfp::highmem, 0x2, 0x2},
    {Gfp::dma32, 0x4, 0x4},
    {Gfp::movable, 0x8, 0x8},
    {Gfp::reclaimable, 0x80000, 0x10},
    {Gfp::high, 0x20, 0x20},
    {Gfp::io, 0x40, 0x40},
    {Gfp::fs, 0x80, 0x80},
    {Gfp::cold, 0x100, 0},
    {Gfp::nowarn, 0x200, 0x2000},
    {Gfp::retry_mayfail, 0x400, 0x4000},
    {Gfp::nofail, 0x800, 0x8000},
    {Gfp::noretry, 0x1000, 0x10000},
    {Gfp::memalloc, 0x2000, 0x20000},
    {Gfp::comp, 0x4000, 0x40000},
    {Gfp::zero, 0x8000, 0x100},
    {Gfp::nomemalloc, 0x10000, 0x80000},
    {Gfp::hardwall, 0x20000, 0x100000},
    {Gfp::thisnode, 0x40000, 0x200000},
    {Gfp::atomic, 0, 0x200},
    {Gfp::direct_reclaim, 0x10, 0x400},
    {Gfp::kswapd_reclaim, 0, 0x800},
    {Gfp::write, 0x1000000, 0x1000},
    {Gfp::account, 0, 0x400000},
};

void print_frames(KernelLog& log, const Task& task, Rules::Texts texts) {
  const bool marked = texts == Rules::Texts::v6_1;
  log.print("Call Trace:");
  if (marked) log.print(" <TASK>");
  for (std::uint32_t i = std::min(task.frames.depth, ShadowStack::depth_max); i-- != 0;) {
    log.print(std::string("  ") + task.frames.frames[i]);
  }
  if (marked) log.print(" </TASK>");
}

}  // namespace

std::string format_text(const char* format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  std::string text(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, format, arguments)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  va_end(arguments);
  return text;
}

std::uint32_t gfp_number(Gfp gfp, Rules::Texts texts) {
  std::uint32_t number = 0;
  for (const Bit& bit : bits) {
    if (has(gfp, bit.gfp)) number |= texts == Rules::Texts::v6_1 ? bit.since_4_8 : bit.old;
  }
  return number;
}

std::string gfp_log_text(Gfp gfp, Rules::Texts texts) {
  std::string text = format_text("0x%x", gfp_number(gfp, texts));
  if (texts == Rules::Texts::v6_1) text += "(" + gfp_text(gfp) + ")";
  return text;
}

const char* release_name(Rules::Texts texts) {
  switch (texts) {
    case Rules::Texts::v2_6: return "2.6.32-brink";
    case Rules::Texts::v4_0: return "4.0.0-brink";
    case Rules::Texts::v6_1: return "6.1.0-brink";
  }
  return "";
}

void print_stack(KernelLog& log, const Task& task, Rules::Texts texts) {
  if (texts == Rules::Texts::v2_6) {
    log.print(format_text("Pid: %d, comm: %.20s Not tainted %s #1", static_cast<int>(task.id),
                          task.name(), release_name(texts)));
  } else {
    log.print(format_text("CPU: %d PID: %d Comm: %.20s Not tainted %s #1", task.cpu,
                          static_cast<int>(task.id), task.name(), release_name(texts)));
  }
  print_frames(log, task, texts);
}

void print_task(KernelLog& log, const Task& task, Rules::Texts texts) {
  const char* const state = task.state != TaskState::parked               ? "R"
                            : task.wait_mode == WaitMode::uninterruptible ? "D"
                                                                          : "S";
  if (texts == Rules::Texts::v6_1) {
    log.print(
        format_text("task:%-15.15s state:%s stack:0     pid:%-5d ppid:0      flags:0x00000000",
                    task.name(), state, static_cast<int>(task.id)));
  } else {
    log.print(format_text("%-15.15s %s 0000000000000000     0 %5d      0 0x00000000", task.name(),
                          state, static_cast<int>(task.id)));
  }
  print_frames(log, task, texts);
}

void print_alloc_failure(KernelLog& log, const Memory& memory, unsigned order, Gfp gfp) {
  const Task& me = memory.core().current();
  const Rules::Texts texts = memory.rules().texts;
  const std::string mode = gfp_log_text(gfp, texts);
  switch (texts) {
    case Rules::Texts::v2_6:
      log.print(format_text("%s: page allocation failure. order:%u, mode:%s", me.name(), order,
                            mode.c_str()));
      break;
    case Rules::Texts::v4_0:
      log.print(format_text("%s: page allocation failure: order:%u, mode:%s", me.name(), order,
                            mode.c_str()));
      break;
    case Rules::Texts::v6_1:
      log.print(format_text("%s: page allocation failure: order:%u, mode:%s, nodemask=(null)",
                            me.name(), order, mode.c_str()));
      break;
  }
  print_stack(log, me, texts);
  print_mem_info(log, memory);
}

void Memory::warn_alloc_failed(unsigned order, Gfp gfp) {
  const std::uint64_t before = counters_.failures_warned;
  warn_alloc_failed(1);
  if (log_ == nullptr || counters_.failures_warned == before) [[likely]]
    return;
  print_alloc_failure(*log_, *this, order, gfp);
}

}  // namespace brink
