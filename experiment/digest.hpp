// What makes an experiment's runs its own: a hash over everything in the file that a run depends
// on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "brink/params.hpp"

namespace brink {

/// The version of run ids and of what they mean. It goes up when the same id would come to another
/// run: a change of the model, the scheduler, the streams of random numbers, or the trace hash.
inline constexpr unsigned format_version = 1;

/// FNV-1a, 64 bits.
inline constexpr std::uint64_t fnv1a_start = 0xcbf29ce484222325u;
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = fnv1a_start);

/// `VERSION-HEX`: over the format version, the file after --set, and the contents of the host files
/// that programs name (each path once, in alphabetical order). Comments, spacing, the order of
/// keys, the question, the sweep's lists and the expectations are left out: no single run depends
/// on them. Throws ConfigError at `where` if a host file cannot be read.
std::string experiment_digest(const Value& root, std::vector<std::string> host_files,
                              const Where& where);

}  // namespace brink
