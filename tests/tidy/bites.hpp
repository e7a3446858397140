// For the self-tests: a rule on a tree of a few lines.
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "tests/tidy/rules.hpp"

namespace brink::tidy {

using Rule = void (*)(const Tree&, Violations&);

/// A tree of these files, given as path and text.
inline Tree tree_of(std::initializer_list<std::pair<std::string, std::string>> files) {
  Tree tree;
  for (const auto& [path, text] : files) tree.push_back(source(path, text));
  return tree;
}

inline Violations found(Rule rule, const Tree& tree) {
  Violations out;
  rule(tree, out);
  return out;
}

/// How often the rule is broken by one file.
inline std::size_t count(Rule rule, const std::string& path, const std::string& text) {
  return found(rule, tree_of({{path, text}})).size();
}

}  // namespace brink::tidy
