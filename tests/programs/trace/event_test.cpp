// Fields of events from 2.6.32 to 6.18, and what is said of an event that lacks one.

#include <gtest/gtest.h>

#include <sstream>

#include "programs/trace/event.hpp"

namespace brink {
namespace {

RecordedEvent read(const std::string& event, const std::string& fields) {
  const std::string text = "t-1 [000] 1.0: " + event + ": " + fields;
  TextSource source(std::make_unique<std::istringstream>(text), "trace.txt");
  std::string_view line_text;
  EXPECT_TRUE(source.next(line_text));
  TraceLine line;
  EXPECT_EQ(read_line(line_text, line), LineKind::event);
  RecordedEvent result = read_event_fields(line, line_text, source);
  // The texts point into a line that is gone when this returns.
  static std::vector<std::unique_ptr<std::string>> kept;
  for (std::string_view* view : {&result.gfp, &result.cache, &result.call_site}) {
    kept.push_back(std::make_unique<std::string>(*view));
    *view = *kept.back();
  }
  return result;
}

std::string refusal(const std::string& event, const std::string& fields) {
  try {
    read(event, fields);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(RecordedEvent, ReadsObjectsOfEveryKernel) {
  // 6.18, raw ftrace: hashed pointers without 0x.
  const RecordedEvent now =
      read("kmem_cache_alloc",
           "call_site=alloc_empty_file+0x3c/0x110 ptr=00000000d110838a name=filp "
           "bytes_req=184 bytes_alloc=192 gfp_flags=GFP_KERNEL node=-1 accounted=true");
  EXPECT_EQ(now.kind, RecordedKind::alloc_object);
  EXPECT_EQ(now.key, 0xd110838au);
  EXPECT_EQ(now.cache, "filp");
  EXPECT_EQ(now.bytes_req, 184u);
  EXPECT_EQ(now.bytes_alloc, 192u);
  EXPECT_EQ(now.gfp, "GFP_KERNEL");
  EXPECT_EQ(now.call_site, "alloc_empty_file+0x3c/0x110");
  EXPECT_FALSE(now.kmalloc);
  // 2.6.32: addresses as numbers, flags without underscores, an event of its own for nodes.
  const RecordedEvent old = read("kmalloc_node",
                                 "call_site=ffffffff810e3b2a ptr=ffff88003f4a9800 bytes_req=1000 "
                                 "bytes_alloc=1024 gfp_flags=GFP_KERNEL|GFP_ZERO node=0");
  EXPECT_EQ(old.key, 0xffff88003f4a9800u);
  EXPECT_TRUE(old.kmalloc);
  EXPECT_EQ(old.cache, "");
  EXPECT_EQ(read("kmalloc",
                 "call_site=f ptr=          (null) bytes_req=1 bytes_alloc=8 gfp_flags=GFP_NOFS")
                .key,
            0u);
  EXPECT_EQ(read("kfree", "(f+0x1) call_site=f+0x1 ptr=(nil)").key, 0u);
  EXPECT_EQ(read("kmem_cache_free", "call_site=f ptr=0xffff888100dc0000 name=names_cache").key,
            0xffff888100dc0000u);
}

TEST(RecordedEvent, ReadsPagesOfEveryKernel) {
  const RecordedEvent now = read("mm_page_alloc",
                                 "page=000000002b1813ba pfn=0x127b23 order=2 migratetype=0 "
                                 "gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP");
  EXPECT_EQ(now.kind, RecordedKind::alloc_pages);
  EXPECT_EQ(now.key, 0x127b23u);
  EXPECT_EQ(now.order, 2u);
  EXPECT_EQ(now.gfp, "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP");
  const RecordedEvent old =
      read("mm_page_free_direct", "page=ffffea0000d7a100 pfn=1210936 order=0");
  EXPECT_EQ(old.kind, RecordedKind::free_pages);
  EXPECT_EQ(old.key, 1210936u);
  const RecordedEvent pagevec =
      read("mm_pagevec_free", "page=ffffea0000d7a100 pfn=1210936 order=0 cold=0");
  EXPECT_EQ(pagevec.kind, RecordedKind::free_pagevec);
  EXPECT_EQ(read("mm_page_free_batched", "page=0 pfn=0x1 cold=0").kind, RecordedKind::free_batched);
  for (const char* page :
       {"page=          (null) pfn=18446744073709551615", "page=NULL pfn=0x7", "page=0x0 pfn=0"}) {
    EXPECT_EQ(
        read("mm_page_alloc", std::string(page) + " order=0 migratetype=0 gfp_flags=GFP_ATOMIC")
            .key,
        0u)
        << page;
  }
}

TEST(RecordedEvent, ReadsSystemCallsAndForks) {
  const RecordedEvent enter = read("sys_enter", "            NR 257 (ffffff9c, 7f, 0, 0, 0, 1f8)");
  EXPECT_EQ(enter.kind, RecordedKind::syscall_enter);
  EXPECT_EQ(enter.number, 257u);
  const RecordedEvent exit = read("sys_exit", "NR 257 = -2");
  EXPECT_EQ(exit.kind, RecordedKind::syscall_exit);
  EXPECT_EQ(exit.result, -2);
  EXPECT_EQ(read("sys_exit", "NR 12 = 94693433446400").result, 94693433446400);
  EXPECT_EQ(read("sched_process_fork", "comm=a b pid=15640 child_comm=a b child_pid=15641").child,
            15641u);
  EXPECT_EQ(read("sched_switch", "prev_comm=kmalloc ptr=zzz").kind, RecordedKind::other);
}

TEST(RecordedEvent, SaysWhereAnEventIsBroken) {
  EXPECT_EQ(refusal("kfree", "call_site=f"), "trace.txt:1:23: error: kfree has no field ptr");
  EXPECT_EQ(refusal("kfree", "ptr=0xffzz"),
            "trace.txt:1:27: error: kfree has no number in \"0xffzz\"");
  EXPECT_EQ(refusal("kfree", "ptr=0x"), "trace.txt:1:27: error: kfree has no number in \"0x\"");
  for (const auto& [event, fields] : std::vector<std::pair<const char*, const char*>>{
           {"kmalloc", "ptr=0x1 bytes_req=9 bytes_alloc=-1 gfp_flags=GFP_KERNEL"},
           {"kmalloc", "ptr=0x1 bytes_req=99999999999 bytes_alloc=8 gfp_flags=GFP_KERNEL"},
           {"kmalloc", "ptr=0x1 bytes_req=9 bytes_alloc=16 gfp_flags=hello"},
           {"kmalloc", "ptr=0x1 bytes_req=9 bytes_alloc=16 gfp_fla"},
           {"mm_page_alloc", "page=0x1 order=0 gfp_flags=GFP_KERNEL"},
           {"mm_page_alloc", "page=0x1 pfn=0x1 order=11 gfp_flags=GFP_KERNEL"},
           {"mm_page_free", "page=0x1 pfn=0x1"},
           {"sys_enter", "257 (0)"},
           {"sys_enter", "NR (0)"},
           {"sys_exit", "NR 257"},
           {"sys_exit", "NR 257 = x"},
           {"sched_process_fork", "comm=a pid=1"}}) {
    EXPECT_TRUE(refusal(event, fields).starts_with("trace.txt:1:")) << event << " " << fields;
  }
}

}  // namespace
}  // namespace brink
