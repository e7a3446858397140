// The same events printed by three tools are the same operations; and whatever else is in a file,
// the reader either reads it or says what is wrong with it.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>

#include "tests/programs/trace/recorded.hpp"

namespace brink {
namespace {

std::string hex(std::uint64_t number) {
  std::ostringstream text;
  text << "0x" << std::hex << number;
  return text.str();
}

Recorded any_event(std::uint64_t micros) {
  const std::uint32_t tid = *rc::gen::element(7u, 100u, 4'000'000u);
  const std::string ptr =
      *rc::gen::inRange(0, 12) == 0 ? "NULL" : hex(*rc::gen::inRange<std::uint64_t>(17, 40));
  const std::string pfn = hex(*rc::gen::inRange<std::uint64_t>(0, 30));
  const unsigned order = *rc::gen::inRange(0u, 4u);
  const std::string gfp = *rc::gen::element<std::string>(
      "GFP_KERNEL", "GFP_NOFS|__GFP_ZERO", "GFP_ATOMIC|__GFP_NOWARN", "GFP_NOWAIT",
      "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP",
      "GFP_KERNEL|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP", "GFP_NOIO|__GFP_NOFAIL");
  const std::uint32_t call = *rc::gen::element(0u, 1u, 56u, 257u, 999u);
  switch (*rc::gen::inRange(0, 9)) {
    case 0: return kmalloc(micros, ptr, *rc::gen::inRange(0u, 40'000u), gfp, tid);
    case 1:
      return cache_alloc(micros, ptr, *rc::gen::element<std::string>("filp", "dentry"), gfp, tid);
    case 2: return kfree(micros, ptr, tid);
    case 3: return cache_free(micros, ptr, tid);
    case 4: return page_alloc(micros, pfn, order, gfp, tid);
    case 5: return page_free(micros, pfn, order, tid);
    case 6: return enter(micros, call, tid);
    case 7: return leave(micros, call, *rc::gen::inRange(-20, 20), tid);
    default: return {"a b-c:d", tid, micros, "sched_process_exit", "comm=x pid=1 prio=120"};
  }
}

std::vector<Recorded> any_events() {
  // One allocation first, so that there is something to replay.
  std::vector<Recorded> events = {kmalloc(0, "0xa0", 8)};
  const int count = *rc::gen::inRange(1, 60);
  std::uint64_t micros = 1;
  for (int i = 0; i < count; ++i) {
    micros += *rc::gen::element<std::uint64_t>(0, 1, 700, 1'500'000);
    events.push_back(any_event(micros));
  }
  return events;
}

RC_GTEST_PROP(TraceFormats, GiveTheSameOperations, ()) {
  const std::vector<Recorded> events = any_events();
  const Trace ftrace = read_text(printed(events, Format::ftrace));
  for (const Format format : {Format::trace_cmd, Format::perf}) {
    const Trace other = read_text(printed(events, format));
    RC_ASSERT(other.tasks == ftrace.tasks);
    RC_ASSERT(other.requests == ftrace.requests);
    RC_ASSERT(other.names == ftrace.names);
    RC_ASSERT(other.warnings == ftrace.warnings);
  }
  // Every allocation is freed once, taken for freed, or live; every free is in one place.
  const ReadingCounts& counts = ftrace.counts;
  std::uint64_t frees = 0;
  for (const auto& [name, count] : counts.events) {
    if (name == "kfree" || name == "kmem_cache_free" || name == "mm_page_free") frees += count;
  }
  RC_ASSERT(counts.frees() == frees);
  RC_ASSERT(count_requests(ftrace).frees == counts.objects + counts.pages - counts.live);
}

std::string file(const std::string& name) {
  std::ifstream stream(BRINK_SOURCE_DIR "/tests/data/" + name, std::ios::binary);
  EXPECT_TRUE(stream.good()) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::string& sample() {
  static const std::string text = file("sample-gxx-compile.ftrace.txt") +
                                  file("sample-git-clone.trace-cmd.txt") +
                                  file("sample-http-loopback.perf-script.txt");
  return text;
}

/// Reads it, or is told why not.
void survives(const std::string& bytes) {
  try {
    const Trace trace = read_text(bytes);
    RC_ASSERT(!trace.tasks.empty());
  } catch (const ConfigError& error) {
    RC_ASSERT(error.where().file == "trace.txt");
  }
}

std::string mutated(std::string bytes) {
  const int changes = *rc::gen::inRange(1, 12);
  for (int i = 0; i < changes && !bytes.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const auto length = std::min(*rc::gen::inRange<std::size_t>(1, 30), bytes.size() - at);
    switch (*rc::gen::inRange(0, 6)) {
      case 0: bytes[at] = static_cast<char>(*rc::gen::inRange(0, 256)); break;
      case 1:
        bytes[at] = *rc::gen::element(' ', '\n', ':', '=', '[', ']', '-', '(', '9', 'x');
        break;
      case 2: bytes.erase(at, length); break;
      case 3:
        bytes.insert(at, bytes.substr(*rc::gen::inRange<std::size_t>(0, bytes.size()), length));
        break;
      case 4:
        bytes.insert(
            at, *rc::gen::element<std::string>("18446744073709551616", "-1", "0x", "\r\n", "\t"));
        break;
      default: bytes.resize(at); break;
    }
  }
  return bytes;
}

RC_GTEST_PROP(TraceFormats, SurviveAnyChangeOfTheText, ()) {
  for (int i = 0; i < 10; ++i) survives(mutated(sample()));
}

RC_GTEST_PROP(TraceFormats, SurviveAnyChangeOfTheCompressedBytes, ()) {
  static const std::string compressed = [] {
    std::string out(ZSTD_compressBound(sample().size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), sample().data(), sample().size(), 3));
    return out;
  }();
  survives(compressed);
  for (int i = 0; i < 10; ++i) survives(mutated(compressed));
}

/// The operations beside each head were written by a reader of its own, made from the rules alone.
TEST(TraceFormats, ReadTheHeadsOfRealTracesAsAnotherReaderDid) {
  for (const std::string name :
       {"git-clone.trace-cmd", "gxx-compile.ftrace", "http-loopback.perf-script"}) {
    EXPECT_EQ(told(read_text(file("head-" + name + ".txt"))), file("head-" + name + ".ops"))
        << name;
  }
}

TEST(TraceFormats, ReadEveryKindOfEventOfTheSamples) {
  std::uint64_t lines = 0;
  for (const char* name : {"sample-gxx-compile.ftrace.txt", "sample-git-clone.trace-cmd.txt",
                           "sample-http-loopback.perf-script.txt"}) {
    const Trace trace = read_text(file(name));
    EXPECT_EQ(trace.counts.foreign, 0u) << name;
    EXPECT_TRUE(trace.warnings.empty()) << name;
    EXPECT_GE(trace.counts.events.size(), 13u) << name;
    EXPECT_FALSE(trace.counts.events.contains("")) << name;
    lines += trace.counts.lines;
  }
  EXPECT_EQ(lines, static_cast<std::uint64_t>(std::count(sample().begin(), sample().end(), '\n')));
}

}  // namespace
}  // namespace brink
