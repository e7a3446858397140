// pool_grower: it takes what it gets, asks for one page more while it has all of that, and gives
// everything back.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "programs/builtin.hpp"
#include "tests/programs/fake_kernel.hpp"
#include "tests/programs/fake_syscalls.hpp"

namespace brink {
namespace {

std::unique_ptr<Program> grower(Table table) {
  Params params(std::move(table), "args");
  auto made = make_pool_grower(params, "");
  params.done();
  return made;
}

TEST(PoolGrower, TakesWhatItWants) {
  FakeKernel kernel;
  FakeSyscalls sys;
  sys.kernel_calls = &kernel;
  EXPECT_EQ(grower({{"size", "40 KiB"}, {"calls", 2}})->main(sys), 0);
  EXPECT_EQ((kernel.asked.pages[{0, GFP_KERNEL}]), 20);
  EXPECT_EQ((kernel.asked.pages[{0, GFP_NOFS | Gfp::nofail}]), 2);
  EXPECT_EQ(kernel.results.at({"write", 11}), 2);
  EXPECT_TRUE(kernel.live.empty());
  EXPECT_EQ(grower({{"size", "40 KiB"}, {"record", false}})->main(sys), 0);
  EXPECT_EQ(kernel.results.at({"write", 10}), 1);
  EXPECT_EQ((kernel.asked.pages[{0, GFP_NOFS | Gfp::nofail}]), 2) << "not asked for";
}

TEST(PoolGrower, IsContentWithLessAndHoldsItForTheLastRequest) {
  FakeKernel kernel;
  std::size_t held = 0;
  kernel.refuses = [&](const FakeKernel::Request& request) {
    if (has(request.gfp, Gfp::nofail)) held = kernel.live.size();
    return !has(request.gfp, Gfp::nofail) && kernel.live.size() == 3;
  };
  FakeSyscalls sys;
  sys.kernel_calls = &kernel;
  EXPECT_EQ(grower({{"size", "1 GiB"}})->main(sys), 0);
  EXPECT_EQ(held, 3u);
  EXPECT_EQ(kernel.without, 1);
  EXPECT_EQ(kernel.results.at({"write", 4}), 1);
  EXPECT_TRUE(kernel.live.empty());
}

}  // namespace
}  // namespace brink
