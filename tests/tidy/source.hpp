// The source tree as text, for the rules of the house.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brink::tidy {

/// One file. Lines count from 1 in messages and from 0 here.
struct Source {
  std::string path;  ///< from the root of the tree, with slashes
  std::vector<std::string> lines;
  /// The same lines with comments, strings and characters blanked; columns and lines stay.
  std::vector<std::string> code;
};

using Tree = std::vector<Source>;
using Violations = std::vector<std::string>;

/// `text` as the file `path`.
Source source(std::string path, std::string_view text);

/// Every file of the tree that people write: sources, scripts, experiments, documents; not what is
/// in build/ or starts with a dot. Sorted by path.
Tree read_tree(const std::string& root);

/// Those below `folder`, or all C++ sources if it is empty.
std::vector<const Source*> below(const Tree& tree, std::string_view folder);
const Source* find(const Tree& tree, std::string_view path);

bool is_cpp(const Source& source);
/// Kept as it was measured first, in whatever style: bench/*/baseline.
bool is_baseline(const Source& source);
/// Whether it is below one of the folders.
bool in_any(const Source& source, const std::vector<std::string_view>& folders);

/// The name without folders and extension.
std::string stem(std::string_view path);
std::string folder_of(std::string_view path);

void complain(Violations& out, const Source& source, std::size_t line, const std::string& what);

}  // namespace brink::tidy
