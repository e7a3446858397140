// The sites of one machine: the built-in ones, with what its kernel makes of them, and those that
// programs and users add.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "brink/sites.hpp"

namespace brink {

class SiteTable {
 public:
  /// `rule_of` says what the kernel makes of each built-in site.
  explicit SiteTable(SiteRule (*rule_of)(Site));

  const SiteRule& rule(Site site) const { return rules_[static_cast<std::size_t>(site)]; }
  const char* name(Site site) const { return names_[static_cast<std::size_t>(site)].c_str(); }
  std::size_t size() const { return rules_.size(); }

  /// Another site, or the one of this name.
  Site add(std::string_view name, const SiteRule& rule);

 private:
  std::vector<SiteRule> rules_;
  std::vector<std::string> names_;
};

}  // namespace brink
