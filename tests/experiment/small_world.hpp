// A small world to read experiments in: tables of two or three rows, and a stand-in for the machine
// whose outcomes are a plain function of the run, so that results can be worked out by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "experiment/experiment.hpp"
#include "experiment/runner.hpp"

namespace brink {

/// bounded_retry, badness, failslab, … with a few keys each.
Registries small_registries();

/// A file that loads: two points (retries = 0 and -1), 10 seeds, one hog, no expectations.
std::string small_file();

/// The file with `[expect]` and these lines at its end.
std::string expecting(const std::string& lines);

/// Loads from memory, as `x.toml`.
Experiment load_text(const std::string& text, const LoadOptions& options = {});

/// What loading it complains about: `x.toml:3:1: error: …`; empty if it loads.
std::string error_of(const std::string& text, const LoadOptions& options = {});

/// retries = -1: seeds that are no multiple of 5 lock up. Else: mkdir returns ENOMEM as often as
/// the seed says. The hash depends on seed and retries alone.
Outcome small_run(const RunSpec& spec);

/// What the small world's only allocation policy was made with.
std::int64_t retries_of(const AllocPolicy& policy);

}  // namespace brink
