// From a name in an expression to a metric.

#include <algorithm>

#include "experiment/metrics.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

std::vector<std::string> known_names() {
  std::vector<std::string> names = names_of(metric_table());
  names.insert(names.end(), {"errno.SYSCALL.ERRNO", "fate.SITE.FATE", "lockups_at.SITE"});
  return names;
}

/// `E` and capitals or digits, or `0` for success, or a bare number.
bool may_be_errno(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits) &&
         (text[0] == 'E' || (text[0] >= '0' && text[0] <= '9'));
}

bool read_errno(std::string_view rest, Metric& metric, std::string& why) {
  const std::size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || !may_be_errno(rest.substr(dot + 1))) {
    why = "expected errno.SYSCALL.ERRNO, as errno.mkdir.ENOMEM, or errno.mkdir.0 for success";
    return false;
  }
  metric = {Metric::Family::error, 0, std::string(rest.substr(0, dot)),
            std::string(rest.substr(dot + 1))};
  return true;
}

bool read_fate(std::string_view rest, Metric& metric, std::string& why) {
  std::vector<std::string> fates;
  for (std::size_t i = 0; i < fate_count; ++i) fates.emplace_back(name(static_cast<Fate>(i)));
  const std::size_t dot = rest.rfind('.');
  const std::string fate(dot == std::string_view::npos ? "" : rest.substr(dot + 1));
  if (dot == 0 || std::find(fates.begin(), fates.end(), fate) == fates.end()) {
    why = "expected fate.SITE.FATE, and \"" + fate + "\" is no fate" + suggestion(fate, fates);
    return false;
  }
  metric = {Metric::Family::fate, 0, std::string(rest.substr(0, dot)), fate};
  return true;
}

}  // namespace

MetricKind Metric::kind() const {
  return family == Family::table ? metric_table()[row].kind : MetricKind::count;
}

bool Metric::keeps_values() const {
  return family == Family::table && metric_table()[row].keeps_values;
}

bool find_metric(std::string_view name, Metric& metric, std::string& why) {
  constexpr std::string_view error = "errno.", fate = "fate.", at = "lockups_at.";
  for (std::size_t i = 0; i < metric_table().size(); ++i) {
    if (metric_table()[i].name != name) continue;
    metric = {Metric::Family::table, i, {}, {}};
    return true;
  }
  if (name.starts_with(error)) return read_errno(name.substr(error.size()), metric, why);
  if (name.starts_with(fate)) return read_fate(name.substr(fate.size()), metric, why);
  if (name.starts_with(at) && name.size() > at.size()) {
    metric = {Metric::Family::lockups_at, 0, std::string(name.substr(at.size())), {}};
    return true;
  }
  why = "unknown metric \"" + std::string(name) + "\"" + suggestion(name, known_names()) +
        "; `brink list metrics` lists them";
  return false;
}

}  // namespace brink
