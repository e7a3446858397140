// Whole runs of an experiment, one after another on one thread: what the core's speed comes to in
// the end. Prints one line as the workload programs do; its checksum is of the runs' trace hashes.
//
//   core_whole_runs FILE RUNS

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "experiment/experiment.hpp"
#include "experiment/registries.hpp"

namespace {

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace brink;
  if (argc != 3) {
    std::fprintf(stderr, "usage: core_whole_runs FILE RUNS\n");
    return 2;
  }
  const auto runs = static_cast<std::uint64_t>(std::atoll(argv[2]));
  const Registries registries = builtin_registries();
  const Experiment experiment = load_experiment(argv[1], {}, registries);
  std::uint64_t checksum = 0;
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < runs; ++i) {
    // Every point has its turn.
    const std::size_t point = i % experiment.points.size();
    const RunSpec spec = sweep_spec(experiment, point, i / experiment.points.size(), "");
    checksum = checksum * 31 + run_machine(spec).trace_hash;
  }
  std::printf("RUNS %llu %.3f runs/s chk=%016llx\n", static_cast<unsigned long long>(runs),
              static_cast<double>(runs) / (cpu_seconds() - begin),
              static_cast<unsigned long long>(checksum));
  return 0;
}
