// The machine's keys, their ranges and what they mean. Defaults are MachineConfig's own.

#include "experiment/machine_reader.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "experiment/suggest.hpp"

namespace brink {
namespace {

struct CostKey {
  const char* key;
  Nanos Costs::*cost;
  const char* meaning;
};

constexpr CostKey cost_keys[] = {
    {"context_switch", &Costs::context_switch, "one switch between tasks"},
    {"lock_uncontended", &Costs::lock_uncontended, "taking a lock that is free"},
    {"wakeup", &Costs::wakeup, "waking a task"},
    {"yield", &Costs::yield, "offering the CPU when nobody takes it"},
    {"syscall", &Costs::syscall, "entry to and exit from a system call"},
    {"page_fault", &Costs::page_fault, "a page fault without the page itself"},
    {"zero_page", &Costs::zero_page, "clearing a page"},
    {"alloc_fast", &Costs::alloc_fast, "a page from the free lists"},
    {"alloc_slow_round", &Costs::alloc_slow_round, "one slow-path round apart from scanning"},
    {"page_scanned", &Costs::page_scanned, "one page looked at by reclaim"},
    {"page_reclaimed", &Costs::page_reclaimed, "isolating, unmapping and freeing a page"},
    {"page_freed", &Costs::page_freed, "one page given back in a batch"},
    {"slab_object", &Costs::slab_object, "one object from or to a slab"},
    {"copy_page", &Costs::copy_page, "4 KiB to or from user space"},
    {"compact_page", &Costs::compact_page, "one page moved by compaction"},
    {"oom_scan_task", &Costs::oom_scan_task, "one task scored by the OOM killer"},
    {"path_component", &Costs::path_component, "one name found in the dentry cache"},
    {"dir_block", &Costs::dir_block, "one directory block of 4 KiB searched"},
};

static_assert(std::size(cost_keys) * sizeof(Nanos) == sizeof(Costs), "a cost has no key");

Costs read_costs(Params params) {
  Costs costs;
  for (const CostKey& row : cost_keys) {
    costs.*row.cost = params.duration(row.key, costs.*row.cost, 1, seconds, row.meaning);
  }
  params.done();
  return costs;
}

SchedulerConfig read_scheduler(Params params, const Registries& registries) {
  SchedulerConfig config;
  config.strategy = params.text("strategy", config.strategy,
                                "who runs next: a row of `brink list "
                                "strategies`");
  row_named(registries.strategies, config.strategy, "strategy", params.where("strategy"));
  if (config.strategy == "replay") {
    params.reject("strategy", "replays what a run id names with schedule=; a file has no schedule");
  }
  config.pct_depth = static_cast<std::uint32_t>(
      params.integer("depth", config.pct_depth, {1, 100}, "pct: the bug depth looked for"));
  config.pct_steps = static_cast<std::uint64_t>(
      params.integer("steps", static_cast<std::int64_t>(config.pct_steps), {1, 1'000'000'000'000},
                     "pct: over how many choices the priority changes are spread"));
  config.dfs_preemptions =
      static_cast<std::uint32_t>(params.integer("preemptions", config.dfs_preemptions, {0, 1'000},
                                                "dfs: how many preemptions a schedule may have"));
  params.done();
  return config;
}

bool made(Devices devices, const std::string& name) {
  return std::any_of(devices.begin(), devices.end(),
                     [&name](const DeviceConfig& device) { return device.name == name; });
}

std::string read_device_name(Params& params, const char* key, const std::string& fallback,
                             const char* meaning, const Registries& registries, Devices devices) {
  std::string device = params.text(key, fallback, meaning);
  for (const DeviceConfig& other : devices) {
    if (other.name != device || other.kind != DeviceConfig::Kind::cdrom) continue;
    params.reject(key, "is a drive without a disc");
  }
  if (!made(devices, device)) row_named(registries.devices, device, "device", params.where(key));
  return device;
}

void read_hardware(Params& params, const Registries& registries, Devices devices,
                   MachineConfig& config) {
  config.cpus =
      static_cast<std::uint32_t>(params.integer("cpus", config.cpus, {1, 64}, "simulated CPUs"));
  config.memory = params.size("memory", config.memory, 4 * MiB, 16 * TiB, "RAM");
  config.reserved =
      params.size("reserved", config.reserved, 0, 16 * TiB,
                  "kernel image and memory map: taken off RAM before pages are managed");
  if (config.reserved >= config.memory) {
    params.reject("reserved", "leaves nothing of the machine's memory");
  }
  config.arch = static_cast<Arch>(
      params.choice("arch", static_cast<std::size_t>(config.arch), {"x86_64", "x86_32"},
                    "the zones: x86_64 = DMA, DMA32, Normal; x86_32 = DMA, Normal, and HighMem "
                    "above 896 MiB"));
  config.swap = params.size("swap", config.swap, 0, 16 * TiB, "swap space");
  config.vfs_cache_pressure = static_cast<std::uint32_t>(
      params.integer("vfs_cache_pressure", config.vfs_cache_pressure, {0, 10'000},
                     "how willingly names and inodes are dropped, in percent, as "
                     "vm.vfs_cache_pressure: 0 never"));
  config.swap_device = read_device_name(params, "swap_device", config.swap_device,
                                        "the device that swap is on", registries, devices);
}

void read_overcommit(Params& params, MachineConfig& config) {
  config.overcommit_memory = static_cast<std::uint32_t>(
      params.integer("overcommit_memory", config.overcommit_memory, {0, 2},
                     "vm.overcommit_memory: 0 refuses only what obviously cannot be, 1 nothing, 2 "
                     "what is beyond swap and overcommit_ratio of RAM"));
  config.overcommit_ratio =
      static_cast<std::uint32_t>(params.integer("overcommit_ratio", config.overcommit_ratio,
                                                {0, 100}, "vm.overcommit_ratio: percent of RAM"));
}

void read_zone_settings(Params& params, MachineConfig& config) {
  config.min_free_kbytes = static_cast<std::uint32_t>(
      params.integer("min_free_kbytes", config.min_free_kbytes, {0, 1 << 30},
                     "vm.min_free_kbytes: the min marks of all zones together; 0 = by the size of "
                     "memory, as at boot"));
  config.watermark_scale_factor = static_cast<std::uint32_t>(params.integer(
      "watermark_scale_factor", config.watermark_scale_factor, {1, 1000},
      "vm.watermark_scale_factor: at least so many parts of 10,000 of a zone lie between its "
      "marks, where rules.mark_spacing is scale_factor"));
}

void read_kernel_settings(Params& params, MachineConfig& config) {
  config.hz =
      static_cast<std::uint32_t>(params.integer("hz", config.hz, {10, 10'000}, "ticks a second"));
  config.preempt = static_cast<Preempt>(params.choice(
      "preempt", static_cast<std::size_t>(config.preempt), {"none", "voluntary", "full"},
      "where the kernel may take the CPU from a task: none = user mode, sleeps and "
      "cond_resched(); voluntary = and might_sleep(); full = all but spinlocks"));
  config.hung_task_timeout =
      params.duration("hung_task_timeout", config.hung_task_timeout, seconds, year,
                      "how long a task may sleep uninterruptibly before it counts as hung");
  config.soft_lockup_limit =
      params.duration("soft_lockup", config.soft_lockup_limit, ms, year,
                      "how long a CPU may run between places where it could switch");
  config.lockdep = params.boolean("lockdep", config.lockdep, "check the order of locks");
}

void read_limits(Params& params, MachineConfig& config) {
  config.time_limit = params.duration("time_limit", config.time_limit, ms, year,
                                      "virtual time after which a run ends with the verdict limit");
  config.settle = params.duration("settle", config.settle, ms, year,
                                  "W: how long a task is without progress before the settling "
                                  "phase, and how long that lasts");
  config.single_step =
      params.boolean("single_step", config.single_step, "no bulk steps: the same results, slower");
}

constexpr const char* path_is_absolute = "must be an absolute path";

}  // namespace

DeviceConfig read_device(Params& params, const Registries& registries, Devices devices) {
  DeviceConfig device;
  device.name = params.text("name", "", "what mounts, swap_device and later devices call it");
  const auto is_row = [&device](const WordRow& row) { return row.name == device.name; };
  if (std::any_of(registries.devices.begin(), registries.devices.end(), is_row)) {
    params.reject("name", "is a device of the device table");
  }
  if (made(devices, device.name)) params.reject("name", "there is such a device already");
  device.kind = static_cast<DeviceConfig::Kind>(params.choice(
      "kind", static_cast<std::size_t>(device.kind), {"dm-crypt", "loop", "zram", "cdrom"},
      "encryption over another device, a file, compressed memory, or a drive without "
      "a disc that is polled for one"));
  device.over = read_device_name(params, "over", device.over, "dm-crypt: the device below",
                                 registries, devices);
  device.file = params.text("file", device.file, "loop: the file that it is, an absolute path");
  if (device.kind == DeviceConfig::Kind::loop && !device.file.starts_with('/')) {
    params.reject("file", path_is_absolute);
  }
  device.size = params.size("size", device.size, 1 * MiB, 16 * TiB, "how much it holds");
  device.pool_pages = static_cast<std::uint32_t>(
      params.integer("pool_pages", device.pool_pages, {0, 65'536},
                     "dm-crypt: pages in its reserve; 0 for as many as the kernel has"));
  device.ratio = static_cast<std::uint32_t>(params.integer(
      "ratio", device.ratio, {1, 100}, "zram: size of a compressed page, in percent"));
  device.cpu_per_page = params.duration("cpu_per_page", device.cpu_per_page, 0, seconds,
                                        "CPU time to encrypt or compress a page");
  device.poll = params.duration("poll", device.poll, ms, year,
                                "cdrom: how often it is asked whether there is a disc");
  device.first_poll = params.duration("first_poll", device.first_poll, ms, year,
                                      "cdrom: when that begins; on a real machine, luck");
  params.done();
  return device;
}

MachineConfig read_machine(Params& params, const Registries& registries, Devices devices) {
  MachineConfig config;
  read_hardware(params, registries, devices, config);
  read_overcommit(params, config);
  read_zone_settings(params, config);
  read_kernel_settings(params, config);
  read_limits(params, config);
  config.scheduler =
      read_scheduler(params.table("scheduler", "how scheduling choices are made"), registries);
  config.costs = read_costs(params.table("costs", "what a step costs its CPU"));
  params.done();
  return config;
}

namespace {

/// A file system that is in memory has no device.
MountConfig read_memory_mount(Params& params, MountConfig mount) {
  mount.size = params.size("size", 0, 0, 16 * TiB, "the size of the file system; 0 B: half of RAM");
  params.done();
  return mount;
}

}  // namespace

MountConfig read_mount(Params& params, const Registries& registries, Devices devices) {
  MountConfig mount;
  mount.at = params.text("at", mount.at, "where it is mounted: an absolute path");
  if (mount.at.empty() || mount.at[0] != '/') params.reject("at", path_is_absolute);
  while (mount.at.size() > 1 && mount.at.back() == '/') mount.at.pop_back();
  mount.fs = params.text("fs", mount.fs, "the file system: a row of `brink list fs`");
  row_named(registries.file_systems, mount.fs, "file system", params.where("fs"));
  if (mount.fs == "tmpfs") return read_memory_mount(params, std::move(mount));
  mount.device = read_device_name(params, "device", mount.device, "the device that it is on",
                                  registries, devices);
  mount.errors = static_cast<ErrorsMode>(
      params.choice("errors", static_cast<std::size_t>(mount.errors),
                    {"continue", "remount-ro", "panic"}, "what it does when its journal fails"));
  mount.size = params.size("size", mount.size, 16 * MiB, 16 * TiB, "the size of the file system");
  // jbd2 wants at least 1,024 blocks (JBD2_MIN_JOURNAL_BLOCKS), and the files some room beside it.
  mount.journal =
      params.size("journal", std::min(mount.journal, mount.size / 2), 4 * MiB, mount.size / 2,
                  "the size of its journal, at most half of the file system");
  params.done();
  return mount;
}

}  // namespace brink
