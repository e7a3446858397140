// The result of an experiment as text: one sentence, one table, and what stands behind them.
#pragma once

#include <string>

#include "brink/results.hpp"
#include "report/paint.hpp"

namespace brink {

/// The whole report. Nothing in it depends on the time of day or the number of threads.
std::string text_report(const ExperimentResult& result, const Paint& paint = {});

/// One sentence in plain words: where runs locked up most and least, and what that cost in ENOMEM.
std::string sentence(const ExperimentResult& result);

/// Whether the run is as expected: every expectation holds, nothing differed, nothing is missing.
bool as_expected(const ExperimentResult& result);

}  // namespace brink
