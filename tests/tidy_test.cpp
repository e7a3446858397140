// The rules of the house, on this tree: arrows between folders, determinism, sizes, completeness.
// The rules are in tests/tidy/, with self-tests that show each of them to bite.

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

#include "tests/tidy/rules.hpp"

namespace brink::tidy {
namespace {

const Tree& tree() {
  static const Tree whole = read_tree(BRINK_SOURCE_DIR);
  return whole;
}

void expect_kept(const std::function<void(const Tree&, Violations&)>& rule) {
  Violations violations;
  rule(tree(), violations);
  std::string text;
  for (const std::string& violation : violations) text += violation + "\n";
  EXPECT_TRUE(violations.empty()) << text;
}

TEST(Tidy, ReadsTheTree) {
  EXPECT_NE(find(tree(), "include/brink/params.hpp"), nullptr);
  EXPECT_NE(find(tree(), "dev"), nullptr);
  EXPECT_GT(below(tree(), "sim/sched").size(), 10u);
}

TEST(Tidy, FoldersIncludeOnlyWhatLiesBelowThem) { expect_kept(include_arrows); }
TEST(Tidy, IncludedFilesExist) { expect_kept(includes_exist); }
TEST(Tidy, LibrariesStayWhereTheyAreWrapped) { expect_kept(libraries_stay_at_home); }
TEST(Tidy, FilesIncludeFewOthers) { expect_kept(few_includes); }

TEST(Tidy, NothingReadsAClockOrForeignLuck) { expect_kept(no_clocks_and_no_foreign_luck); }
TEST(Tidy, NothingIsAFloatingPointNumber) { expect_kept(no_floating_point); }
TEST(Tidy, NothingDependsOnAddresses) { expect_kept(no_order_by_address); }
TEST(Tidy, NothingIsGlobal) { expect_kept(no_globals); }
TEST(Tidy, NothingCatchesEverything) { expect_kept(no_catch_all); }
TEST(Tidy, MechanismNamesNoChoice) { expect_kept(mechanism_names_no_choice); }
TEST(Tidy, EveryTestRuns) { expect_kept(no_disabled_tests); }
TEST(Tidy, NamesSaySomething) { expect_kept(names_say_something); }

TEST(Tidy, FilesAndLinesAreShort) { expect_kept(short_files_and_lines); }
TEST(Tidy, FunctionsAreShort) { expect_kept(short_functions); }
TEST(Tidy, FilesBeginBySayingWhatTheyAre) { expect_kept(first_words); }

TEST(Tidy, PlugInsHaveRowsAndTests) { expect_kept(plug_ins_have_rows_and_tests); }
TEST(Tidy, StrategiesAreUsedAndTested) { expect_kept(strategies_are_used_and_tested); }
TEST(Tidy, ReportsHaveTests) { expect_kept(reports_have_tests); }
TEST(Tidy, ExperimentsExpectSomething) { expect_kept(experiments_expect); }
TEST(Tidy, ContributingIsShort) { expect_kept(contributing_is_short); }

TEST(Tidy, LinksLeadSomewhere) {
  expect_kept([](const Tree& t, Violations& out) { links_exist(t, BRINK_SOURCE_DIR, out); });
}

TEST(Tidy, WhatIsInTheTreeIsInTheBuild) {
  std::ifstream file(BRINK_BINARY_DIR "/sources.txt");
  const std::string compiled(std::istreambuf_iterator<char>(file), {});
  expect_kept([&](const Tree& t, Violations& out) {
    sources_are_compiled(t, BRINK_SOURCE_DIR, compiled, out);
  });
}

}  // namespace
}  // namespace brink::tidy
