// Real traces on a whole machine: what the simulated allocator is asked for, counted where requests
// enter it, is what the recorded kernel's was.

#include <gtest/gtest.h>

#include <bit>

#include "brink/site_list.hpp"
#include "programs/trace/reader.hpp"
#include "sim/machine.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// Counts what the trace's own sites ask for, and what slabs take for themselves.
class Counting final : public AllocTap {
 public:
  RequestCounts asked;
  std::uint64_t slab_pages = 0;

  void page_request(Site site, unsigned order, Gfp gfp, Pfn) override {
    slab_pages += site == site::slab_page;
    if (recorded(site)) ++asked.pages[{order, gfp}];
  }
  void object_request(Site site, const char* cache, std::uint32_t size, Gfp gfp, bool) override {
    if (!recorded(site)) return;
    if (std::string_view(cache).starts_with("kmalloc-")) {
      ++asked.objects[{"", size, gfp}];
    } else {
      ++asked.objects[{cache, 0, gfp}];
    }
  }

 private:
  static bool recorded(Site site) {
    return static_cast<std::uint16_t>(site) >= site::builtin_count;
  }
};

/// The size of the kmalloc cache for so many bytes; 0 beyond the largest (include/linux/slab.h).
std::uint32_t kmalloc_class(std::uint32_t bytes) {
  if (bytes > 8192) return 0;
  if (bytes > 64 && bytes <= 96) return 96;
  if (bytes > 128 && bytes <= 192) return 192;
  return std::max(8u, std::bit_ceil(bytes));
}

/// The same counts with kmalloc's requests by class, the largest as the pages that they are; those
/// of other caches without a size, because the simulated kernel has some of them with its own.
RequestCounts by_class(const RequestCounts& counts) {
  RequestCounts result;
  result.pages = counts.pages;
  for (const auto& [key, count] : counts.objects) {
    const auto& [cache, size, gfp] = key;
    if (!cache.empty()) {
      result.objects[{cache, 0, gfp}] += count;
    } else if (kmalloc_class(size) != 0) {
      result.objects[{"", kmalloc_class(size), gfp}] += count;
    } else {
      const auto order = static_cast<unsigned>(std::bit_width((size - 1) / 4096u));
      result.pages[{order, gfp | Gfp::comp}] += count;
    }
  }
  return result;
}

Trace trace_of(const std::string& name) {
  TextSource source = TextSource::open(BRINK_SOURCE_DIR "/configs/traces/" + name);
  return read_trace(source);
}

struct Replay {
  Verdict verdict;
  Counting tap;
};

Replay replayed(const std::string& name) {
  const RunSpec spec = spec_of_file(
      "[machine]\nkernel = \"4.0\"\nmemory = \"512 MiB\"\n"
      "[[task]]\nprogram = \"alloc_trace\"\nargs = { file = \"" BRINK_SOURCE_DIR
      "/configs/traces/" +
      name + "\" }\n");
  Replay replay;
  Machine machine(spec);
  machine.memory().set_tap(&replay.tap);
  replay.verdict = machine.run().verdict;
  return replay;
}

class RealTrace : public testing::TestWithParam<const char*> {};

TEST_P(RealTrace, AsksTheSimulatedAllocatorForWhatWasRecorded) {
  const Trace trace = trace_of(GetParam());
  const RequestCounts expected = by_class(count_requests(trace));
  const Replay replay = replayed(GetParam());
  EXPECT_EQ(replay.verdict, Verdict::completed);
  EXPECT_EQ(replay.tap.asked.pages, expected.pages);
  EXPECT_EQ(replay.tap.asked.objects, expected.objects);
  // The pages of the recorded kernel's slabs are left out of the replay: these slabs take their
  // own, more of them, because they begin empty.
  ASSERT_GT(trace.counts.slab_pages, 0u);
  EXPECT_GT(replay.tap.slab_pages, trace.counts.slab_pages / 2);
}

INSTANTIATE_TEST_SUITE_P(Shipped, RealTrace,
                         testing::Values("git-clone.trace-cmd.txt.zst",
                                         "gxx-compile.ftrace.txt.zst",
                                         "http-loopback.perf-script.txt.zst"));

}  // namespace
}  // namespace brink
