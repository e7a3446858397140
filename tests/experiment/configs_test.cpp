// What ships: every experiment loads without a warning and expects something; the documentation of
// the keys names them all.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "experiment/experiment.hpp"
#include "experiment/listing.hpp"
#include "experiment/machine_reader.hpp"
#include "experiment/metrics.hpp"

namespace brink {
namespace {

const std::string root = BRINK_SOURCE_DIR;

std::vector<std::string> shipped() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/configs")) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  return files;
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Configs, LoadWithoutAWarningAndExpectSomething) {
  EXPECT_GE(shipped().size(), 5u);
  for (const std::string& file : shipped()) {
    const Experiment experiment = load_experiment(file, {}, builtin_registries());
    EXPECT_FALSE(experiment.expectations.empty()) << file;
    EXPECT_FALSE(experiment.question.empty()) << file;
    EXPECT_TRUE(experiment.warnings.empty()) << experiment.warnings.front();
  }
}

/// "5 retry limits × 200 seeds = 1,000 runs."
TEST(Configs, StateTheProductOfTheirAxesInTheFirstComment) {
  for (const std::string& file : shipped()) {
    const Experiment experiment = load_experiment(file, {}, builtin_registries());
    std::string runs = std::to_string(experiment.runs());
    if (runs.size() > 3) runs.insert(runs.size() - 3, ",");
    EXPECT_NE(contents(file).find("= " + runs + " runs."), std::string::npos)
        << file << " makes " << runs << " runs";
  }
}

TEST(Documentation, NamesEveryKeyOfTheMachineAndEveryMetric) {
  const std::string document = contents(root + "/docs/config.md");
  Params machine = Params::describe(), mount = Params::describe();
  read_machine(machine, builtin_registries());
  read_mount(mount, builtin_registries());
  const auto named = [&](const std::string& word) {
    return document.find("`" + word + "`") != std::string::npos;
  };
  for (const ParamDoc& doc : machine.docs()) EXPECT_TRUE(named(doc.key)) << doc.key;
  for (const ParamDoc& doc : mount.docs()) EXPECT_TRUE(named(doc.key)) << doc.key;
  for (const MetricRow& row : metric_table()) EXPECT_TRUE(named(row.name)) << row.name;
}

TEST(Documentation, ListsTheKeysAsTheyAre) {
  EXPECT_EQ(contents(root + "/docs/keys.md"), list_keys(builtin_registries()))
      << "write it anew: build/release/brink list keys > docs/keys.md";
}

TEST(Listing, SaysOfEveryRowWhatItTakes) {
  const Registries registries = builtin_registries();
  const std::string policies = list_policies(registries);
  EXPECT_NE(policies.find("bounded_retry\n"), std::string::npos);
  EXPECT_NE(policies.find("    retries: integer"), std::string::npos);
  for (const ProgramRow& row : registries.programs) {
    EXPECT_NE(list_programs(registries).find(std::string(row.name) + "\n"), std::string::npos);
  }
  for (const FaultRow& row : registries.faults) {
    EXPECT_NE(list_faults(registries).find(std::string(row.name) + "\n"), std::string::npos);
  }
  EXPECT_NE(list_machine(registries).find("    kernel: string"), std::string::npos);
  EXPECT_NE(list_sites(registries).find("ext4.jbd2.frozen_copy\n"), std::string::npos);
  EXPECT_NE(list_eras(registries).find("4.0+knob\n"), std::string::npos);
  EXPECT_NE(list_metrics(registries).find("lockups\n"), std::string::npos);
}

}  // namespace
}  // namespace brink
