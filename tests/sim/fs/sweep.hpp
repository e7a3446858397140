// Each allocation of an operation fails once, one run after another.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/fs/rig.hpp"

namespace brink::test {

struct Operation {
  std::function<void(Syscalls&)> before;
  std::function<std::int64_t(Syscalls&)> run;
  std::function<void(Ext4&)> mkfs = {};
};

/// What one failed allocation came to.
struct Failed {
  std::string site;
  std::string function;     ///< innermost frame
  std::int64_t result = 0;  ///< of the operation
  std::string fate;
  bool fs_error = false;   ///< the file system is read-only now
  std::string complaints;  ///< of the machine at rest
};

inline std::string fate_of_failure(const Rig& rig) {
  std::string text;
  for (std::size_t i = 0; i < fate_count; ++i) {
    const auto fate = static_cast<Fate>(i);
    for (std::uint64_t n = rig.fates(fate); n != 0; --n) {
      text += (text.empty() ? "" : "+") + std::string(name(fate));
    }
  }
  return text;
}

inline std::vector<Failed> sweep(const Operation& operation, std::uint64_t seed = 0) {
  std::vector<Failed> all;
  for (std::uint64_t nth = 1;; ++nth) {
    const auto aim = std::make_shared<Aim>();
    RigSpec spec;
    spec.seed = seed;
    spec.mkfs = operation.mkfs;
    spec.faults.push_back(std::make_unique<AimedFault>(aim));
    Rig rig(std::move(spec));
    Failed failed;
    rig.process([&](Syscalls& sys) {
      operation.before(sys);
      aim->armed = true;
      aim->nth = nth;
      failed.result = operation.run(sys);
    });
    rig.run();
    if (aim->fired == 0) return all;
    failed.site = rig.memory.sites().name(aim->site);
    failed.function = aim->stack;
    failed.fate = fate_of_failure(rig);
    failed.fs_error = rig.fs.read_only();
    failed.complaints = rig.complaints();
    all.push_back(failed);
  }
}

/// What user space or the file system comes to know of, as "SITE: RESULT FATE"; each once, in
/// order.
inline std::vector<std::string> noticed(const std::vector<Failed>& all) {
  std::vector<std::string> lines;
  for (const Failed& f : all) {
    const bool told = f.fate == "returned" || f.fate == "translated" || f.fate == "short";
    if (!told && !f.fs_error) continue;
    const int error = static_cast<int>(-f.result);
    const std::string result = f.result < 0 ? errno_name(error) : std::to_string(f.result);
    const std::string line =
        f.site + ": " + result + " " + f.fate + (f.fs_error ? ", fs error" : "");
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

}  // namespace brink::test
