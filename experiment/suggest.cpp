// Words that may have been meant.

#include "experiment/suggest.hpp"

namespace brink {

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string guess = did_you_mean(word, known);
  if (!guess.empty()) return "; did you mean \"" + guess + "\"?";
  if (known.empty() || known.size() > 20) return "";
  std::string text;
  for (const std::string& name : known) text += (text.empty() ? "" : ", ") + name;
  return "; known: " + text;
}

std::string a_kind(const Value& value) {
  const std::string kind = value.kind();
  return (kind == "integer" ? "an " : "a ") + kind;
}

}  // namespace brink
