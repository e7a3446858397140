// Name patterns as a shell reads them: `*` stands for any run of characters, `?` for any one. What
// filters of policies, faults and programs are written in.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace brink {

/// Whether the whole of `text` is what `pattern` describes.
constexpr bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;  // the last `*`, and where it stopped
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Whether one of the patterns describes it.
inline bool matches_any(std::span<const std::string> patterns, std::string_view text) {
  for (const std::string& pattern : patterns) {
    if (matches(pattern, text)) return true;
  }
  return false;
}

}  // namespace brink
