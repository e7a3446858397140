// Reading a point: the kernel's era first, because it says what the policies are if the file does
// not; then the machine, its mounts, the tasks with their programs, and the faults.

#include "experiment/point.hpp"

#include <algorithm>

#include "experiment/machine_reader.hpp"
#include "experiment/rules_reader.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

/// One reading, over the tables of the file.
class PointReader {
 public:
  PointReader(const Value& root, const std::string& file, const std::string& directory,
              const Registries& registries, ProgramCache& programs)
      : root_(*root.table()),
        top_{file, 1, 1},
        directory_(directory),
        registries_(registries),
        programs_(programs) {}

  SweepPoint read() {
    each("device", [this](Params params) { read_device_at(params); });
    each("memcg", [this](Params params) { read_memcg_at(params); });
    read_machine_and_policies();
    each("mount", [this](Params params) { read_mount_at(params); });
    check_root();
    each("task", [this](Params params) { read_task(params); });
    if (point_.spec.tasks.empty()) {
      throw ConfigError(top_, "the experiment has no [[task]]: nothing would run");
    }
    each("fault", [this](Params params) { read_fault(params); });
    point_.faults = std::make_shared<const std::vector<FaultPlan>>(std::move(faults_));
    return std::move(point_);
  }

 private:
  Params table(const std::string& key) const {
    const auto found = root_.find(key);
    if (found == root_.end()) return Params({}, key, top_);
    const Table* inner = found->second.table();
    if (inner == nullptr) {
      throw ConfigError(found->second.where(),
                        key + ": expected a table, found " + a_kind(found->second));
    }
    return Params(*inner, key, found->second.where());
  }

  template <class Read>
  void each(const std::string& key, Read read) {
    const auto found = root_.find(key);
    if (found == root_.end()) return;
    const List* list = found->second.list();
    const auto refuse = [&](const Value& value) {
      throw ConfigError(value.where(),
                        key + ": expected [[" + key + "]] tables, found " + a_kind(value));
    };
    if (list == nullptr) refuse(found->second);
    for (std::size_t i = 0; i < list->size(); ++i) {
      const Value& element = (*list)[i];
      if (element.table() == nullptr) refuse(element);
      read(Params(*element.table(), key + "." + std::to_string(i), element.where()));
    }
  }

  void read_machine_and_policies() {
    Params machine = table("machine");
    point_.kernel = machine.text("kernel", "", kernel_meaning);
    if (point_.kernel.empty()) {
      throw ConfigError(machine.where(),
                        "machine.kernel is missing" + suggestion("", names_of(registries_.eras)));
    }
    const EraRow& era =
        row_named(registries_.eras, point_.kernel, "kernel era", machine.where("kernel"));
    RunSpec& spec = point_.spec;
    spec.rules = era.rules;
    Params rules = table("rules");
    read_rules(rules, spec.rules);
    spec.site_rule = era.site;
    spec.slab_spec = era.slab;
    spec.machine = read_machine(machine, registries_, devices_);
    spec.machine.devices = devices_;
    spec.machine.memcgs = memcgs_;
    point_.walks_schedules = spec.machine.scheduler.strategy == "dfs";

    Params policy = table("policy");
    spec.alloc_policy =
        make(registries_.alloc_policies, policy, "alloc", "when to retry and when to fail",
             era.alloc_policy, "allocation policy");
    point_.policy_alloc = Value(written_);
    spec.oom_policy =
        make(registries_.oom_policies, policy, "oom", "whom to kill", era.oom_policy, "OOM policy");
    spec.reclaim_policy = make(registries_.reclaim_policies, policy, "reclaim", "how to reclaim",
                               era.reclaim_policy, "reclaim policy");
    policy.done();
  }

  /// A policy of the table policy.KEY, over what the kernel sets of its keys if it is the kernel's
  /// own. Leaves all that in written_.
  template <class Policy>
  std::shared_ptr<const Policy> make(std::span<const PolicyRow<Policy>> rows, Params& policies,
                                     const char* key, const char* meaning,
                                     const PolicyChoice& usual, const char* what) {
    Params params = policies.table(key, meaning);
    const std::string name = params.text("name", usual.name, "which policy");
    const PolicyRow<Policy>& row = row_named(rows, name, what, params.where("name"));
    if (name == usual.name) params.set_defaults(usual.params);
    std::shared_ptr<const Policy> policy = row.make(params);
    params.done();
    written_ = params.written();
    written_.insert_or_assign("name", Value(name));
    return policy;
  }

  void read_device_at(Params& params) {
    DeviceConfig device = read_device(params, registries_, devices_);
    if (device.name.empty()) params.reject("name", "is missing");
    devices_.push_back(std::move(device));
  }

  void read_memcg_at(Params& params) {
    MemcgConfig memcg = read_memcg(params, memcgs_);
    if (memcg.name.empty()) params.reject("name", "is missing");
    memcgs_.push_back(std::move(memcg));
  }

  void read_mount_at(Params& params) {
    std::vector<MountConfig>& mounts = point_.spec.machine.mounts;
    MountConfig mount = read_mount(params, registries_, devices_);
    for (const MountConfig& other : mounts) {
      if (other.at == mount.at)
        params.reject("at", "something is mounted at " + mount.at + " already");
    }
    mounts.push_back(std::move(mount));
  }

  /// The root is where every path begins: other mounts hang on it.
  void check_root() const {
    const std::vector<MountConfig>& mounts = point_.spec.machine.mounts;
    const auto is_root = [](const MountConfig& mount) { return mount.at == "/"; };
    if (mounts.empty() || std::any_of(mounts.begin(), mounts.end(), is_root)) return;
    const Value& first = root_.at("mount").list()->front();
    throw ConfigError(first.where(), "mount: nothing is mounted at \"/\", and " +
                                         mounts.front().at +
                                         " hangs on it; add a [[mount]] with at = \"/\"");
  }

  void read_task(Params& params) {
    TaskConfig task = read_task_keys(params);
    if (task.program.empty()) params.reject("program", "is missing");
    const ProgramRow& row =
        row_named(registries_.programs, task.program, "program", params.where("program"));
    const std::vector<TaskConfig>& earlier = point_.spec.tasks;
    const auto runs_parent = [&task](const TaskConfig& other) {
      return other.program == task.parent;
    };
    if (!task.parent.empty() && std::none_of(earlier.begin(), earlier.end(), runs_parent)) {
      params.reject("parent", "no earlier [[task]] runs \"" + task.parent + "\"");
    }
    const auto is_memcg = [&task](const MemcgConfig& memcg) { return memcg.name == task.memcg; };
    if (!task.memcg.empty() && std::none_of(memcgs_.begin(), memcgs_.end(), is_memcg)) {
      params.reject("memcg", "no [[memcg]] is called \"" + task.memcg + "\"");
    }
    Params args = params.table("args", "the program's own keys");
    params.done();
    task.code = program(row, args);
    check_paths(task, params.has("args") ? params.where("args") : params.where());
    point_.spec.tasks.push_back(std::move(task));
  }

  /// The same program with the same arguments is one object, for all points.
  std::shared_ptr<const Program> program(const ProgramRow& row, Params& args) {
    const List* written = root_.find("task")->second.list();
    const std::size_t index = point_.spec.tasks.size();
    const Table& table = *(*written)[index].table();
    const auto found = table.find("args");
    const std::string key =
        std::string(row.name) + " " + (found == table.end() ? "" : found->second.text());
    std::shared_ptr<const Program>& cached = programs_[key];
    if (!cached) {
      cached = row.make(args, directory_);
      args.done();
    }
    for (const std::string& path : cached->host_files()) point_.host_files.push_back(path);
    const Where& where = found == table.end() ? (*written)[index].where() : found->second.where();
    for (const std::string& warning : cached->warnings()) {
      point_.warnings.push_back(warning_text(where, warning));
    }
    return cached;
  }

  void check_paths(const TaskConfig& task, const Where& where) const {
    for (const std::string& path : task.code->paths()) {
      if (mount_of(point_.spec.machine.mounts, path) != nullptr) continue;
      throw ConfigError(where, task.program + " uses " + path +
                                   ", but nothing is mounted there; add "
                                   "a [[mount]] with at = \"/\"");
    }
  }

  void read_fault(Params& params) {
    const std::string name = params.text("name", "", "which fault: a row of `brink list faults`");
    if (name.empty()) params.reject("name", "is missing");
    const FaultRow& row = row_named(registries_.faults, name, "fault", params.where("name"));
    const Value& written = (*root_.find("fault")->second.list())[faults_.size()];
    FaultPlan plan{&row, *written.table(), params.prefix(), params.where()};
    plan.params.erase("name");
    // Made once to be checked: no run may meet a mistake of the file.
    Params again(plan.params, plan.prefix, plan.where);
    const std::unique_ptr<Fault> fault = row.make(again, Random());
    again.done();
    point_.never_fires.push_back(fault->never_fires());
    faults_.push_back(std::move(plan));
  }

  const Table& root_;
  const Where top_;
  const std::string& directory_;
  const Registries& registries_;
  ProgramCache& programs_;
  std::vector<DeviceConfig> devices_;
  std::vector<MemcgConfig> memcgs_;
  SweepPoint point_;
  Table written_;
  std::vector<FaultPlan> faults_;
};

}  // namespace

std::string warning_text(const Where& where, const std::string& message) {
  std::string text = ConfigError(where, "").what();
  text.resize(text.rfind("error: "));
  return text + "warning: " + message;
}

SweepPoint read_point(const Value& root, const std::string& file, const std::string& directory,
                      const Registries& registries, ProgramCache& programs) {
  return PointReader(root, file, directory, registries, programs).read();
}

std::vector<std::unique_ptr<Fault>> make_faults(const std::vector<FaultPlan>& plans,
                                                std::uint64_t seed,
                                                const std::vector<std::size_t>* chosen) {
  std::vector<std::unique_ptr<Fault>> faults;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (chosen != nullptr && std::find(chosen->begin(), chosen->end(), i) == chosen->end())
      continue;
    const FaultPlan& plan = plans[i];
    Params params(plan.params, plan.prefix, plan.where);
    faults.push_back(plan.row->make(params, Random(seed, stream_id("fault", i))));
  }
  return faults;
}

std::shared_ptr<const AllocPolicy> make_alloc_policy(const Registries& registries,
                                                     const std::string& name, const Value& table,
                                                     const std::string& prefix) {
  Params params(*table.table(), prefix, table.where());
  params.text("name", name, "which policy");
  const auto& row = row_named(registries.alloc_policies, name, "allocation policy", table.where());
  std::shared_ptr<const AllocPolicy> policy = row.make(params);
  params.done();
  return policy;
}

}  // namespace brink
