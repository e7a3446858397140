// [machine], [[device]], [[mount]], [[memcg]] and [[task]]: what a run simulates.
#pragma once

#include <span>

#include "brink/machine.hpp"
#include "experiment/registries.hpp"

namespace brink {

inline constexpr const char* kernel_meaning = "the kernel: a row of `brink list eras`; required";

inline constexpr std::uint64_t TiB = 1024 * GiB;
/// Virtual clocks are 64 bits of nanoseconds; a year leaves room for what is added to them.
inline constexpr Nanos year = 365ull * 24 * 3'600 * seconds;

/// Devices that a file has made, by name.
using Devices = std::span<const DeviceConfig>;

/// Reads one [[device]]; `devices` are those before it.
DeviceConfig read_device(Params& params, const Registries& registries, Devices devices = {});

/// Memory cgroups that a file has made, by name.
using MemcgConfigs = std::span<const MemcgConfig>;

/// Reads one [[memcg]]; `memcgs` are those before it.
MemcgConfig read_memcg(Params& params, MemcgConfigs memcgs = {});

/// Reads [machine] without `kernel`, which the caller has read. Throws ConfigError.
MachineConfig read_machine(Params& params, const Registries& registries, Devices devices = {});

/// Reads one [[mount]].
MountConfig read_mount(Params& params, const Registries& registries, Devices devices = {});

/// Reads one [[task]] but for its program's own keys, which stand in the table `args`.
TaskConfig read_task_keys(Params& params);

}  // namespace brink
