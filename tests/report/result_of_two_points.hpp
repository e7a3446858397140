// A small result with something in every part of it, for golden tests.
#pragma once

#include "brink/results.hpp"

namespace brink {

inline PointResult point_with(std::int64_t retries) {
  PointResult point;
  point.axes = {{"policy.alloc.retries", Value(retries)}, {"machine.memory", Value("100 MiB")}};
  point.runs = 200;
  const bool forever = retries == -1;
  point.lockups = forever ? 184 : 12;
  point.lockups_proved = forever ? 180 : 12;
  point.lockups_unattributed = forever ? 150 : 0;
  point.verdicts[static_cast<std::size_t>(Verdict::memory_deadlock)] = point.lockups_proved;
  point.verdicts[static_cast<std::size_t>(Verdict::livelock)] =
      point.lockups - point.lockups_proved;
  point.verdicts[static_cast<std::size_t>(Verdict::completed)] = 200 - point.lockups;
  point.lockup_rate = {point.lockups, 200, forever ? 0.8735 : 0.0347, forever ? 0.9505 : 0.1019};
  point.lockups_by_site = {{"ext4.jbd2.frozen_copy", forever ? 34u : 12u}};
  point.errnos["mkdir"] = {{"0", 4'000}};
  if (!forever) {
    point.errnos["mkdir"]["ENOMEM"] = 1'234;
    point.enomem_syscalls = 1'234;
    point.enomem = {1'200, 30, 4, 0};
    point.enomem_refusable = 1'100;
    point.reactions[{"mkdir", "ENOMEM"}] = {1'200, 34, 0, 0, 0};
    point.fates["ext4.inode.alloc"][static_cast<std::size_t>(Fate::returned)] = 1'234;
  }
  point.fates["ext4.jbd2.frozen_copy"][static_cast<std::size_t>(Fate::stuck)] = point.lockups;
  point.oom_kills = 1'999;
  point.failures_warned = 17;
  point.page_touches = {80'000, 90'000, 85'000};
  point.virtual_ms = {100'000, 100'500, 101'000};
  point.faults = {{100, 90, forever ? 0u : 10u}};
  point.trace_hash = 0xabcdef;
  point.first = {
      {"completed", "x@1-0:policy.alloc.retries=" + std::to_string(retries) + ":seed=9"}};
  if (forever) point.first["memory_deadlock"] = "x@1-0:policy.alloc.retries=-1:seed=1";
  return point;
}

inline ExperimentResult result_of_two_points() {
  ExperimentResult result;
  result.name = "x";
  result.question = "Why?";
  result.kernel = "4.0+knob";
  result.machine = "2 CPUs, 100 MiB of memory (0 B reserved), no swap, HZ 250, strategy random";
  result.digest = "1-0";
  result.axes = {"policy.alloc.retries", "machine.memory"};
  result.points = {point_with(0), point_with(-1)};
  result.runs = 400;
  result.determinism_checked = 9;
  result.expectations = {{"retries = -1", "lockups > 0", true, "184", false},
                         {"all", "enomem = 0", false, "1234", false}};
  result.warnings = {"x.toml:1:2: warning: careful"};
  result.faults_configured = result.faults_injected = true;
  return result;
}

}  // namespace brink
