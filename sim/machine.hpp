// One simulated machine: all rungs put together as a RunSpec says, run once, and told of. This is
// the only place that knows every part; no part knows it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "brink/machine.hpp"
#include "brink/outcome.hpp"
#include "sim/block/block.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/kernel_log.hpp"
#include "sim/locking/cpu_pools.hpp"
#include "sim/locking/lockdep.hpp"
#include "sim/run_strategy.hpp"
#include "sim/story_log.hpp"
#include "sim/watch/memory_suppliers.hpp"
#include "sim/watch/watch.hpp"

namespace brink {

class Cdrom;
class LoopDevice;

class Machine final : private LockdepSink,
                      private SettlingHost,
                      private TraceSink,
                      private BugSink {
 public:
  /// `spec` must outlive it. Throws ConfigError if the scheduler's configuration is none.
  explicit Machine(const RunSpec& spec);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Runs to the end; once. Throws ConfigError if a recorded schedule is not this run's.
  Outcome run();

  // --- The parts, for tests.

  Core& core() { return core_; }
  Memory& memory() { return memory_; }
  Vfs& vfs() { return vfs_; }
  Kernel& kernel() { return kernel_; }
  Watch& watch() { return watch_; }

 private:
  // boot.cpp
  void boot();
  void mount(const MountConfig& config);
  void attach_loops(const MountConfig& config);
  void make_directories(const MountConfig& config, SuperBlock& sb);
  void spawn_all();

  // machine_outcome.cpp
  OtherEndings other_endings();
  std::vector<std::string> oracles() const;
  void fill(Outcome& outcome);
  void read_proc();
  void add_fates(Outcome& outcome);

  void lockdep_report(Finding finding) override;
  void task_hung(const Task& task) override;
  void settling_began() override;
  void settling_ended() override;
  void event(Nanos time, EventKind kind, std::uint64_t a, std::uint64_t b) override;
  void bug(const std::string& what) override { kernel_.bug(what); }

  const RunSpec& spec_;
  RunStrategy strategy_;
  Core core_;
  Locks locks_;
  CpuPools pools_;
  Memory memory_;
  Block block_;
  Vfs vfs_;
  Kernel kernel_;
  ModelSuppliers suppliers_;
  KernelObligations obligations_;
  Watch watch_;
  StoryLog story_;
  LogBuffer log_;
  std::vector<ProcText> proc_;
  std::vector<std::unique_ptr<SuperBlock>> file_systems_;
  std::vector<LoopDevice*> loops_;
  std::vector<std::unique_ptr<Cdrom>> drives_;
  std::vector<std::shared_ptr<void>> shared_;  ///< by [[task]] entry: what its processes share
  std::vector<Finding> lockdep_findings_;
};

}  // namespace brink
