// order_probe: what it takes, gives back, holds and asks for.

#include <gtest/gtest.h>

#include <cerrno>

#include "brink/params.hpp"
#include "programs/builtin.hpp"
#include "tests/programs/fake_kernel.hpp"
#include "tests/programs/fake_syscalls.hpp"

namespace brink {
namespace {

std::unique_ptr<Program> probe(Table table) {
  Params params(std::move(table), "args");
  auto made = make_order_probe(params, "");
  params.done();
  return made;
}

std::size_t count(const FakeKernel& kernel, const std::string& line) {
  std::size_t found = 0;
  for (const std::string& entry : kernel.log) found += entry.ends_with(line) ? 1 : 0;
  return found;
}

TEST(OrderProbe, FillsGivesBackAndAsksForEachOrder) {
  FakeKernel kernel;
  FakeSyscalls sys;
  sys.kernel_calls = &kernel;
  const auto program =
      probe({{"fill", "40 KiB"}, {"free_every", 2}, {"orders", List{0, 4}}, {"tries", 3}});
  EXPECT_EQ(program->main(sys), 0);
  EXPECT_EQ(count(kernel, "order 0"), 10u);
  EXPECT_EQ(kernel.results.at({"write", 4'096}), 10);
  EXPECT_EQ(kernel.results.at({"sendmsg", 0}), 6);
  EXPECT_EQ((kernel.asked.objects[{"", 4'096, GFP_KERNEL}]), 3);
  EXPECT_EQ((kernel.asked.objects[{"", 65'536, GFP_KERNEL}]), 3);
  EXPECT_TRUE(kernel.live.empty()) << "everything is given back in the end";
}

TEST(OrderProbe, HoldsWhatLargeBlocksThereAre) {
  FakeKernel kernel;
  int blocks = 5;
  kernel.refuses = [&](const FakeKernel::Request& request) {
    return request.size >= 65'536 && blocks-- <= 0;
  };
  FakeSyscalls sys;
  sys.kernel_calls = &kernel;
  const auto program = probe({{"hold_from", 4}, {"orders", List{5}}, {"tries", 2}});
  EXPECT_EQ(program->main(sys), 0);
  EXPECT_EQ(kernel.results.at({"sendmsg", 0}), 5);
  EXPECT_EQ(kernel.results.at({"sendmsg", -ENOBUFS}), 7 + 2) << "each order once, then the probes";
  EXPECT_EQ(sys.reactions.size(), 9u);
}

}  // namespace
}  // namespace brink
