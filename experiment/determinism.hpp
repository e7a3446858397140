// The proof by sample that a run is a pure function of its id: run it twice, compare.
#pragma once

#include <functional>
#include <string>

#include "brink/machine.hpp"
#include "brink/outcome.hpp"

namespace brink {

/// What executes a run: run_machine(), or a stand-in in tests.
using RunFunction = std::function<Outcome(const RunSpec&)>;

/// Whether run `index` of a sweep is one of those that are executed twice: the first one is, and of
/// the others `ppm` in a million, spread evenly and the same for every number of jobs.
bool is_rechecked(std::uint64_t index, std::uint64_t ppm);

/// The first thing in which two outcomes of the same run differ, with both values; empty if none.
std::string outcome_difference(const Outcome& first, const Outcome& second);

/// Runs it twice more with its events recorded and names the first that differs. Memory is bounded:
/// beyond four million events only blocks of 4,096 are compared.
std::string first_differing_event(const RunSpec& spec, const RunFunction& run);

}  // namespace brink
