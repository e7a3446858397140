// The [rules] of an experiment: one key for each row of the rule table.

#include "experiment/rules_reader.hpp"

namespace brink {
namespace {

std::int64_t read(Params& params, const RuleRow& row, std::int64_t fallback) {
  if (!row.words.empty()) {
    const auto word = static_cast<std::size_t>(fallback);
    return static_cast<std::int64_t>(params.choice(row.name, word, row.words, row.meaning));
  }
  if (row.high == 1) return params.boolean(row.name, fallback != 0, row.meaning) ? 1 : 0;
  return params.integer(row.name, fallback, {0, row.high}, row.meaning);
}

}  // namespace

void read_rules(Params& params, Rules& rules) {
  for (const RuleRow& row : rule_table()) row.set(rules, read(params, row, row.get(rules)));
  params.done();
}

}  // namespace brink
