// Differences of each CPU, and the work that takes them in (mm/vmstat.c, Linux 4.0).

#include "sim/mm/vmstat.hpp"

#include <algorithm>
#include <bit>

#include "sim/locking/cpu_pools.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

/// The most that a signed byte is trusted with.
constexpr int threshold_max = 125;

/// sysctl_stat_interval.
constexpr Nanos interval = 1 * seconds;

/// round_jiffies_relative(): near a full second, and three ticks later for each CPU.
Nanos rounded(Nanos when, Nanos now, Nanos tick, std::uint32_t cpu) {
  const Nanos skew = 3 * cpu * tick;
  const Nanos over = (when + skew) % seconds;
  const Nanos full = when + skew - over + (over < seconds / 4 ? 0 : seconds);
  return full > now + skew ? full - skew : when;
}

}  // namespace

int normal_threshold(Pages managed, std::uint32_t cpus) {
  const auto units = static_cast<int>(std::bit_width(managed >> 15));  // of 128 MiB
  return std::min(threshold_max, 2 * static_cast<int>(std::bit_width(cpus)) * (1 + units));
}

int pressure_threshold(Pages low_mark, Pages min_mark, std::uint32_t cpus) {
  const auto apart = static_cast<int>(std::min<Pages>(low_mark - min_mark, 1 << 20));
  return std::clamp(apart / static_cast<int>(cpus), 1, threshold_max);
}

/// vmstat_update() of a CPU.
struct Vmstat::Update {
  Update(Vmstat& its, std::uint32_t number)
      : vmstat(its), cpu(number), item({run, this}, "vmstat_update") {}
  static void run(void* update);

  Vmstat& vmstat;
  const std::uint32_t cpu;
  WorkItem item;
  bool armed = false;  ///< delayed, pending or running
};

Vmstat::Vmstat(Memory& memory)
    : memory_(memory),
      on_(memory.rules().vmstat == Rules::Vmstat::per_cpu),
      groups_(!memory.config().memcgs.empty()) {
  if (!on_) return;
  const std::uint32_t cpus = memory.core().config().cpus;
  for (const Zone& zone : memory.zones().all()) {
    PerZone& state = of(zone);
    state.difference.resize(cpus);
    state.threshold = normal_threshold(zone.managed, cpus);
    const Pages apart = zone.watermark(Watermark::low) - zone.watermark(Watermark::min);
    state.drifts = cpus * static_cast<Pages>(state.threshold) > apart;
  }
}

Vmstat::~Vmstat() = default;

void Vmstat::start(CpuPools& pools) {
  if (!on_) return;
  pools_ = &pools;
  for (std::uint32_t cpu = 0; cpu < memory_.core().config().cpus; ++cpu) {
    updates_.push_back(std::make_unique<Update>(*this, cpu));
    static_cast<void>(pools.of(cpu));
    arm(cpu, false);
  }
}

void Vmstat::set_pressure(bool pressure) {
  if (!on_) return;
  const std::uint32_t cpus = memory_.core().config().cpus;
  for (const Zone& zone : memory_.zones().all()) {
    if (!of(zone).drifts) continue;
    of(zone).threshold = pressure ? pressure_threshold(zone.watermark(Watermark::low),
                                                       zone.watermark(Watermark::min), cpus)
                                  : normal_threshold(zone.managed, cpus);
  }
}

// --- Counting.

/// __mod_zone_page_state().
void Vmstat::mod(const Zone& zone, std::size_t item, std::int64_t by) {
  if (by == 0) return;
  const Core& core = memory_.core();
  const std::uint32_t cpu = core.in_task() ? core.current().cpu : 0;
  PerZone& state = of(zone);
  std::int64_t sum = state.difference[cpu][item] + by;
  if (sum > state.threshold || sum < -state.threshold) {
    state.global[item] += sum;
    sum = 0;
  }
  state.difference[cpu][item] = static_cast<int>(sum);
  memory_.changed();
  if (sum != 0) arm(cpu, false);
}

void Vmstat::mod_scanned(Zone& zone, std::int64_t pages) {
  mod(zone, pages_scanned, pages);
  zone.pages_scanned = seen(zone, pages_scanned);
}

void Vmstat::forget_scanned(Zone& zone) {
  mod_scanned(zone, -static_cast<std::int64_t>(zone.pages_scanned));
}

Pages Vmstat::seen(const Zone& zone, std::size_t item) const {
  return static_cast<Pages>(std::max<std::int64_t>(0, of(zone).global[item]));
}

std::int64_t Vmstat::snapshot(const Zone& zone, Lru lru) const {
  const auto item = static_cast<std::size_t>(lru);
  std::int64_t sum = of(zone).global[item];
  for (const auto& cpu : of(zone).difference) sum += cpu[item];
  return sum;
}

// --- Taking in.

bool Vmstat::fold(std::uint32_t cpu) {
  if (!on_) return false;
  bool any = false;
  for (Zone& zone : memory_.zones().all()) {
    PerZone& state = of(zone);
    for (std::size_t i = 0; i < items; ++i) {
      int& difference = state.difference[cpu][i];
      any = any || difference != 0;
      state.global[i] += difference;
      difference = 0;
    }
    zone.pages_scanned = seen(zone, pages_scanned);
  }
  // Who was told that there is something to be had may be told otherwise.
  if (any) memory_.lru_changed();
  return any;
}

/// The CPU's work is to run at the next full second, or, if it has just run, about a second later.
void Vmstat::arm(std::uint32_t cpu, bool again) {
  if (pools_ == nullptr) return;
  Update& update = *updates_[cpu];
  if (update.armed && !again) return;
  const Core& core = memory_.core();
  const Nanos now = core.now();
  Nanos when = (now / seconds + 1) * seconds;
  if (again) when = rounded(now + interval, now, core.tick(), cpu);
  static_cast<void>(pools_->of(cpu).queue_delayed(update.item, when - now));
  update.armed = true;
}

void Vmstat::Update::run(void* update) {
  Update& self = *static_cast<Update*>(update);
  Core& core = self.vmstat.memory_.core();
  core.step(core.costs().alloc_slow_round);
  const bool any = self.vmstat.fold(self.cpu);
  self.armed = false;
  // Without differences it need not run again until there are some.
  if (any) self.vmstat.arm(self.cpu, true);
}

}  // namespace brink
