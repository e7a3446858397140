// What is missing is missed: rows, tests, targets, links, expectations.

#include <filesystem>
#include <fstream>

#include "tests/tidy/bites.hpp"

namespace brink::tidy {
namespace {

const std::string factory = "std::unique_ptr<AllocPolicy> make_give_up(Params& params) {";

TEST(TidyTree, PlugInsWithoutRowOrTestAreSeen) {
  constexpr Rule rule = plug_ins_have_rows_and_tests;
  const std::pair<std::string, std::string> plug_in{"policies/give_up.cpp", factory};
  const std::pair<std::string, std::string> table{"policies/registry.cpp", "{\"give_up\", make}"};
  const std::pair<std::string, std::string> test{"tests/policies/give_up_test.cpp", ""};
  EXPECT_TRUE(found(rule, tree_of({plug_in, table, test})).empty());
  EXPECT_EQ(found(rule, tree_of({plug_in, test})).size(), 1u);
  EXPECT_EQ(found(rule, tree_of({plug_in, table})).size(), 1u);
  EXPECT_EQ(
      found(rule, tree_of({plug_in, {"policies/registry.cpp", "{\"give_in\"}"}, test})).size(), 1u);
}

TEST(TidyTree, ATestMayCallSeveralPlugIns) {
  constexpr Rule rule = plug_ins_have_rows_and_tests;
  const std::pair<std::string, std::string> plug_in{"policies/oom/give_up.cpp", factory};
  const std::pair<std::string, std::string> table{"policies/registry.cpp", "{\"give_up\", make}"};
  EXPECT_TRUE(
      found(rule, tree_of({plug_in, table, {"tests/policies/x_test.cpp", "make_give_up(p)"}}))
          .empty());
  EXPECT_TRUE(
      found(rule, tree_of({plug_in, table, {"tests/policies/x_test.cpp", "f(\"give_up\")"}}))
          .empty());
  EXPECT_FALSE(
      found(rule, tree_of({plug_in, table, {"tests/faults/x_test.cpp", "make_give_up(p)"}}))
          .empty());
}

TEST(TidyTree, SharedCodeIsNoPlugIn) {
  const Tree tree = tree_of({{"faults/attributes.cpp", ""}, {"faults/attributes.hpp", ""}});
  EXPECT_TRUE(found(plug_ins_have_rows_and_tests, tree).empty());
}

TEST(TidyTree, StrategiesWithoutUseOrTestAreSeen) {
  constexpr Rule rule = strategies_are_used_and_tested;
  const std::pair<std::string, std::string> strategy{"sim/sched/pct.hpp",
                                                     "class Pct final : public Strategy {"};
  const std::pair<std::string, std::string> own{"sim/sched/pct.cpp",
                                                "#include \"sim/sched/pct.hpp\""};
  const std::pair<std::string, std::string> table{"sim/sched/strategies.cpp",
                                                  "#include \"sim/sched/pct.hpp\""};
  const std::pair<std::string, std::string> test{"tests/sim/sched/pct_test.cpp", ""};
  EXPECT_TRUE(found(rule, tree_of({strategy, own, table, test})).empty());
  EXPECT_EQ(found(rule, tree_of({strategy, own, table})).size(), 1u);
  EXPECT_EQ(found(rule, tree_of({strategy, own, test})).size(), 1u);
}

TEST(TidyTree, ReportsWithoutTestAreSeen) {
  EXPECT_EQ(count(reports_have_tests, "report/json.cpp", "#include \"report/json.hpp\"\n"), 1u);
  const Tree tree = tree_of({{"report/json.cpp", ""},
                             {"report/columns.cpp", "#include \"report/text.hpp\"\n"},
                             {"tests/report/json_test.cpp", "#include \"report/text.hpp\"\n"}});
  EXPECT_TRUE(found(reports_have_tests, tree).empty());
}

TEST(TidyTree, SourcesInNoTargetAreSeen) {
  const Tree tree = tree_of({{"api/a.cpp", ""}, {"api/b.cpp", ""}, {"api/c.hpp", ""}});
  Violations out;
  sources_are_compiled(tree, "/root", "/root/api/a.cpp\n", out);
  EXPECT_EQ(out, Violations{"api/b.cpp:1: is in no target"});
}

TEST(TidyTree, ExperimentsWithoutExpectationAreSeen) {
  EXPECT_EQ(count(experiments_expect, "configs/a-b.toml", "# Why.\n[expect]\n"), 0u);
  EXPECT_EQ(count(experiments_expect, "configs/a-b.toml", "# Why.\n[[expect]]\n"), 0u);
  EXPECT_EQ(count(experiments_expect, "configs/a-b.toml", "# Why.\n"), 1u);
  EXPECT_EQ(count(experiments_expect, "configs/a_b.toml", "[expect]\n"), 1u);
  EXPECT_EQ(count(experiments_expect, "configs/AB.toml", "[expect]\n"), 1u);
}

TEST(TidyTree, DeadLinksAreSeen) {
  const std::filesystem::path root = testing::TempDir() + "/brink_links";
  std::filesystem::create_directories(root / "docs");
  std::ofstream(root / "docs/model.md") << "x";
  const Tree tree = tree_of({{"README.md", "[a](docs/model.md#x) [b](https://x.org) [c](#here)\n"},
                             {"docs/model.md", "[a](../docs/model.md) [b](docs/model.md)\n"}});
  Violations out;
  links_exist(tree, root, out);
  EXPECT_EQ(out, Violations{"docs/model.md:1: dead link: docs/model.md"});
}

TEST(TidyTree, ALongOrMissingGuideIsSeen) {
  const auto guide = [](std::size_t lines) { return std::string(lines, '\n'); };
  EXPECT_EQ(count(contributing_is_short, "CONTRIBUTING.md", guide(60)), 0u);
  EXPECT_EQ(count(contributing_is_short, "CONTRIBUTING.md", guide(61)), 1u);
  EXPECT_EQ(count(contributing_is_short, "README.md", ""), 1u);
}

}  // namespace
}  // namespace brink::tidy
