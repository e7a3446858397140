// Programs: the simulated applications.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "brink/syscall.hpp"

namespace brink {

class Params;

/// One program with its arguments. One object serves every task and run that executes it, on
/// several threads at once: main() must keep what it remembers in its own frames.
class Program {
 public:
  virtual ~Program() = default;

  /// Runs as one process; returns the exit status.
  virtual int main(Syscalls& sys) const = 0;

  /// How many processes (threads of the recorded workload, for a trace) it wants to be, for each of
  /// the file's `count`; each has its own main(), told apart by Syscalls::instance().
  virtual std::uint32_t processes() const { return 1; }

  /// Paths that it will use; each must lie on a mounted file system. One that ends in / is a
  /// directory that is there from the start; of any other the directories above it are.
  virtual std::vector<std::string> paths() const { return {}; }

  /// Files of the host that its behaviour depends on; their contents go into the run's digest.
  virtual std::vector<std::string> host_files() const { return {}; }

  /// What a person should know about its input before anything runs, each a sentence.
  virtual std::vector<std::string> warnings() const { return {}; }
};

/// `directory` is where relative host paths start: the experiment file's own.
using ProgramFactory = std::unique_ptr<Program> (*)(Params& params, const std::string& directory);

struct ProgramRow {
  const char* name;
  const char* summary;
  ProgramFactory make;
};

std::span<const ProgramRow> program_table();

}  // namespace brink
