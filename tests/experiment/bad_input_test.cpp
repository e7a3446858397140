// Bad input: each mistake is refused with its exact place, and nothing runs.

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

/// The small file with one line in the place of another.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = small_file();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

struct Case {
  const char* from;
  const char* to;
  const char* error;  ///< how the message begins; the rest of some belongs to Params
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.to; }

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, IsRefusedWithItsPlace) {
  const Case& c = GetParam();
  const std::string error = error_of(changed(c.from, c.to));
  EXPECT_TRUE(error.starts_with(c.error)) << error << "\nexpected " << c.error;
}

const Case machine_cases[] = {
    {"kernel =", "knernel = 1\nkernel =",
     "x.toml:4:1: error: machine: unknown key \"knernel\"; did you mean \"kernel\"?"},
    {"\"100 MiB\"", "true", "x.toml:5:10: error: machine.memory: expected a size"},
    {"\"100 MiB\"", "-100",
     "x.toml:5:10: error: machine.memory: -100 is out of range; it must be "
     "from 4 MiB to 16 TiB"},
    {"\"100 MiB\"", "\"-1 MiB\"",
     "x.toml:5:10: error: machine.memory: \"-1 MiB\" is out of "
     "range; it must be from 4 MiB to 16 TiB"},
    {"\"100 MiB\"", "\"1e30 GiB\"",
     "x.toml:5:10: error: machine.memory: \"1e30 GiB\" is out of range"},
    {"\"4.0+knob\"", "\"4.0+nob\"",
     "x.toml:4:10: error: unknown kernel era \"4.0+nob\"; did you "
     "mean \"4.0+knob\"?"},
    {"kernel = \"4.0+knob\"", "cpus = 2",
     "x.toml:3:1: error: machine.kernel is missing; known: 4.0, 4.0+knob"},
    {"memory =", "cpus = 65\nmemory =",
     "x.toml:5:8: error: machine.cpus: 65 is out of range; it must be from 1 to 64"},
    {"memory =", "reserved = \"100 MiB\"\nmemory =",
     "x.toml:5:12: error: machine.reserved: leaves nothing of the machine's memory"},
    {"memory =", "swap_device = \"dsk\"\nmemory =",
     "x.toml:5:15: error: unknown device \"dsk\"; did you mean \"disk\"?"},
    {"memory =", "scheduler = { strategy = \"pcd\" }\nmemory =",
     "x.toml:5:26: error: unknown strategy \"pcd\"; did you mean \"pct\"?"},
    {"memory =", "scheduler = { strategy = \"pct\", deapth = 3 }\nmemory =",
     "x.toml:5:33: error: machine.scheduler: unknown key \"deapth\"; did you mean \"depth\"?"},
    {"memory =", "scheduler = { strategy = \"replay\" }\nmemory =",
     "x.toml:5:26: error: machine.scheduler.strategy: replays what a run id names with schedule=; "
     "a file has no schedule"},
    {"memory =", "costs = { sycall = \"1 us\" }\nmemory =",
     "x.toml:5:11: error: machine.costs: unknown key \"sycall\"; did you mean \"syscall\"?"},
    {"memory =", "time_limit = 5\nmemory =", "x.toml:5:14: error: machine.time_limit: expected"},
};

const Case table_cases[] = {
    {"[sweep]", "[swep]", "x.toml:10:2: error: unknown table \"swep\"; did you mean \"sweep\"?"},
    {"[machine]", "[[machine]]", "x.toml:3:1: error: machine: expected a table, found a list"},
    {"\"hog\"", "\"hog\"\nparent = \"nobody\"",
     "x.toml:10:10: error: task.0.parent: no earlier [[task]] runs \"nobody\""},
    {"\"hog\"", "\"hog\"\noom_adj = 3\noom_score_adj = 4",
     "x.toml:10:11: error: task.0.oom_adj: is the same as oom_score_adj on another scale"},
    {"\"hog\"", "\"hog\"\noom_adj = -18",
     "x.toml:10:11: error: task.0.oom_adj: -18 is out of range"},
    {"[[task]]", "[task]", "x.toml:8:1: error: task: expected [[task]] tables, found a table"},
    {"name = \"x\"", "name = \"x y\"",
     "x.toml:2:8: error: experiment.name: must be made of "
     "letters, digits, \"-\", \"_\" and \".\", as the file's"},
    {"name = \"x\"", "nam = \"x\"",
     "x.toml:1:1: error: experiment.name: must be made of letters, "
     "digits, \"-\", \"_\" and \".\", as the file's"},
    {"[experiment]\nname = \"x\"\n", "",
     "x.toml:1:1: error: there is no [experiment] table with a name"},
    {"[policy.alloc]", "[policy.alloc]\nname = \"bounded_rety\"",
     "x.toml:7:8: error: unknown allocation policy \"bounded_rety\"; did you mean "
     "\"bounded_retry\"?"},
    {"[policy.alloc]", "[policy.alloc]\ncount = \"all\"",
     "x.toml:7:1: error: policy.alloc: unknown key \"count\"; did you mean \"counts\"?"},
    {"[policy.alloc]", "[policy.oomm]\n[policy.alloc]",
     "x.toml:6:9: error: policy: unknown key \"oomm\"; did you mean \"oom\"?"},
    {"[policy.alloc]", "[policy.oom]\nname = \"bad\"\n[policy.alloc]",
     "x.toml:7:8: error: unknown OOM policy \"bad\"; known: badness, none"},
    {"[[task]]\nprogram = \"hog\"\n", "",
     "x.toml:1:1: error: the experiment has no [[task]]: "
     "nothing would run"},
    {"\"hog\"", "\"hgo\"", "x.toml:9:11: error: unknown program \"hgo\"; did you mean \"hog\"?"},
    {"program = \"hog\"", "program = \"hog\"\nargs = { map = 3 }",
     "x.toml:10:10: error: task.0.args: unknown key \"map\"; did you mean \"maps\"?"},
    {"program = \"hog\"", "program = \"hog\"\ncount = 0",
     "x.toml:10:9: error: task.0.count: 0 is out of range; it must be from 1 to 10000"},
    {"program = \"hog\"", "program = \"hog\"\nargs = { path = \"/srv\" }",
     "x.toml:10:8: error: hog uses /srv, but nothing is mounted there; add a [[mount]] with at = "
     "\"/\""},
    {"[sweep]", "[[mount]]\nfs = \"ext5\"\n[sweep]",
     "x.toml:11:6: error: unknown file system \"ext5\"; did you mean \"ext4\"?"},
    {"[sweep]", "[[mount]]\n[[mount]]\nat = \"/\"\n[sweep]",
     "x.toml:12:6: error: mount.1.at: something is mounted at / already"},
    {"[sweep]", "[[mount]]\nat = \"/srv\"\n[sweep]",
     "x.toml:10:1: error: mount: nothing is mounted at \"/\", and /srv hangs on it; add a "
     "[[mount]] "
     "with at = \"/\""},
    {"[sweep]", "[[mount]]\nat = \"srv\"\n[sweep]",
     "x.toml:11:6: error: mount.0.at: must be an absolute path"},
    {"[sweep]", "[[fault]]\nname = \"failslb\"\n[sweep]",
     "x.toml:11:8: error: unknown fault \"failslb\"; did you mean \"failslab\"?"},
    {"[sweep]", "[[fault]]\nname = \"failslab\"\nprobabilty = 3\n[sweep]",
     "x.toml:12:1: error: fault.0: unknown key \"probabilty\"; did you mean \"probability\"?"},
    {"[sweep]", "[[fault]]\n[sweep]", "x.toml:10:1: error: fault.0.name: is missing"},
};

INSTANTIATE_TEST_SUITE_P(Machine, BadInput, testing::ValuesIn(machine_cases));
INSTANTIATE_TEST_SUITE_P(Tables, BadInput, testing::ValuesIn(table_cases));

}  // namespace
}  // namespace brink
