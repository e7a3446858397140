// The geometry of every slab cache of a real 6.1 with one CPU, from the size of its objects.

#include <fstream>
#include <sstream>

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

struct Row {
  std::string kernel, cache;
  std::uint32_t object_size, slab_size, objects, order, cpu_partial, min_partial;
};

std::vector<Row> rows() {
  std::ifstream file(BRINK_SOURCE_DIR "/tests/data/slabinfo.csv");
  std::vector<Row> all;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    for (char& c : line) c = c == ',' ? ' ' : c;
    std::istringstream in(line);
    Row row;
    in >> row.kernel >> row.cache >> row.object_size >> row.slab_size >> row.objects >> row.order >>
        row.cpu_partial >> row.min_partial;
    all.push_back(row);
  }
  return all;
}

TEST(SlabGeometry, IsThatOfARealKernelForEveryCache) {
  const std::vector<Row> all = rows();
  EXPECT_EQ(all.size(), 330u);
  for (const Row& row : all) {
    SlabRules rules = linux_6_1_slab_rules();
    // A uniprocessor kernel has no partial slabs of CPUs.
    if (row.kernel != "x86_64") rules.cpu_partial = SlabRules::CpuPartial::none;
    const SlabLayout layout = slab_layout({row.cache, row.slab_size}, 1);
    const SlabLimits limits = slab_limits(layout, rules);
    const std::string which = row.kernel + ' ' + row.cache;
    EXPECT_EQ(layout.size, row.slab_size) << which;
    EXPECT_EQ(layout.objects, row.objects) << which;
    EXPECT_EQ(layout.order, row.order) << which;
    EXPECT_EQ(limits.min_partial, row.min_partial) << which;
    EXPECT_EQ(limits.cpu_partial, row.cpu_partial) << which;
  }
}

TEST(SlabGeometry, TheTableHasTheRealSizesAndFlagsThatGiveThem) {
  std::size_t found = 0;
  for (const Row& row : rows()) {
    if (row.kernel != "x86_64") continue;
    const SlabSpec* spec = linux_6_1_slab(row.cache);
    if (spec == nullptr && row.cache == "bio-160") spec = linux_6_1_slab("bio-0");
    if (spec == nullptr) continue;
    ++found;
    EXPECT_EQ(spec->name, row.cache);
    EXPECT_EQ(spec->size, row.object_size) << row.cache;
    EXPECT_EQ(slab_layout(*spec, 1).size, row.slab_size) << row.cache;
  }
  EXPECT_EQ(found, 34u) << "all but taskstats";
}

TEST(SlabGeometry, AnEmptyFileTakesWhatItTakesInARealKernel) {
  std::uint64_t bytes = 0;
  for (const char* name : {"ext4_inode_cache", "dentry"}) {
    const SlabLayout layout = slab_layout(*linux_6_1_slab(name), 1);
    const std::uint64_t slabs = (200'000 + layout.objects - 1) / layout.objects;
    bytes += slabs * (page_size << layout.order);
  }
  // The real one grew by 14,291 and 9,535 slabs for 200,000 files, and by 1,373 bytes a file when
  // they were looked up again: seven of them are the buffer heads of the inode table.
  EXPECT_EQ(bytes / 200'000, 1365u);
}

TEST(SlabGeometry, LimitsTheSlabsOfACpuByHalfFullOnes) {
  const SlabLayout dentry = slab_layout({"dentry", 192}, 1);
  EXPECT_EQ(slab_limits(dentry, linux_6_1_slab_rules()).cpu_partial_slabs, 12u)
      << "240 objects, 21 in each";
  EXPECT_EQ(slab_limits(dentry, SlabRules{}).cpu_partial, 30u);
}

TEST(SlabGeometry, PutsTheFreePointerBehindWhatMustNotBeOverwritten) {
  EXPECT_EQ(slab_layout({.name = "anon_vma", .size = 96, .keeps_object = true}, 1).size, 104u);
  EXPECT_EQ(slab_layout({.name = "radix_tree_node", .size = 576, .keeps_object = true}, 1).size,
            584u);
  EXPECT_EQ(slab_layout({.name = "odd", .size = 13, .keeps_object = true}, 1).size, 24u);
}

TEST(SlabGeometry, AlignsToTheCacheLineOrToAPartOfIt) {
  const auto size = [](std::uint32_t bytes, std::uint32_t align) {
    return slab_layout({.name = "x", .size = bytes, .align = align, .hwcache_align = true}, 1).size;
  };
  EXPECT_EQ(size(224, 0), 256u) << "filp";
  EXPECT_EQ(size(56, 0), 64u) << "fs_cache";
  EXPECT_EQ(size(16, 0), 16u) << "blkdev_ioc";
  EXPECT_EQ(size(40, 0), 64u);
  EXPECT_EQ(size(20, 0), 32u);
  EXPECT_EQ(size(100, 256), 256u);
}

}  // namespace
}  // namespace brink::test
