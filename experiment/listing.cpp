// Every factory is run once with a Params that only listens: what it asks for is what there is, so
// the documentation cannot fall behind.

#include "experiment/listing.hpp"

#include <fmt/core.h>

#include "brink/site_list.hpp"
#include "experiment/machine_reader.hpp"
#include "experiment/metrics.hpp"
#include "experiment/rules_reader.hpp"

namespace brink {
namespace {

std::string keys_text(const Params& params) {
  std::string text;
  for (const ParamDoc& doc : params.docs()) {
    const std::string value = doc.value.empty() ? "" : ", by default " + doc.value;
    text += fmt::format("    {}: {}{}\n        {}\n", doc.key, doc.type, value, doc.meaning);
  }
  return text;
}

/// Runs a reader for its documentation. What it makes of defaults alone does not matter; some
/// things cannot be made of them.
template <class Read>
std::string documented(Read read) {
  Params params = Params::describe();
  try {
    read(params);
  } catch (const ConfigError&) {
    // A required key has no default.
  }
  return keys_text(params);
}

template <class Row, class Read>
std::string rows_text(std::span<const Row> rows, Read read) {
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{}\n    {}\n", row.name, row.summary);
    text += documented([&](Params& params) { read(row, params); });
  }
  return text;
}

std::string words_text(std::span<const WordRow> rows) {
  return rows_text(rows, [](const WordRow&, Params&) {});
}

}  // namespace

std::string list_policies(const Registries& registries) {
  return rows_text(registries.alloc_policies, [](auto& row, Params& params) { row.make(params); });
}
std::string list_oom(const Registries& registries) {
  return rows_text(registries.oom_policies, [](auto& row, Params& params) { row.make(params); });
}
std::string list_reclaim(const Registries& registries) {
  return rows_text(registries.reclaim_policies,
                   [](auto& row, Params& params) { row.make(params); });
}

namespace {

std::string policy_text(const PolicyChoice& choice) {
  std::string text = choice.name;
  if (!choice.params.empty()) text += " " + Value(choice.params).text();
  return text;
}

std::string rule_value(const RuleRow& row, std::int64_t value) {
  if (!row.words.empty()) return row.words[static_cast<std::size_t>(value)];
  if (row.high == 1) return value != 0 ? "true" : "false";
  return std::to_string(value);
}

/// The rules that the kernel sets otherwise than the initial ones.
std::string rules_text(const Rules& rules) {
  std::string text;
  for (const RuleRow& row : rule_table()) {
    const std::int64_t value = row.get(rules);
    if (value == row.get(Rules{})) continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", row.name, rule_value(row, value));
  }
  return text.empty() ? "those of [rules]" : text;
}

}  // namespace

std::string list_eras(const Registries& registries) {
  std::string text;
  for (const EraRow& row : registries.eras) {
    text += fmt::format("{}\n    {}\n    policies: alloc {}, oom {}, reclaim {}\n    rules: {}\n",
                        row.name, row.summary, policy_text(row.alloc_policy),
                        policy_text(row.oom_policy), policy_text(row.reclaim_policy),
                        rules_text(row.rules));
  }
  return text;
}

std::string list_rules(const Registries&) {
  return documented([](Params& params) {
    Rules rules;
    read_rules(params, rules);
  });
}

std::string list_faults(const Registries& registries) {
  return rows_text(registries.faults,
                   [](const FaultRow& row, Params& params) { row.make(params, Random()); });
}
std::string list_programs(const Registries& registries) {
  return rows_text(registries.programs,
                   [](const ProgramRow& row, Params& params) { row.make(params, ""); });
}
std::string list_syscalls(const Registries&) { return words_text(builtin_syscalls()); }
std::string list_strategies(const Registries& registries) {
  return words_text(registries.strategies);
}
std::string list_file_systems(const Registries& registries) {
  return words_text(registries.file_systems);
}
std::string list_devices(const Registries& registries) { return words_text(registries.devices); }

std::string list_sites(const Registries& registries) {
  std::string text;
  for (std::size_t i = 0; i < builtin_sites().size(); ++i) {
    const SiteInfo& site = builtin_sites()[i];
    text += fmt::format("{}\n    {} ({})\n", site.name, site.object, site.cache);
    for (const EraRow& era : registries.eras) {
      const SiteRule rule = era.site(static_cast<Site>(i));
      text += fmt::format("    {}: {} {}, on failure {}\n", era.name, rule.function,
                          gfp_text(rule.gfp), name(rule.on_failure));
    }
  }
  return text;
}

std::string list_metrics(const Registries&) {
  std::string text;
  for (const MetricRow& row : metric_table()) {
    text += fmt::format("{}\n    {}\n", row.name, row.meaning);
  }
  return text +
         "errno.SYSCALL.ERRNO\n    how often a system call returned it; 0 for success\n"
         "fate.SITE.FATE\n    how many failures at a site ended so\n"
         "lockups_at.SITE\n    lockups attributed to a site that is never refused\n";
}

std::string list_machine(const Registries& registries) {
  return "[machine]\n" + documented([&](Params& params) {
           params.text("kernel", "", kernel_meaning);
           read_machine(params, registries);
         }) +
         "[[device]]\n" + documented([&](Params& params) { read_device(params, registries); }) +
         "[[mount]]\n" + documented([&](Params& params) { read_mount(params, registries); }) +
         "[[memcg]]\n" + documented([&](Params& params) { read_memcg(params); }) + "[[task]]\n" +
         documented([&](Params& params) {
           read_task_keys(params);
           params.table("args", "the program's own keys");
         });
}

std::string list_keys(const Registries& registries) {
  struct Section {
    const char* title;
    std::string (*text)(const Registries&);
  };
  constexpr Section sections[] = {
      {"[machine], [[device]], [[mount]], [[memcg]], [[task]]", list_machine},
      {"Kernels: machine.kernel", list_eras},
      {"Rules: [rules], by default the kernel's; shown are those of 4.0", list_rules},
      {"Allocation policies: [policy.alloc]", list_policies},
      {"OOM policies: [policy.oom]", list_oom},
      {"Reclaim policies: [policy.reclaim]", list_reclaim},
      {"Programs: [[task]] program and args", list_programs},
      {"Faults: [[fault]]", list_faults},
      {"Scheduling strategies: machine.scheduler.strategy", list_strategies},
      {"File systems: [[mount]] fs", list_file_systems},
      {"Devices: [[mount]] device, machine.swap_device", list_devices},
      {"Metrics of [expect]", list_metrics},
  };
  std::string text =
      "# Every key\n\n"
      "What `brink list keys` prints: each key with what it accepts, its default and its meaning.\n"
      "The same declarations check the file. [config.md](config.md) says how they fit together; "
      "the\n"
      "sites and system calls of each kernel are in `brink list sites` and `brink list "
      "syscalls`.\n";
  for (const Section& section : sections) {
    text += fmt::format("\n## {}\n\n```\n{}```\n", section.title, section.text(registries));
  }
  return text;
}

}  // namespace brink
