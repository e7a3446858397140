// Tables of counts by point.

#include "report/detail_tables.hpp"

#include <map>

namespace brink {
namespace {

constexpr std::size_t most_columns = 8;

/// A row's name, in as many cells as the table has leading columns.
using Key = std::vector<std::string>;
using Counts = std::map<Key, std::uint64_t>;

/// Adds the points' counts up into a table.
template <class CountsOf>
TextTable by_point(const ExperimentResult& result, const std::vector<std::string>& headings,
                   CountsOf counts_of) {
  const bool apart = result.points.size() <= most_columns;
  std::map<Key, std::vector<std::uint64_t>> rows;
  const std::size_t columns = apart ? result.points.size() : 1;
  for (std::size_t i = 0; i < result.points.size(); ++i) {
    for (const auto& [key, count] : counts_of(result.points[i])) {
      auto& row = rows[key];
      row.resize(columns);
      row[apart ? i : 0] += count;
    }
  }
  TextTable table;
  for (const std::string& heading : headings) table.column(heading, TextTable::Align::left);
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string where = apart ? axes_phrase(result.points[i].axes) : "all points";
    table.column(where.empty() ? "all runs" : where);
  }
  for (const auto& [key, counts] : rows) {
    std::vector<std::string> cells = key;
    for (const std::uint64_t count : counts) cells.push_back(count == 0 ? "–" : grouped(count));
    table.row(std::move(cells));
  }
  return table;
}

Counts lockup_sites(const PointResult& point) {
  Counts counts;
  for (const auto& [site, count] : point.lockups_by_site) counts[{site}] = count;
  return counts;
}

Counts errnos(const PointResult& point) {
  Counts counts;
  for (const auto& [syscall, errors] : point.errnos) {
    for (const auto& [error, count] : errors) {
      counts[{syscall, error == "0" ? "success" : error}] += count;
    }
  }
  return counts;
}

Counts fates(const PointResult& point) {
  Counts counts;
  for (const auto& [site, by_fate] : point.fates) {
    for (std::size_t i = 0; i < fate_count; ++i) {
      if (by_fate[i] > 0) counts[{site, name(static_cast<Fate>(i))}] = by_fate[i];
    }
  }
  return counts;
}

Counts reactions(const PointResult& point) {
  Counts counts;
  for (const auto& [call, by_reaction] : point.reactions) {
    for (std::size_t i = 0; i < by_reaction.size(); ++i) {
      if (by_reaction[i] == 0) continue;
      counts[{call.first, call.second, name(static_cast<Reaction>(i))}] = by_reaction[i];
    }
  }
  return counts;
}

}  // namespace

TextTable lockup_sites_table(const ExperimentResult& result) {
  return by_point(result, {"never refused"}, lockup_sites);
}
TextTable errno_table(const ExperimentResult& result) {
  return by_point(result, {"system call", "returned"}, errnos);
}
TextTable fate_table(const ExperimentResult& result) {
  return by_point(result, {"site", "fate"}, fates);
}
TextTable reaction_table(const ExperimentResult& result) {
  return by_point(result, {"system call", "returned", "the program"}, reactions);
}

}  // namespace brink
