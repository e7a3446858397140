// The recorded traces that ship with brink, replayed into an allocator that counts: it must be
// asked for exactly what the files say, as another and much simpler reader counts it.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "brink/params.hpp"
#include "programs/builtin.hpp"
#include "tests/programs/fake_kernel.hpp"
#include "tests/programs/fake_syscalls.hpp"
#include "tests/programs/trace/recorded.hpp"

namespace brink {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& name) {
  TextSource source = TextSource::open(BRINK_SOURCE_DIR "/configs/traces/" + name);
  Lines lines;
  std::string_view line;
  while (source.next(line)) lines.emplace_back(line);
  return lines;
}

std::string text_of(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append(1, '\n');
  return text;
}

std::string after(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(" " + key + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

bool is(const std::string& line, const char* event) {
  return line[0] != '#' && (line.find(std::string(" ") + event + ": ") != std::string::npos ||
                            line.find(std::string(":") + event + ": ") != std::string::npos);
}

/// The masks with which SLUB asks for pages in these recordings. On pages with them, and on no
/// others but some that were freed unseen, objects turned out to lie
/// (SlabPagesAreThoseWithObjectsOnThem).
const std::set<std::string> slab_masks = {
    "GFP_KERNEL|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_NOFS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_NOWAIT|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
    "GFP_NOWAIT|__GFP_NORETRY|__GFP_COMP|__GFP_THISNODE",
    "GFP_KERNEL|__GFP_RECLAIMABLE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
    "GFP_NOWAIT|__GFP_RECLAIMABLE|__GFP_NORETRY|__GFP_COMP",
    "__GFP_IO|__GFP_FS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
    "__GFP_RECLAIMABLE|__GFP_IO|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
};

Gfp mask(const std::string& line) {
  Gfp gfp{};
  EXPECT_TRUE(parse_gfp(after(line, "gfp_flags"), gfp)) << line;
  return gfp;
}

/// What the file asks for, line by line.
RequestCounts counted(const Lines& lines) {
  RequestCounts counts;
  for (const std::string& line : lines) {
    if (is(line, "mm_page_alloc")) {
      if (slab_masks.contains(after(line, "gfp_flags"))) continue;
      ++counts.pages[{static_cast<unsigned>(std::stoul(after(line, "order"))), mask(line)}];
    } else if (is(line, "kmalloc")) {
      ++counts.objects[{"", static_cast<std::uint32_t>(std::stoul(after(line, "bytes_req"))),
                        mask(line)}];
    } else if (is(line, "kmem_cache_alloc")) {
      ++counts.objects[{after(line, "name"),
                        static_cast<std::uint32_t>(std::stoul(after(line, "bytes_alloc"))),
                        mask(line)}];
    }
  }
  return counts;
}

/// Runs every task of a trace, one after the other, on an allocator that has enough of everything.
FakeKernel replayed(const std::string& text) {
  const std::string path = testing::TempDir() + "/brink_replayed_trace.txt";
  std::ofstream(path, std::ios::binary) << text;
  Params params({{"file", path}}, "args");
  const auto program = make_alloc_trace(params, "");
  FakeKernel kernel;
  kernel.keep_log = false;
  std::shared_ptr<void> shared;
  for (std::uint32_t i = 0; i < program->processes(); ++i) {
    FakeSyscalls sys;
    sys.number = i;
    sys.kernel_calls = &kernel;
    sys.common = &shared;
    EXPECT_EQ(program->main(sys), 0);
    sys.calls.clear();
  }
  return kernel;
}

const Lines& names() {
  static const Lines list = {"git-clone.trace-cmd.txt.zst", "gxx-compile.ftrace.txt.zst",
                             "http-loopback.perf-script.txt.zst"};
  return list;
}

TEST(RealTraces, AskTheAllocatorForExactlyWhatWasRecorded) {
  for (const std::string& name : names()) {
    const Lines lines = lines_of(name);
    const RequestCounts expected = counted(lines);
    const FakeKernel kernel = replayed(text_of(lines));
    EXPECT_EQ(kernel.asked.pages, expected.pages) << name;
    EXPECT_EQ(kernel.asked.objects, expected.objects) << name;
    TextSource source = TextSource::open(BRINK_SOURCE_DIR "/configs/traces/" + name);
    const ReadingCounts counts = read_trace(source).counts;
    EXPECT_EQ(kernel.live.size(), counts.live) << name;
    EXPECT_EQ(kernel.asked.frees, counts.objects + counts.pages - counts.live) << name;
    std::uint64_t exits = 0, recorded_exits = 0;
    for (const auto& [result, count] : kernel.results) {
      if (result.first != "#PF" && result.first != "irq")
        exits += static_cast<std::uint64_t>(count);
    }
    for (const std::string& line : lines) recorded_exits += is(line, "sys_exit");
    // exit_group has no end, the recording began in the middle of one.
    EXPECT_NEAR(static_cast<double>(exits), static_cast<double>(recorded_exits), 250) << name;
  }
}

TEST(RealTraces, DifferFromThemselvesWithoutOneEventOrWithAnotherMask) {
  const Lines lines = lines_of("gxx-compile.ftrace.txt.zst");
  const RequestCounts expected = counted(lines);
  const auto asked = [](const Lines& changed) {
    return count_requests(read_text(text_of(changed)));
  };
  const auto differs = [&](const Lines& changed) {
    const RequestCounts got = asked(changed);
    return got.pages != expected.pages || got.objects != expected.objects;
  };
  EXPECT_FALSE(differs(lines));
  for (const char* event : {"mm_page_alloc", "kmem_cache_alloc", "kmalloc"}) {
    const auto found = std::find_if(lines.begin() + 30'000, lines.end(),
                                    [&](const std::string& line) { return is(line, event); });
    ASSERT_NE(found, lines.end()) << event;
    const auto at = found - lines.begin();
    Lines dropped = lines;
    dropped.erase(dropped.begin() + at);
    EXPECT_TRUE(differs(dropped)) << event;
    Lines changed = lines;
    std::string& line = changed[static_cast<std::size_t>(at)];
    line.insert(line.find("gfp_flags=") + 10, "__GFP_HIGH|");
    EXPECT_TRUE(differs(changed)) << event;
  }
  // Without its free an object is freed when its memory is given out again, or not at all.
  Lines unfreed = lines;
  const auto page =
      std::find_if(unfreed.begin() + 20'000, unfreed.end(), [](const std::string& line) {
        return is(line, "mm_page_alloc") &&
               line.find("GFP_HIGHUSER_MOVABLE|__GFP_ZERO") != std::string::npos;
      });
  const std::string pfn = after(*page, "pfn");
  unfreed.erase(std::find_if(page, unfreed.end(), [&](const std::string& line) {
    return is(line, "mm_page_free") && after(line, "pfn") == pfn;
  }));
  const ReadingCounts before = read_text(text_of(lines)).counts;
  const ReadingCounts now = read_text(text_of(unfreed)).counts;
  EXPECT_EQ(now.freed + 1, before.freed);
  EXPECT_EQ(now.implicit + now.live, before.implicit + before.live + 1);
}

TEST(RealTraces, FindTheAllocationOfNearlyEveryFree) {
  for (const std::string& name : names()) {
    TextSource source = TextSource::open(BRINK_SOURCE_DIR "/configs/traces/" + name);
    const ReadingCounts counts = read_trace(source).counts;
    EXPECT_EQ(counts.foreign, 0u) << name;
    EXPECT_EQ(counts.out_of_order, 0u) << name;
    const std::uint64_t found = counts.freed + counts.freed_slab_pages + counts.freed_in_part;
    EXPECT_GE(found * 100, (counts.frees() - counts.null) * 99) << name;
    EXPECT_EQ(counts.frees(), counts.events.at("kfree") + counts.events.at("kmem_cache_free") +
                                  counts.events.at("mm_page_free"))
        << name;
  }
}

/// Real addresses tell on which page an object lies: the direct map of this machine began here.
constexpr std::uint64_t direct_map = 0xffff888000000000;

TEST(RealTraces, SlabPagesAreThoseWithObjectsOnThem) {
  for (const std::string& name : {names()[0], names()[2]}) {
    struct Block {
      bool slab_mask = false, has_object = false;
    };
    std::vector<Block> blocks;
    std::map<std::uint64_t, std::size_t> live;
    for (const std::string& line : lines_of(name)) {
      const bool alloc = is(line, "mm_page_alloc");
      if (alloc || is(line, "mm_page_free")) {
        const std::uint64_t pfn = std::stoull(after(line, "pfn"), nullptr, 16);
        if (alloc) blocks.push_back({slab_masks.contains(after(line, "gfp_flags")), false});
        for (std::uint64_t page = pfn; page < pfn + (1u << std::stoul(after(line, "order")));
             ++page) {
          live.erase(page);
          if (alloc) live[page] = blocks.size() - 1;
        }
      } else if (is(line, "kmalloc") || is(line, "kmem_cache_alloc")) {
        const std::uint64_t address = std::stoull(after(line, "ptr"), nullptr, 16);
        if (address < direct_map) continue;
        const auto at = live.find((address - direct_map) >> page_shift);
        if (at != live.end()) blocks[at->second].has_object = true;
      }
    }
    std::uint64_t marked = 0, marked_without = 0, unmarked_with = 0;
    for (const Block& block : blocks) {
      marked += block.slab_mask;
      marked_without += block.slab_mask && !block.has_object;
      unmarked_with += !block.slab_mask && block.has_object;
    }
    TextSource source = TextSource::open(BRINK_SOURCE_DIR "/configs/traces/" + name);
    EXPECT_EQ(read_trace(source).counts.slab_pages, marked) << name;
    EXPECT_EQ(marked_without, 0u) << name;
    // Page tables are freed by RCU, out of the recording's sight; slabs took a few of them later.
    EXPECT_LE(unmarked_with, 8u) << name;
  }
}

}  // namespace
}  // namespace brink
