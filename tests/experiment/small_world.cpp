// The small world's tables. Policies decide nothing here: small_run() only asks for their
// parameters.

#include "tests/experiment/small_world.hpp"

#include <array>
#include <cerrno>

namespace brink {
namespace {

class Retry final : public AllocPolicy {
 public:
  explicit Retry(Params& params)
      : retries(params.integer("retries", -1, {-1, 1'000'000}, "rounds")),
        counts(params.choice("counts", 0, {"oom_only", "all"}, "which rounds count")) {}
  Action decide(const AllocAttempt&) const override { return {}; }
  std::uint64_t rounds_left(const AllocAttempt&) const override { return 0; }

  const std::int64_t retries;
  const std::size_t counts;
};

class Killer final : public OomPolicy {
 public:
  OomGate gate(const OomRequest&) const override { return OomGate::kill; }
  OomChoice choose(const OomView&) const override { return {}; }
  VictimRights rights() const override { return VictimRights::none; }
};

class Reclaim final : public ReclaimPolicy {
 public:
  unsigned swappiness() const override { return 60; }
  bool direct_reclaim_writes() const override { return false; }
};

class Slab final : public Fault {
 public:
  explicit Slab(Params& params) : ppm_(params.probability("probability", 0, "how likely")) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return true; }
  std::string never_fires() const override { return ppm_ == 0 ? "probability is 0" : ""; }

 private:
  const std::uint64_t ppm_;
};

class Hog final : public Program {
 public:
  explicit Hog(Params& params) {
    params.integer("maps", 1, {1, 100}, "how many maps");
    params.size("size", MiB, 4096, GiB, "size of each");
    path_ = params.text("path", "", "a path");
  }
  int main(Syscalls&) const override { return 0; }
  std::vector<std::string> paths() const override {
    return path_.empty() ? std::vector<std::string>{} : std::vector{path_};
  }

 private:
  std::string path_;
};

class Trace final : public Program {
 public:
  Trace(Params& params, const std::string& directory)
      : file_(directory + "/" + params.text("file", "", "the trace")) {}
  int main(Syscalls&) const override { return 0; }
  std::vector<std::string> host_files() const override { return {file_}; }

 private:
  std::string file_;
};

constexpr std::array<PolicyRow<AllocPolicy>, 1> alloc_rows = {{
    {"bounded_retry", "N times",
     [](Params& params) -> std::unique_ptr<AllocPolicy> {
       return std::make_unique<Retry>(params);
     }},
}};
constexpr std::array<PolicyRow<OomPolicy>, 2> oom_rows = {{
    {"badness", "the largest",
     [](Params&) -> std::unique_ptr<OomPolicy> { return std::make_unique<Killer>(); }},
    {"none", "nobody",
     [](Params&) -> std::unique_ptr<OomPolicy> { return std::make_unique<Killer>(); }},
}};
constexpr std::array<PolicyRow<ReclaimPolicy>, 1> reclaim_rows = {{
    {"plain", "plain",
     [](Params&) -> std::unique_ptr<ReclaimPolicy> { return std::make_unique<Reclaim>(); }},
}};
constexpr std::array<FaultRow, 1> fault_rows = {{
    {"failslab", "slabs",
     [](Params& params, Random) -> std::unique_ptr<Fault> {
       return std::make_unique<Slab>(params);
     }},
}};
constexpr std::array<ProgramRow, 2> program_rows = {{
    {"hog", "wants memory",
     [](Params& params, const std::string&) -> std::unique_ptr<Program> {
       return std::make_unique<Hog>(params);
     }},
    {"trace", "replays",
     [](Params& params, const std::string& dir) -> std::unique_ptr<Program> {
       return std::make_unique<Trace>(params, dir);
     }},
}};

SiteRule no_rule(Site) { return {}; }

EraRow era_row(const char* name, const char* summary) {
  return {name,    summary, {"bounded_retry", {}}, {"badness", {}}, {"plain", {}}, {},
          no_rule, nullptr};
}

const std::array<EraRow, 2> era_rows = {era_row("4.0", "for ever"),
                                        era_row("4.0+knob", "with a knob")};

}  // namespace

Registries small_registries() {
  return {era_rows,
          alloc_rows,
          oom_rows,
          reclaim_rows,
          fault_rows,
          program_rows,
          builtin_file_systems(),
          builtin_devices(),
          builtin_strategies()};
}

std::string small_file() {
  return "[experiment]\n"
         "name = \"x\"\n"
         "[machine]\n"
         "kernel = \"4.0+knob\"\n"
         "memory = \"100 MiB\"\n"
         "[policy.alloc]\n"
         "retries = -1\n"
         "[[task]]\n"
         "program = \"hog\"\n"
         "[sweep]\n"
         "\"policy.alloc.retries\" = [0, -1]\n"
         "seeds = 10\n";
}

std::string expecting(const std::string& lines) {
  return small_file() + "[expect]\n" + lines + "\n";
}

Experiment load_text(const std::string& text, const LoadOptions& options) {
  return load_experiment(parse_document(text, "x.toml"), ".", options, small_registries());
}

std::string error_of(const std::string& text, const LoadOptions& options) {
  try {
    load_text(text, options);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::int64_t retries_of(const AllocPolicy& policy) {
  return dynamic_cast<const Retry&>(policy).retries;
}

Outcome small_run(const RunSpec& spec) {
  Outcome outcome;
  const std::int64_t retries = retries_of(*spec.alloc_policy);
  outcome.virtual_time = (100 + spec.seed) * ms;
  outcome.trace_hash = spec.seed * 1'000 + static_cast<std::uint64_t>(retries + 1);
  outcome.counters.page_touches = 1'000 * spec.seed;
  outcome.counters.oom_kills = spec.seed % 3;
  if (retries == -1 && spec.seed % 5 != 0) {
    outcome.verdict = Verdict::memory_deadlock;
    outcome.has_lockup = true;
    if (spec.seed % 2 == 0) outcome.lockup.never_refused = {"ext4.jbd2.frozen_copy"};
  }
  outcome.syscalls = {{"mkdir", 0, 100}};
  if (retries != -1) {
    outcome.counters.enomem[static_cast<std::size_t>(Cause::give_up)] = spec.seed;
    outcome.counters.enomem_refusable = spec.seed / 2;
    outcome.syscalls.push_back({"mkdir", ENOMEM, spec.seed});
    outcome.fates["ext4.inode.alloc"][static_cast<std::size_t>(Fate::returned)] = spec.seed;
  }
  return outcome;
}

}  // namespace brink
