// [[memcg]]: memory cgroups, and who may name them.

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

/// Tables after the small file.
std::string with(const std::string& tables) { return small_file() + tables; }

const std::string box = "[[memcg]]\nname = \"box\"\nlimit = \"8 MiB\"\n";
const std::string hog = "[[task]]\nprogram = \"hog\"\n";

TEST(MemcgTable, MakesGroupsThatTasksAndLaterGroupsMayName) {
  const std::string text =
      with(box + "[[memcg]]\nname = \"inner\"\nlimit = \"1 MiB\"\nparent = \"box\"\n" +
           "oom_kill_disable = true\n" + hog + "memcg = \"inner\"\n");
  ASSERT_EQ(error_of(text), "");
  const Experiment experiment = load_text(text);
  const RunSpec spec = sweep_spec(experiment, 0, 0, "");
  ASSERT_EQ(spec.machine.memcgs.size(), 2u);
  EXPECT_EQ(spec.machine.memcgs[0].limit, 8 * MiB);
  EXPECT_FALSE(spec.machine.memcgs[0].oom_kill_disable);
  EXPECT_EQ(spec.machine.memcgs[1].parent, "box");
  EXPECT_TRUE(spec.machine.memcgs[1].oom_kill_disable);
  EXPECT_EQ(spec.tasks[0].memcg, "");
  EXPECT_EQ(spec.tasks[1].memcg, "inner");
}

TEST(MemcgTable, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string tables, complaint;
  } cases[] = {
      {box + box, "x.toml:17:8: error: memcg.1.name: there is such a memory cgroup already"},
      {"[[memcg]]\nlimit = \"1 MiB\"\n", "is missing"},
      {"[[memcg]]\nname = \"a\"\nparent = \"b\"\n", "no earlier [[memcg]] is called \"b\""},
      {"[[memcg]]\nname = \"a\"\nlimit = \"1 B\"\n", "out of range"},
      {"[[memcg]]\nname = \"a\"\nlimits = \"1 MiB\"\n", "limits"},
      {box + hog + "memcg = \"bix\"\n", "no [[memcg]] is called \"bix\""},
  };
  for (const auto& one : cases) {
    EXPECT_NE(error_of(with(one.tables)).find(one.complaint), std::string::npos)
        << one.tables << error_of(with(one.tables));
  }
}

}  // namespace
}  // namespace brink
