// What is there before the first system call: the reserve of bios, swap, mounted file systems with
// the directories that programs work in, the kernel's threads, and the processes of the experiment.

#include <algorithm>
#include <map>

#include "sim/block/cdrom.hpp"
#include "sim/fs/file_systems.hpp"
#include "sim/fs/loop.hpp"
#include "sim/machine.hpp"
#include "sim/mm/hooks.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/vfs/walk.hpp"

namespace brink {
namespace {

/// What must be there for `path`: the directory itself if it ends in /, else its parent.
std::string_view directory_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

}  // namespace

void Machine::boot() {
  kernel_.on_fork([this](const Process& child) {
    if (!child.task->has(DAEMON)) watch_.foreground(*child.task);
  });
  // A device's place in memory is decided before tasks run, so that its partitions are the same in
  // every run of the experiment.
  for (const DeviceConfig& device : spec_.machine.devices) {
    if (device.kind == DeviceConfig::Kind::cdrom) {
      const Cdrom::Config drive{device.poll, device.first_poll};
      drives_.push_back(std::make_unique<Cdrom>(memory_, pools_, drive, device.name.c_str()));
    } else if (device.kind != DeviceConfig::Kind::loop) {
      block_.make(device);
    } else {
      loops_.push_back(
          static_cast<LoopDevice*>(&block_.add(std::make_unique<LoopDevice>(vfs_, device))));
    }
  }
  if (spec_.machine.swap != 0) block_.swap_on(spec_.machine.swap_device, spec_.machine.swap);
  memory_.hooks().silence();
  kernel_.boot([this] {
    block_.start();
    std::vector<MountConfig> mounts = spec_.machine.mounts;
    // What others are mounted on comes first.
    std::stable_sort(mounts.begin(), mounts.end(), [](const MountConfig& a, const MountConfig& b) {
      return a.at.size() < b.at.size();
    });
    for (const MountConfig& config : mounts) {
      mount(config);
      attach_loops(config);
    }
    for (const auto& device : block_.devices()) {
      Flusher& flusher = vfs_.flusher(*device);
      if (flusher.task() == nullptr) flusher.start();
    }
    memory_.reclaim().vmstat().start(pools_);
    for (const auto& drive : drives_) drive->start();
    memory_.start_kswapd();
    memory_.start_oom_reaper();
    memory_.hooks().resume_transient();
    spawn_all();
  });
}

void Machine::mount(const MountConfig& config) {
  const FileSystemRow* const row = find_file_system(config.fs);
  BRINK_ASSERT(row != nullptr);
  Partition partition;
  if (row->on_device) partition = block_.partition(config.device, config.size);
  SuperBlock& sb = *file_systems_.emplace_back(row->make(vfs_, partition, config, kernel_));
  make_directories(config, sb);
  sb.load();
  if (config.at == "/") return vfs_.mount(config.at, sb);
  // As mount(2) does: the directory is looked up, and so it is cached.
  Walk at(vfs_);
  if (const int error = at.to(config.at); error != 0) {
    return kernel_.panic("cannot mount on " + config.at + ": " + errno_name(-error));
  }
  vfs_.mount(config.at, sb);
  at.put();
}

/// Opens the files of loop devices that lie on the file system.
void Machine::attach_loops(const MountConfig& config) {
  for (LoopDevice* loop : loops_) {
    const MountConfig* const on = mount_of(spec_.machine.mounts, loop->file());
    if (on == nullptr || on->at != config.at) continue;
    if (const int error = loop->open(); error != 0) {
      return kernel_.panic("cannot attach " + loop->file() + ": " + errno_name(-error));
    }
  }
}

/// Directories that programs expect, and those that other file systems are mounted on.
void Machine::make_directories(const MountConfig& config, SuperBlock& sb) {
  const std::vector<MountConfig>& mounts = spec_.machine.mounts;
  // `owner` is a path on the file system that `directory` belongs to.
  const auto make = [&](std::string_view directory, std::string_view owner) {
    const MountConfig* const on = mount_of(mounts, owner);
    if (on == nullptr || on->at != config.at) return;
    if (config.at != "/") directory.remove_prefix(config.at.size());
    if (!directory.empty()) sb.make_directory(directory);
  };
  for (const TaskConfig& task : spec_.tasks) {
    for (const std::string& path : task.code->paths()) {
      const std::string_view directory = directory_of(path);
      if (!directory.empty()) make(directory, directory);
    }
  }
  for (const DeviceConfig& device : spec_.machine.devices) {
    const std::string_view directory = directory_of(device.file);
    if (!directory.empty()) make(directory, directory);
  }
  for (const MountConfig& other : mounts) {
    if (other.at == "/") continue;
    // A mount point belongs to the file system below it, as the directory that it is in does.
    const std::string_view parent = directory_of(other.at);
    make(other.at, parent.empty() ? "/" : parent);
  }
}

void Machine::spawn_all() {
  shared_.resize(spec_.tasks.size());
  std::map<std::string, const Process*> first;
  for (std::size_t i = 0; i < spec_.tasks.size(); ++i) {
    const TaskConfig& task = spec_.tasks[i];
    const std::uint32_t count = task.count * task.code->processes();
    for (std::uint32_t instance = 0; instance < count; ++instance) {
      ProcessConfig config;
      config.comm = task.program;
      config.program = task.code.get();
      config.instance = instance;
      config.oom_score_adj = task.oom_score_adj;
      config.oom_adj = task.oom_adj;
      config.nice = task.nice;
      config.sched_class = task.sched_class;
      config.sys_admin = task.sys_admin;
      config.sys_resource = task.sys_resource;
      config.sys_rawio = task.sys_rawio;
      if (!task.parent.empty()) config.parent = first.at(task.parent);
      config.daemon = task.daemon;
      config.start = task.start;
      config.rlimits = task.rlimits;
      config.memcg = task.memcg;
      config.random = Random(spec_.seed, stream_id("process", i << 32 | instance));
      config.shared = &shared_[i];
      const Process& process = kernel_.spawn(config);
      first.emplace(task.program, &process);
      if (!task.daemon) watch_.foreground(*process.task);
    }
  }
}

}  // namespace brink
