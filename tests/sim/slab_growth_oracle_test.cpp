// What files cost a real 6.1.192 in slabs (tests/data/slab-growth.csv, rows of x86-64 with 1 GB):
// 200,000 empty files in 200 directories of ext4, then 20,000 on tmpfs. Left out: the rows after
// drop_caches. The model's directories have no htree, whose blocks are partly empty, so it has
// fewer buffers.

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "sim/machine.hpp"
#include "sim/mm/slab.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

constexpr int directories = 200;
constexpr int on_ext4 = 200'000;
constexpr int on_tmpfs = 20'000;

/// Slabs at one time: kB of all, and objects by cache.
using Snapshot = std::map<std::string, double>;

std::vector<std::string> cells_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> cells;
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  return cells;
}

/// By name of the snapshot; of ACTIVE/TOTAL/SLABS the active objects.
std::map<std::string, Snapshot> real_snapshots() {
  std::ifstream in(std::string(BRINK_SOURCE_DIR) + "/tests/data/slab-growth.csv");
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> names = cells_of(line);
  std::map<std::string, Snapshot> all;
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = cells_of(line);
    Snapshot& snapshot = all[cells[1]];
    for (std::size_t i = 2; i < cells.size(); ++i) snapshot[names[i]] = std::stod(cells[i]);
  }
  return all;
}

Snapshot look_at(Machine& machine) {
  Snapshot snapshot;
  Pages pages = 0;
  for (const auto& cache : machine.memory().slab().caches()) {
    pages += cache->pages();
    snapshot[cache->name()] = static_cast<double>(cache->objects_in_use());
  }
  const Pages reclaimable = machine.memory().slab().reclaimable_pages();
  snapshot["Slab_kB"] = static_cast<double>(pages * (page_size / KiB));
  snapshot["SReclaimable_kB"] = static_cast<double>(reclaimable * (page_size / KiB));
  snapshot["SUnreclaim_kB"] = static_cast<double>((pages - reclaimable) * (page_size / KiB));
  snapshot["MemFree_kB"] = static_cast<double>(machine.memory().free_pages() * (page_size / KiB));
  return snapshot;
}

void create(Syscalls& sys, const std::string& directory, int files) {
  for (int n = 0; n < files; ++n) {
    const std::string number = std::to_string(n);
    const std::string name = "/file-" + std::string(6 - number.size(), '0') + number;
    const int fd = sys.open(directory + name, open_creat | open_excl | open_wronly);
    ASSERT_GE(fd, 0) << name;
    sys.close(fd);
  }
}

struct Growth {
  Snapshot before, ext4, tmpfs;
};

Growth grow(const std::string& rules = "") {
  RunSpec spec = spec_of_file(R"(
[machine]
kernel = "6.1"
cpus = 1
memory = "1011708 KiB"
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[mount]]
at = "/t"
fs = "tmpfs"
[[task]]
program = "mkdir_loop"
args = { dir = "/", count = 1 }
)" + rules);
  spec.tasks.clear();
  Growth growth;
  Machine* machine = nullptr;
  add_task(spec, "creator", [&](Syscalls& sys) {
    growth.before = look_at(*machine);
    for (int n = 0; n < directories; ++n) {
      const std::string directory = "/d" + std::to_string(n);
      EXPECT_EQ(sys.mkdir(directory), 0);
      create(sys, directory, on_ext4 / directories);
    }
    growth.ext4 = look_at(*machine);
    create(sys, "/t", on_tmpfs);
    growth.tmpfs = look_at(*machine);
    return 0;
  });
  Machine made(spec);
  machine = &made;
  const Outcome outcome = made.run();
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  return growth;
}

/// By how much one column grew for each file.
double per_file(const Snapshot& before, const Snapshot& after, const std::string& column,
                int files) {
  const auto at_first = before.find(column);
  return (after.at(column) - (at_first == before.end() ? 0 : at_first->second)) / files;
}

TEST(SlabGrowthOracle, AFileCostsTheSame) {
  auto real = real_snapshots();
  const Growth ours = grow();
  const auto compare = [](const std::string& what, double is, double was, double percent) {
    ::testing::Test::RecordProperty(what, std::to_string(is) + " / " + std::to_string(was));
    EXPECT_LE(std::abs(is - was), std::abs(was) * percent / 100)
        << what << ": " << is << ", " << was;
  };
  const Snapshot& before = real["before"];
  const Snapshot& created = real["after_create"];
  for (const char* column : {"Slab_kB", "SReclaimable_kB", "SUnreclaim_kB", "MemFree_kB",
                             "ext4_inode_cache", "dentry"}) {
    compare(std::string("ext4 ") + column, per_file(ours.before, ours.ext4, column, on_ext4),
            per_file(before, created, column, on_ext4), 5);
  }
  compare("ext4 buffer_head", per_file(ours.before, ours.ext4, "buffer_head", on_ext4),
          per_file(before, created, "buffer_head", on_ext4), 10);
  const Snapshot& cold = real["after_cold_stat"];
  const Snapshot& last = real["after_tmpfs"];
  for (const char* column : {"Slab_kB", "SReclaimable_kB", "SUnreclaim_kB", "MemFree_kB",
                             "shmem_inode_cache", "dentry"}) {
    compare(std::string("tmpfs ") + column, per_file(ours.ext4, ours.tmpfs, column, on_tmpfs),
            per_file(cold, last, column, on_tmpfs), 5);
  }
}

/// That kernel has no security modules; one that has hangs 72 bytes on each inode.
TEST(SlabGrowthOracle, SecurityModulesTakeTheirPart) {
  const Growth ours = grow("[rules]\nlsm_blobs = true\n");
  EXPECT_NEAR(per_file(ours.before, ours.ext4, "kmalloc-96", on_ext4), 1, 0.01);
  EXPECT_NEAR(per_file(ours.ext4, ours.tmpfs, "kmalloc-96", on_tmpfs), 1, 0.01);
}

}  // namespace
}  // namespace brink
