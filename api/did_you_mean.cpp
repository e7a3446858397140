// Suggestions for misspelt words: Damerau-Levenshtein distance, in its "optimal string alignment"
// form, where no part of a word is edited twice.

#include <algorithm>

#include "brink/params.hpp"

namespace brink {
namespace {

/// What spellings of the same word have in common.
std::string folded(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return text;
}

std::size_t edits(const std::string& a, const std::string& b) {
  // Rows i - 2, i - 1 and i of the table of distances between the words' beginnings.
  std::vector<std::size_t> older(b.size() + 1), old(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    older.swap(old);
    old.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = old[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, old[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], older[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::size_t common_beginning(const std::string& a, const std::string& b) {
  std::size_t length = 0;
  while (length < a.size() && length < b.size() && a[length] == b[length]) ++length;
  return length;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = folded(word);
  std::string best;
  std::size_t fewest = 0, longest_beginning = 0;
  for (const std::string& candidate : candidates) {
    const std::string known = folded(candidate);
    // Up to a third of the longer word may be wrong; of short words, one letter.
    const std::size_t longer = std::max(wanted.size(), known.size());
    const std::size_t limit = std::max<std::size_t>(1, longer / 3);
    const std::size_t distance = edits(wanted, known);
    if (distance > limit || distance >= longer) continue;
    const std::size_t beginning = common_beginning(wanted, known);
    const bool better = distance < fewest || (distance == fewest && beginning > longest_beginning);
    if (!best.empty() && !better) continue;
    best = candidate;
    fewest = distance;
    longest_beginning = beginning;
  }
  return best;
}

}  // namespace brink
