// Each arrow that must not be there is seen, and each that may be there is left alone.

#include "tests/tidy/bites.hpp"

namespace brink::tidy {
namespace {

bool may_include(const std::string& path, const std::string& file) {
  return count(include_arrows, path, "#include \"" + file + "\"\n") == 0;
}

TEST(TidyIncludes, OuterFoldersSeeOnlyThePublicHeaders) {
  for (const std::string folder : {"policies", "faults", "programs", "report"}) {
    EXPECT_TRUE(may_include(folder + "/x.cpp", "brink/policy.hpp"));
    EXPECT_TRUE(may_include(folder + "/deeper/x.cpp", folder + "/builtin.hpp"));
    EXPECT_FALSE(may_include(folder + "/x.cpp", "sim/mm/zone.hpp"));
    EXPECT_FALSE(may_include(folder + "/x.cpp", "experiment/spec.hpp"));
  }
  EXPECT_FALSE(may_include("policies/x.cpp", "faults/builtin.hpp"));
  EXPECT_FALSE(may_include("tests/examples/x_test.cpp", "policies/builtin.hpp"));
  EXPECT_TRUE(may_include("tests/policies/x_test.cpp", "sim/machine.hpp"));
}

TEST(TidyIncludes, RungsOfTheSimulationSeeOnlyLowerOnes) {
  EXPECT_TRUE(may_include("sim/mm/x.cpp", "sim/sched/core.hpp"));
  EXPECT_TRUE(may_include("sim/mm/deeper/x.cpp", "sim/mm/zone.hpp"));
  EXPECT_TRUE(may_include("sim/watch/x.cpp", "sim/kernel/process.hpp"));
  EXPECT_TRUE(may_include("sim/machine.cpp", "sim/watch/suppliers.hpp"));
  EXPECT_FALSE(may_include("sim/sched/x.cpp", "sim/locking/mutex.hpp"));
  EXPECT_FALSE(may_include("sim/mm/x.cpp", "sim/block/bio.hpp"));
  EXPECT_FALSE(may_include("sim/vfs/x.cpp", "sim/fs/ext4/inode.hpp"));
  EXPECT_FALSE(may_include("sim/fs/x.cpp", "sim/machine.hpp"));
  EXPECT_FALSE(may_include("sim/fs/x.cpp", "policies/builtin.hpp"));
  EXPECT_FALSE(may_include("sim/machine.cpp", "experiment/spec.hpp"));
  EXPECT_FALSE(may_include("sim/newcomer/x.cpp", "sim/mm/zone.hpp")) << "not on the ladder yet";
}

TEST(TidyIncludes, ExperimentSeesTheFactoryAndTheProgramSeesExperiment) {
  EXPECT_TRUE(may_include("experiment/x.cpp", "sim/machine.hpp"));
  EXPECT_FALSE(may_include("experiment/x.cpp", "sim/mm/zone.hpp"));
  EXPECT_FALSE(may_include("experiment/x.cpp", "report/text.hpp"));
  EXPECT_TRUE(may_include("cli/x.cpp", "report/text.hpp"));
  EXPECT_FALSE(may_include("cli/x.cpp", "sim/machine.hpp"));
}

TEST(TidyIncludes, PublicHeadersNeedOnlyTheStandardLibrary) {
  const auto broken = [](const std::string& line) {
    return count(include_arrows, "include/brink/x.hpp", line + "\n") != 0;
  };
  EXPECT_FALSE(broken("#include <cstdint>"));
  EXPECT_FALSE(broken("#include \"brink/units.hpp\""));
  EXPECT_TRUE(broken("#include <fmt/core.h>"));
  EXPECT_TRUE(broken("#include <boost/version.hpp>"));
  EXPECT_TRUE(broken("#include <unistd.h>"));
  EXPECT_TRUE(broken("#include \"api/quantity.hpp\""));
  EXPECT_FALSE(broken("// #include <fmt/core.h>"));
}

TEST(TidyIncludes, AngleBracketsHideNothing) {
  EXPECT_EQ(count(include_arrows, "api/x.cpp", "#include <brink/gfp.hpp>\n"), 0u);
  EXPECT_EQ(count(include_arrows, "policies/x.cpp", "  #include \"sim/a.hpp\"\n"), 1u)
      << "indented";
  EXPECT_EQ(count(include_arrows, "policies/x.cpp", "# include \"sim/a.hpp\"\n"), 1u);
}

TEST(TidyIncludes, WrappedLibrariesStayAtHome) {
  const std::string fiber = "#include <boost/fiber/all.hpp>\n", toml = "#include <toml++/toml.h>\n";
  EXPECT_EQ(count(libraries_stay_at_home, "sim/sched/x.cpp", fiber), 0u);
  EXPECT_EQ(count(libraries_stay_at_home, "sim/locking/x.cpp", fiber), 1u);
  EXPECT_EQ(count(libraries_stay_at_home, "experiment/x.cpp", toml), 0u);
  EXPECT_EQ(count(libraries_stay_at_home, "cli/x.cpp", toml), 1u);
  EXPECT_EQ(count(libraries_stay_at_home, "experiment/x.cpp", "#include <CLI/CLI.hpp>\n"), 1u);
  EXPECT_EQ(count(libraries_stay_at_home, "sim/mm/x.cpp", "#include <gtest/gtest.h>\n"), 1u);
}

TEST(TidyIncludes, MissingFilesAreSeen) {
  const Tree tree = tree_of({{"api/x.cpp", "#include \"api/y.hpp\"\n#include \"brink/z.hpp\"\n"},
                             {"api/y.hpp", ""},
                             {"include/brink/gfp.hpp", ""}});
  EXPECT_EQ(found(includes_exist, tree), Violations{"api/x.cpp:2: there is no brink/z.hpp"});
}

TEST(TidyIncludes, ManyAreTooMany) {
  std::string text;
  for (int i = 0; i < 14; ++i) text += "#include <vector>\n";
  EXPECT_EQ(count(few_includes, "sim/mm/x.cpp", text), 0u);
  EXPECT_EQ(count(few_includes, "sim/mm/x.cpp", text + "#include <set>\n"), 1u);
  EXPECT_EQ(count(few_includes, "include/brink/brink.hpp", text + text), 0u);
}

}  // namespace
}  // namespace brink::tidy
