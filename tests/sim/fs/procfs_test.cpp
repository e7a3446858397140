// /proc as scripts read it: each file is parsed back and compared with the machine.

#include "sim/fs/procfs/procfs.hpp"

#include <regex>
#include <sstream>

#include "sim/mm/mem_info.hpp"
#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// `Name:  123 kB` as any reader of meminfo takes it apart.
std::uint64_t meminfo(const std::string& text, const std::string& name) {
  for (const std::string& line : lines_of(text)) {
    if (!line.starts_with(name + ":")) continue;
    EXPECT_TRUE(std::regex_match(line, std::regex("[A-Za-z_()]+: +[0-9]+ kB"))) << line;
    EXPECT_GE(line.size(), 27u) << "values end in the same column: " << line;
    return std::stoull(line.substr(name.size() + 1));
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

std::uint64_t vmstat(const std::string& text, const std::string& name) {
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(name + " ")) return std::stoull(line.substr(name.size() + 1));
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

/// A machine that has done something, while it runs.
void on_used_machine(Rules::Texts texts, const std::function<void(const Memory&)>& look) {
  RigSpec spec;
  spec.rules.texts = texts;
  Rig rig(std::move(spec));
  rig.process([&](Syscalls& sys) {
    const auto at = static_cast<Address>(sys.mmap_anonymous(3 * MiB));
    sys.touch(at, 3 * MiB);
    const int fd = sys.open("/f", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 600 * KiB), static_cast<std::int64_t>(600 * KiB));
    look(rig.memory);
    EXPECT_EQ(sys.close(fd), 0);
  });
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
}

TEST(Procfs, MeminfoAddsUp) {
  for (const auto texts : {Rules::Texts::v4_0, Rules::Texts::v6_1}) {
    on_used_machine(texts, [&](const Memory& memory) {
      const std::string text = proc_meminfo(memory);
      EXPECT_EQ(meminfo(text, "MemTotal"), kib_of(memory.zones().managed()));
      EXPECT_EQ(meminfo(text, "MemFree"), kib_of(memory.free_pages()));
      EXPECT_EQ(meminfo(text, "AnonPages"), 3 * 1024u);
      EXPECT_GE(meminfo(text, "Cached"), 600u);
      EXPECT_GE(meminfo(text, "Dirty"), 600u);
      EXPECT_GE(meminfo(text, "Committed_AS"), 3 * 1024u);
      EXPECT_GT(meminfo(text, "MemAvailable"), 0u);
      EXPECT_LT(meminfo(text, "MemAvailable"), meminfo(text, "MemTotal"));
      EXPECT_EQ(meminfo(text, "Slab"), meminfo(text, "SReclaimable") + meminfo(text, "SUnreclaim"));
      EXPECT_EQ(meminfo(text, "Active") + meminfo(text, "Inactive"),
                meminfo(text, "Active(anon)") + meminfo(text, "Inactive(anon)") +
                    meminfo(text, "Active(file)") + meminfo(text, "Inactive(file)"));
      const bool modern = texts == Rules::Texts::v6_1;
      EXPECT_EQ(text.find("KReclaimable:") != std::string::npos, modern);
      EXPECT_TRUE(text.starts_with("MemTotal:       ")) << text;
    });
  }
}

TEST(Procfs, BuddyinfoHasAllFreePagesInElevenColumns) {
  on_used_machine(Rules::Texts::v4_0, [](const Memory& memory) {
    Pages pages = 0;
    for (const std::string& line : lines_of(proc_buddyinfo(memory))) {
      EXPECT_TRUE(std::regex_match(line, std::regex("Node 0, zone +[A-Za-z0-9]+ ( *[0-9]+ ){11}")))
          << line;
      const std::vector<std::string> words = words_of(line);
      ASSERT_EQ(words.size(), 15u);
      for (std::size_t i = 4; i < 15; ++i) pages += std::stoull(words[i]) << (i - 4);
    }
    EXPECT_EQ(pages, memory.free_pages());
  });
}

TEST(Procfs, PagetypeinfoSplitsWhatBuddyinfoCounts) {
  on_used_machine(Rules::Texts::v6_1, [](const Memory& memory) {
    Pages free = 0, blocks = 0;
    const std::regex row("Node +0, zone +[A-Za-z0-9]+, type +[A-Za-z]+ .*");
    for (const std::string& line : lines_of(proc_pagetypeinfo(memory))) {
      const std::vector<std::string> words = words_of(line);
      if (std::regex_match(line, row)) {
        ASSERT_EQ(words.size(), 17u) << line;
        for (std::size_t i = 6; i < 17; ++i) free += std::stoull(words[i]) << (i - 6);
      } else if (line.starts_with("Node 0, zone ")) {
        for (std::size_t i = 4; i < words.size(); ++i) blocks += std::stoull(words[i]);
      }
    }
    EXPECT_EQ(free, memory.free_pages());
    EXPECT_GE(blocks << pageblock_order, memory.zones().managed());
    EXPECT_NE(proc_pagetypeinfo(memory).find("HighAtomic"), std::string::npos);
  });
}

TEST(Procfs, ZoneinfoHasTheMarks) {
  for (const auto texts : {Rules::Texts::v4_0, Rules::Texts::v6_1}) {
    on_used_machine(texts, [&](const Memory& memory) {
      std::string zone;
      std::size_t marks = 0;
      for (const std::string& line : lines_of(proc_zoneinfo(memory))) {
        const std::vector<std::string> words = words_of(line);
        if (line.starts_with("Node 0, zone ")) zone = words[3];
        for (const Zone& z : memory.zones().all()) {
          if (zone != z.name() || words.size() != 2) continue;
          const auto expect = [&](const char* name, Pages pages) {
            if (words[0] != name) return;
            EXPECT_EQ(std::stoull(words[1]), pages) << zone << ' ' << name;
            ++marks;
          };
          expect("min", z.watermark(Watermark::min));
          expect("low", z.watermark(Watermark::low));
          expect("high", z.watermark(Watermark::high));
          expect("managed", z.managed);
        }
      }
      const std::size_t zones = texts == Rules::Texts::v6_1 ? 3 : 2;
      EXPECT_EQ(marks, 4 * zones);
    });
  }
}

TEST(Procfs, SlabinfoHasSixteenColumns) {
  on_used_machine(Rules::Texts::v4_0, [](const Memory& memory) {
    const std::vector<std::string> lines = lines_of(proc_slabinfo(memory));
    ASSERT_GT(lines.size(), 5u);
    EXPECT_EQ(lines[0], "slabinfo - version: 2.1");
    EXPECT_TRUE(lines[1].starts_with("# name            <active_objs> <num_objs> <objsize> "));
    std::uint64_t active = 0, expected = 0;
    for (std::size_t i = 2; i < lines.size(); ++i) {
      const std::vector<std::string> words = words_of(lines[i]);
      ASSERT_EQ(words.size(), 16u) << lines[i];
      active += std::stoull(words[1]);
      EXPECT_LE(std::stoull(words[1]), std::stoull(words[2]));
    }
    for (const auto& cache : memory.slab().caches()) expected += cache->objects_in_use();
    EXPECT_EQ(active, expected);
  });
}

TEST(Procfs, VmstatNamesAreTheKernels) {
  on_used_machine(Rules::Texts::v4_0, [](const Memory& memory) {
    const std::string text = proc_vmstat(memory);
    EXPECT_EQ(vmstat(text, "nr_free_pages"), memory.free_pages());
    EXPECT_EQ(vmstat(text, "nr_anon_pages"), 3 * MiB / page_size);
    EXPECT_EQ(vmstat(text, "allocstall"), 0u);
  });
  on_used_machine(Rules::Texts::v6_1, [](const Memory& memory) {
    const std::string text = proc_vmstat(memory);
    EXPECT_EQ(vmstat(text, "oom_kill"), 0u);
    EXPECT_EQ(vmstat(text, "nr_zone_inactive_anon") + vmstat(text, "nr_zone_active_anon"),
              3 * MiB / page_size);
  });
}

}  // namespace
}  // namespace brink
