// A whole small machine without its watchers: core, locks under lockdep, memory, a disk, ext4
// mounted at / and processes whose programs are lambdas.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "brink/params.hpp"
#include "brink/site_list.hpp"
#include "policies/builtin.hpp"
#include "policies/eras/eras.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/locking/lockdep.hpp"
#include "sim/locking/locks.hpp"
#include "sim/sched/core_inline.hpp"
#include "sim/sched/strategies.hpp"
#include "tests/sim/fs/faults.hpp"

namespace brink::test {

struct RigSpec {
  std::uint64_t memory = 64 * MiB;
  std::uint64_t swap = 0;
  std::uint32_t cpus = 2;
  Preempt preempt = Preempt::voluntary;
  std::uint64_t seed = 0;  ///< of a random schedule; 0: fifo
  std::int64_t retries = -1;
  std::string device = "ssd";
  std::uint64_t size = 256 * MiB;
  Ext4Config fs{ErrorsMode::remount_ro, 8 * MiB};
  Rules rules = Rules{};
  Nanos time_limit = 1000 * seconds;
  bool lockdep = true;
  bool drop_caches = true;  ///< in the end
  std::vector<std::unique_ptr<Fault>> faults;
  /// What is on the disk at the start.
  std::function<void(Ext4&)> mkfs;
};

class Rig final : public BugSink, public LockdepSink {
 public:
  using Body = std::function<void(Syscalls&)>;

  explicit Rig(RigSpec spec = {});
  ~Rig();

  /// A process; `body` begins at `start`.
  void process(Body body, std::string comm = "proc", Nanos start = 0);
  /// Runs until nothing is left to do: what is dirty has been written, the journal is at rest.
  RunEnd run();
  /// process() and run() in one, and whatever went wrong is a failure of the test.
  void run(Body body);

  /// Everything that should hold once the machine is at rest; empty if it does.
  std::string complaints();
  /// Objects that are allocated though nothing refers to them any more.
  std::string leaks();
  std::uint64_t objects(const char* cache);
  std::uint64_t fates(Fate fate) const;
  std::uint64_t fates(Site site, Fate fate) const;
  std::uint64_t failures() const;
  Counters counters() const;

  // BugSink, LockdepSink.
  void bug(const std::string& what) override { bugs.push_back(what); }
  void lockdep_report(Finding finding) override { bugs.push_back(finding.text); }

 private:
  struct Program {
    Body body;
    std::string comm;
    Nanos start;
    Process* process = nullptr;
  };
  static void run_body(Syscalls& sys, void* program);
  static void drop_caches(void* rig);
  static std::string where(const Task& task);
  static CoreConfig core_config(const RigSpec& spec);
  MemorySetup memory_setup(RigSpec& spec);
  void spawn(Program& program);

  const std::unique_ptr<AllocPolicy> alloc_;
  const std::unique_ptr<OomPolicy> oom_;
  const std::unique_ptr<ReclaimPolicy> reclaim_;
  const std::unique_ptr<Strategy> strategy_;
  const std::function<void(Ext4&)> mkfs_;
  std::deque<Program> programs_;
  bool booted_ = false;
  bool drops_ = true;

 public:
  std::vector<std::string> bugs;
  RunEnd end = RunEnd::quiet;
  Core core;
  Locks locks;
  Memory memory;
  Block block;
  Vfs vfs;
  Kernel kernel;
  Ext4 fs;
};

// --- Making it.

inline std::unique_ptr<AllocPolicy> alloc_policy(std::int64_t retries) {
  Params params({{"retries", retries}}, "policy.alloc");
  return make_bounded_retry(params);
}
inline std::unique_ptr<OomPolicy> oom_policy() {
  Params params;
  return make_badness(params);
}
inline std::unique_ptr<ReclaimPolicy> reclaim_policy() {
  Params params;
  return make_linux_4_0_reclaim(params);
}
inline std::unique_ptr<Strategy> strategy(std::uint64_t seed) {
  SchedulerConfig config;
  config.strategy = seed == 0 ? "fifo" : "random";
  return make_strategy(config, seed);
}

inline CoreConfig Rig::core_config(const RigSpec& spec) {
  CoreConfig config;
  config.cpus = spec.cpus;
  config.preempt = spec.preempt;
  config.time_limit = spec.time_limit;
  return config;
}

inline MemorySetup Rig::memory_setup(RigSpec& spec) {
  MemorySetup setup;
  setup.config.memory = spec.memory;
  setup.config.swap = spec.swap;
  setup.config.cpus = spec.cpus;
  setup.config.keep_failures = true;
  setup.rules = spec.rules;
  setup.site_rule = linux_4_0_site;
  setup.slab_spec = linux_4_0_slab;
  setup.policies.alloc = alloc_.get();
  setup.policies.oom = oom_.get();
  setup.policies.reclaim = reclaim_.get();
  setup.faults = std::move(spec.faults);
  return setup;
}

inline Rig::Rig(RigSpec spec)
    : alloc_(alloc_policy(spec.retries)),
      oom_(oom_policy()),
      reclaim_(reclaim_policy()),
      strategy_(strategy(spec.seed)),
      mkfs_(spec.mkfs),
      core(core_config(spec), *strategy_),
      locks(core, {spec.lockdep, this}),
      memory(core, locks, memory_setup(spec)),
      block(memory),
      vfs(memory, block),
      kernel(memory, vfs),
      fs(vfs, block.partition(spec.device, spec.size), spec.fs, &kernel) {
  memory.set_bug_sink(*this);
  if (spec.swap != 0) block.swap_on(spec.device, spec.swap);
  memory.start_kswapd();
  if (mkfs_) mkfs_(fs);
  const bool drops = drops_ = spec.drop_caches;
  kernel.boot([this, drops] {
    block.start();
    fs.load();
    vfs.mount("/", fs);
    vfs.flusher(fs.device()).start();
    booted_ = true;
    for (Program& program : programs_) spawn(program);
    if (drops) core.spawn("drop_caches", {drop_caches, this}).set(PF_KTHREAD);
  });
}

inline Rig::~Rig() { core.abort(); }

inline void Rig::run_body(Syscalls& sys, void* program) {
  static_cast<Program*>(program)->body(sys);
}

inline void Rig::spawn(Program& program) {
  ProcessConfig config;
  config.comm = program.comm;
  config.body = run_body;
  config.argument = &program;
  config.start = program.start;
  program.process = &kernel.spawn(config);
}

inline void Rig::process(Body body, std::string comm, Nanos start) {
  programs_.push_back({std::move(body), std::move(comm), start});
  if (booted_) spawn(programs_.back());
}

inline RunEnd Rig::run() { return end = core.run(); }

inline void Rig::run(Body body) {
  process(std::move(body));
  run();
  EXPECT_EQ(complaints(), "");
}

}  // namespace brink::test

#include "tests/sim/fs/rig_afterwards.hpp"
