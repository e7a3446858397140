// Reading the scope of a limit on retries.

#include "policies/retry_scope.hpp"

#include <array>
#include <string>

#include "brink/params.hpp"
#include "brink/pattern.hpp"
#include "brink/site_list.hpp"

namespace brink {
namespace {

constexpr std::array gfp_classes = {GfpClass::nowait, GfpClass::atomic, GfpClass::noio,
                                    GfpClass::nofs, GfpClass::kernel};

std::uint32_t read_orders(Params& scope) {
  const std::int64_t largest = scope.integer("max_order", max_order, {0, max_order},
                                             "the limit holds for requests up to this order");
  const std::vector<std::int64_t> list =
      scope.integers("orders", {0, max_order}, "the limit holds for these orders only");
  std::uint32_t orders = list.empty() ? ~0u : 0;
  for (const std::int64_t order : list) orders |= 1u << order;
  return orders & ((2u << largest) - 1);
}

std::uint32_t read_classes(Params& scope) {
  const std::vector<std::string> words = scope.texts(
      "gfp", "the limit holds for these masks only: noio, nofs, kernel (by what reclaim may do)");
  std::uint32_t classes = words.empty() ? ~0u : 0;
  std::vector<std::string> known;
  for (const GfpClass c : gfp_classes) known.emplace_back(name(c));
  for (const std::string& word : words) {
    bool found = false;
    for (const GfpClass c : gfp_classes) {
      if (word != name(c)) continue;
      classes |= 1u << static_cast<unsigned>(c);
      found = true;
    }
    if (found) continue;
    const std::string guess = did_you_mean(word, known);
    scope.reject("gfp", "\"" + word + "\" is not one of nowait, atomic, noio, nofs, kernel" +
                            (guess.empty() ? "" : "; did you mean \"" + guess + "\"?"));
  }
  return classes;
}

std::vector<bool> read_sites(Params& scope) {
  const std::vector<std::string> patterns = scope.texts(
      "sites", "the limit holds for built-in sites of these names only; * and ? as in a shell");
  if (patterns.empty()) return {};
  std::vector<bool> sites(builtin_sites().size());
  std::vector<std::string> names;
  for (const SiteInfo& site : builtin_sites()) names.emplace_back(site.name);
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!matches(pattern, names[i])) continue;
      sites[i] = true;
      found = true;
    }
    if (found) continue;
    const std::string guess = did_you_mean(pattern, names);
    scope.reject("sites", "\"" + pattern + "\" is the name of no site" +
                              (guess.empty() ? "" : "; did you mean \"" + guess + "\"?"));
  }
  return sites;
}

}  // namespace

RetryScope::RetryScope(Params& params) {
  Params scope = params.table("scope", "which requests the limit holds for; the others never fail");
  orders_ = read_orders(scope);
  classes_ = read_classes(scope);
  sites_ = read_sites(scope);
  every_site_ = sites_.empty();
  scope.done();
}

}  // namespace brink
