// A run is a pure function of its specification: the same events, whoever else runs beside it, in
// whatever process, at whatever addresses.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <thread>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

const std::string hash_label = "trace hash of the complete machine: ";
const std::string address_label = "somewhere on the heap: ";

/// What `command` prints.
std::string printed_by(const std::string& command) {
  std::string text;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 0) << command;
  return text;
}

std::string own_path() {
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

/// The rest of the line that begins with `label`.
std::string line_after(const std::string& text, const std::string& label) {
  const std::size_t at = text.find(label);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + label.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Determinism, TheSameRunHasTheSameEvents) {
  const Outcome first = run_machine(spec_of_file(complete_machine));
  const Outcome second = run_machine(spec_of_file(complete_machine));
  EXPECT_EQ(first.trace_hash, second.trace_hash);
  EXPECT_EQ(first.virtual_time, second.virtual_time);
  EXPECT_EQ(first.counters.steps, second.counters.steps);
  EXPECT_EQ(first.reason, second.reason);
  // The machine is what it is taken for.
  EXPECT_GT(first.counters.oom_kills, 0u);
  EXPECT_GT(first.counters.swap_outs, 0u);
  EXPECT_GT(first.faults.at(0).fired, 0u);
  EXPECT_GT(first.faults.at(1).fired, 0u);
  EXPECT_NE(run_machine(spec_of_file(complete_machine, 2)).trace_hash, first.trace_hash);
}

TEST(Determinism, WatchingARunDoesNotChangeIt) {
  const Outcome plain = run_machine(spec_of_file(complete_machine));
  RunSpec spec = spec_of_file(complete_machine);
  std::uint64_t events = 0;
  std::atomic<std::uint64_t> beat{0};
  spec.on_event = [&events](const TraceEvent&) { ++events; };
  spec.heartbeat = &beat;
  spec.keep_failures = spec.tell_story = spec.keep_schedule = true;
  const Outcome watched = run_machine(spec);
  EXPECT_EQ(watched.trace_hash, plain.trace_hash);
  EXPECT_GT(events, 10'000u);
  EXPECT_GT(beat.load(), 0u);
}

TEST(Determinism, OtherMachinesOfOtherThreadsChangeNothing) {
  const std::uint64_t alone = run_machine(spec_of_file(complete_machine)).trace_hash;
  std::atomic<bool> stop{false};
  std::array<std::uint64_t, 2> others{};
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      do {
        others[i] +=
            run_machine(spec_of_file(complete_machine, 10 + others[i] % 5)).trace_hash != 0;
      } while (!stop);
    });
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(run_machine(spec_of_file(complete_machine)).trace_hash, alone);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(others[0], 0u);
  EXPECT_GT(others[1], 0u);
}

/// What the next test reads from another process; does no harm by itself.
TEST(Determinism, TellsItsHash) {
  const auto somewhere = std::make_unique<int>(0);
  const Outcome outcome = run_machine(spec_of_file(complete_machine));
  std::printf("%s%p\n", address_label.c_str(), static_cast<void*>(somewhere.get()));
  std::printf("%s%llx\n", hash_label.c_str(), static_cast<unsigned long long>(outcome.trace_hash));
  EXPECT_NE(outcome.trace_hash, 0u);
}

TEST(Determinism, TwoProcessesAtOtherAddressesAgree) {
  const std::string command = own_path() + " --gtest_filter=Determinism.TellsItsHash";
  const std::string first = printed_by(command), second = printed_by(command);
  ASSERT_NE(line_after(first, hash_label), "");
  EXPECT_EQ(line_after(first, hash_label), line_after(second, hash_label));
  // Where the host moves heaps about at all, it did.
  if (contents("/proc/sys/kernel/randomize_va_space").substr(0, 1) == "2") {
    EXPECT_NE(line_after(first, address_label), line_after(second, address_label));
  }
}

TEST(Determinism, TheProgramAgreesWhateverTheNumberOfJobs) {
  const std::string file = BRINK_SOURCE_DIR "/configs/exit-locks.toml";
  std::array<std::string, 3> results;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string out = testing::TempDir() + "/jobs." + std::to_string(getpid()) + ".json";
    const std::string jobs = i == 2 ? "2" : "1";
    printed_by(std::string(BRINK_BINARY_DIR "/brink run ") + file + " --seeds 1 --json " + out +
               " --jobs " + jobs + " >/dev/null 2>&1; true");
    results[i] = contents(out);
    std::remove(out.c_str());
    ASSERT_NE(results[i].find("trace_hash"), std::string::npos) << "jobs: " << jobs;
  }
  EXPECT_EQ(results[0], results[1]) << "two processes";
  EXPECT_EQ(results[0], results[2]) << "one job, two jobs";
}

}  // namespace
}  // namespace brink
