// failslab, fail_page_alloc and fail_nth: their own filters, whom they ask, when they can never
// fire.

#include <gtest/gtest.h>

#include <array>

#include "brink/params.hpp"
#include "faults/builtin.hpp"

namespace brink {
namespace {

using Make = std::unique_ptr<Fault> (*)(Params&, Random);

std::unique_ptr<Fault> fault(Make make, Table table) {
  Params params(std::move(table), "fault");
  auto made = make(params, Random(1, stream_id("fault")));
  params.done();
  return made;
}

AllocHook slab(Gfp gfp, const char* cache = "dentry", TaskId task = 1) {
  AllocHook hook;
  hook.task = {task, "mkdir_loop", {}};
  hook.gfp = gfp;
  hook.size = 192;
  hook.cache = cache;
  return hook;
}

AllocHook page(Gfp gfp, unsigned order, TaskId task = 1) {
  AllocHook hook;
  hook.task = {task, "mkdir_loop", {}};
  hook.gfp = gfp;
  hook.order = order;
  return hook;
}

/// What always fails whatever gets past the filters, with more keys.
Table sticky(Table more = {}) {
  more.insert({{"probability", 100}, {"times", -1}});
  return more;
}

TEST(FailSlab, ByDefaultFailsOnlyWhatMayNotSleep) {
  const auto f = fault(make_failslab, sticky());
  EXPECT_TRUE(f->fail_alloc(slab(GFP_ATOMIC)));
  EXPECT_TRUE(f->fail_alloc(slab(GFP_NOWAIT)));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_KERNEL)));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_NOIO)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_ATOMIC, 3))) << "pages are not its business";
  EXPECT_EQ(f->counters().asked, 4u);
  EXPECT_EQ(f->counters().filtered, 2u);
  EXPECT_EQ(f->counters().fired, 2u);
}

TEST(FailSlab, FiltersNofailBootstrapAndCaches) {
  const auto f =
      fault(make_failslab,
            sticky({{"ignore_gfp_wait", false}, {"cache_filter", List{"ext4_*", "dentry"}}}));
  EXPECT_TRUE(f->fail_alloc(slab(GFP_KERNEL)));
  EXPECT_TRUE(f->fail_alloc(slab(GFP_NOFS, "ext4_inode_cache")));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_KERNEL, "filp")));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_KERNEL | Gfp::nofail)));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_ATOMIC | Gfp::nofail)));
  const auto all = fault(make_failslab, sticky());
  EXPECT_FALSE(all->fail_alloc(slab(GFP_NOWAIT, "kmem_cache")));
}

TEST(FailSlab, UsesUpItsSpaceInBytes) {
  const auto f = fault(make_failslab, sticky({{"space", 400}}));
  std::string answers;
  for (int i = 0; i < 4; ++i) answers += f->fail_alloc(slab(GFP_ATOMIC)) ? 'x' : '.';
  EXPECT_EQ(answers, "..xx") << "400 and 208 are more than 192, 16 is not";
}

TEST(FailPageAlloc, ByDefaultFailsOnlyLargeRequestsThatMayNotSleepOrUseHighMemory) {
  const auto f = fault(make_fail_page_alloc, sticky());
  EXPECT_TRUE(f->fail_alloc(page(GFP_ATOMIC, 1)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_ATOMIC, 0)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_KERNEL, 1)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_ATOMIC | Gfp::highmem, 1)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_ATOMIC | Gfp::nofail, 1)));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_ATOMIC))) << "slab objects are not its business";
  EXPECT_EQ(f->counters().asked, 5u);
  EXPECT_EQ(f->counters().filtered, 4u);
}

TEST(FailPageAlloc, FailsWhatItsSwitchesLetBy) {
  const auto f =
      fault(make_fail_page_alloc,
            sticky({{"ignore_gfp_wait", false}, {"ignore_gfp_highmem", false}, {"min_order", 0}}));
  EXPECT_TRUE(f->fail_alloc(page(GFP_HIGHUSER_MOVABLE, 0)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_NOFS | Gfp::nofail, 0)));
}

TEST(FailPageAlloc, UsesUpItsSpaceInPages) {
  const auto f = fault(make_fail_page_alloc, sticky({{"space", 10}}));
  std::string answers;
  for (int i = 0; i < 4; ++i) answers += f->fail_alloc(page(GFP_ATOMIC, 2)) ? 'x' : '.';
  EXPECT_EQ(answers, "..xx");
}

TEST(Injectors, AreTransientUnlessTheyFailEverythingForEver) {
  EXPECT_TRUE(fault(make_failslab, {{"probability", 100}})->transient());
  EXPECT_TRUE(fault(make_failslab, {{"probability", 99}, {"times", -1}})->transient());
  EXPECT_TRUE(fault(make_failslab, sticky({{"interval", 2}}))->transient());
  EXPECT_FALSE(fault(make_failslab, sticky())->transient());
  EXPECT_FALSE(fault(make_fail_page_alloc, sticky())->transient());
  EXPECT_TRUE(fault(make_fail_nth, {{"n", 1}})->transient());
}

TEST(Injectors, SayWhyTheyCanNeverFire) {
  const auto why = [](Make make, Table table) {
    return fault(make, std::move(table))->never_fires();
  };
  EXPECT_EQ(why(make_failslab, sticky()), "");
  EXPECT_EQ(why(make_failslab, {}), "its probability is 0");
  EXPECT_EQ(why(make_failslab, {{"probability", 1}, {"times", 0}}), "it may fail 0 times");
  EXPECT_NE(why(make_failslab, sticky({{"require", "f"}, {"stacktrace_depth", 0}})), "");
  EXPECT_EQ(why(make_failslab, sticky({{"stacktrace_depth", 0}})), "");
  EXPECT_EQ(why(make_fail_page_alloc, sticky({{"min_order", 10}})), "");
  EXPECT_NE(why(make_fail_page_alloc, sticky({{"min_order", 11}})), "");
  EXPECT_NE(why(make_fail_nth, {}), "");
  EXPECT_EQ(why(make_fail_nth, {{"n", 1}}), "");
}

/// fail_nth with filters that let everything but NOFAIL by.
std::unique_ptr<Fault> nth(std::int64_t n, Table more = {}) {
  more.insert(
      {{"n", n}, {"ignore_gfp_wait", false}, {"ignore_gfp_highmem", false}, {"min_order", 0}});
  return fault(make_fail_nth, std::move(more));
}

TEST(FailNth, CountsPagesAndObjectsTogetherForEachTask) {
  const auto f = nth(3);
  const std::array hooks = {page(GFP_KERNEL, 0), slab(GFP_KERNEL),    page(GFP_NOFS, 0),
                            slab(GFP_KERNEL),    page(GFP_KERNEL, 0), slab(GFP_NOFS)};
  std::string answers;
  for (const AllocHook& hook : hooks) {
    answers += f->fail_alloc(hook) ? 'x' : '.';
    // Another task counts for itself, and later.
    if (answers.size() < 2) continue;
    EXPECT_EQ(f->fail_alloc(slab(GFP_KERNEL, "filp", 2)), answers.size() == 4);
  }
  EXPECT_EQ(answers, "..x...") << "the third, and never again";
  EXPECT_EQ(f->counters().fired, 2u);
}

TEST(FailNth, DoesNotCountWhatTheInjectorsSkip) {
  const auto f = nth(2, {{"cache_filter", "dentry"}});
  EXPECT_FALSE(f->fail_alloc(slab(GFP_KERNEL | Gfp::nofail)));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_KERNEL, "filp")));
  EXPECT_FALSE(f->fail_alloc(slab(GFP_KERNEL)));
  EXPECT_FALSE(f->fail_alloc(page(GFP_NOFS | Gfp::nofail, 0)));
  EXPECT_TRUE(f->fail_alloc(page(GFP_NOFS, 0)));
  EXPECT_EQ(f->counters().asked, 5u);
  EXPECT_EQ(f->counters().filtered, 3u);
  // By default it is Linux's filters that skip: only what may not sleep counts.
  const auto linux_defaults = fault(make_fail_nth, {{"n", 1}});
  EXPECT_FALSE(linux_defaults->fail_alloc(slab(GFP_KERNEL)));
  EXPECT_FALSE(linux_defaults->fail_alloc(page(GFP_ATOMIC, 0)));
  EXPECT_TRUE(linux_defaults->fail_alloc(slab(GFP_ATOMIC)));
}

TEST(FailNth, LeavesInterruptsAndOtherTasksAlone) {
  const auto f = nth(1, {{"task", "mkdir_*"}});
  EXPECT_FALSE(f->fail_alloc(slab(GFP_ATOMIC, "dentry", no_task)));
  EXPECT_EQ(f->counters().filtered, 1u);
  AllocHook other = slab(GFP_ATOMIC, "dentry", 7);
  other.task.comm = "anon_hog";
  EXPECT_FALSE(f->fail_alloc(other));
  EXPECT_TRUE(f->fail_alloc(slab(GFP_ATOMIC)));
}

TEST(FaultTable, MakesDocumentedFaultsThatRefuseUnknownKeys) {
  for (const FaultRow& row : fault_table()) {
    Params params = Params::describe();
    const auto made = row.make(params, Random());
    EXPECT_NE(made->points(), 0u) << row.name;
    for (const ParamDoc& doc : params.docs()) EXPECT_NE(doc.meaning, "") << doc.key;
    Params unknown({{"lock", "a:b"}, {"no_such_key", 1}}, "fault");
    row.make(unknown, Random());
    EXPECT_THROW(unknown.done(), ConfigError) << row.name;
  }
}

}  // namespace
}  // namespace brink
