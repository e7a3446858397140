// The sites of one machine.

#include "sim/mm/site_table.hpp"

#include "brink/site_list.hpp"

namespace brink {

SiteTable::SiteTable(SiteRule (*rule_of)(Site)) {
  for (const SiteInfo& info : builtin_sites()) {
    const auto site = static_cast<Site>(rules_.size());
    rules_.push_back(rule_of != nullptr ? rule_of(site) : SiteRule{});
    names_.emplace_back(info.name);
  }
}

Site SiteTable::add(std::string_view name, const SiteRule& rule) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return static_cast<Site>(i);
  }
  rules_.push_back(rule);
  names_.emplace_back(name);
  return static_cast<Site>(rules_.size() - 1);
}

}  // namespace brink
