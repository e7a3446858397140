// What stands behind the main table: which errors, which sites, which fates, which reactions.
#pragma once

#include "brink/results.hpp"
#include "report/text.hpp"

namespace brink {

/// One row a kind of thing, one column a point; beyond eight points one column for all together.
TextTable lockup_sites_table(const ExperimentResult& result);
TextTable errno_table(const ExperimentResult& result);
TextTable fate_table(const ExperimentResult& result);
TextTable reaction_table(const ExperimentResult& result);

}  // namespace brink
