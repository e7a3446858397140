// The deadline elevator: merging, order, batches, starvation.

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "sim/block/elevator.hpp"

namespace brink {
namespace {

class Queue {
 public:
  /// Queues a bio as the device does; true if it was merged.
  bool add(BlockNumber block, std::uint32_t blocks, bool write, Nanos now = 0) {
    Bio& bio = bios_.emplace_back();
    bio.block = block;
    bio.blocks = blocks;
    bio.write = write;
    if (elevator.merge(bio)) return true;
    Request& request = requests_.emplace_back();
    request.block = block;
    request.blocks = blocks;
    request.write = write;
    request.queued = now;
    request.sequence = requests_.size();
    request.first = request.last = &bio;
    elevator.add(request);
    return false;
  }
  /// Where the requests go, in order.
  std::vector<BlockNumber> drain(Nanos now = 0) {
    std::vector<BlockNumber> order;
    while (const Request* request = elevator.next(now)) order.push_back(request->block);
    return order;
  }

  Elevator elevator;

 private:
  std::deque<Bio> bios_;
  std::deque<Request> requests_;
};

using Blocks = std::vector<BlockNumber>;

TEST(Elevator, JoinsWhatIsAdjacent) {
  Queue queue;
  EXPECT_FALSE(queue.add(100, 4, true));
  EXPECT_TRUE(queue.add(104, 2, true));
  EXPECT_TRUE(queue.add(99, 1, true));
  EXPECT_FALSE(queue.add(107, 1, true));
  EXPECT_FALSE(queue.add(106, 1, false));  // The other direction.
  const Request* read = queue.elevator.next(0);
  ASSERT_NE(read, nullptr);
  EXPECT_FALSE(read->write);
  const Request* request = queue.elevator.next(0);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->block, 99u);
  EXPECT_EQ(request->blocks, 7u);
  EXPECT_EQ(request->first->block, 99u);
  EXPECT_EQ(request->last->block, 104u);
  std::uint32_t bios = 0;
  for (const Bio* bio = request->first; bio != nullptr; bio = bio->next) ++bios;
  EXPECT_EQ(bios, 3u);
}

TEST(Elevator, MakesNoRequestLongerThanTheHardwareTakes) {
  Queue queue;
  EXPECT_FALSE(queue.add(0, 100, true));
  EXPECT_TRUE(queue.add(100, 28, true));
  EXPECT_FALSE(queue.add(128, 1, true));
}

TEST(Elevator, GoesUpwardsFromWhereItIs) {
  Queue queue;
  for (const BlockNumber block : {50, 10, 90, 30}) queue.add(block, 1, true);
  // The oldest begins; what lies behind it comes when the direction has nothing more.
  EXPECT_EQ(queue.drain(), (Blocks{50, 90, 10, 30}));
}

TEST(Elevator, ServesWritesAfterTwoBatchesOfReads) {
  Queue queue;
  for (BlockNumber i = 0; i < 60; ++i) queue.add(2 * i, 1, false);
  queue.add(1'001, 1, true);
  const Blocks order = queue.drain();
  ASSERT_EQ(order.size(), 61u);
  EXPECT_EQ(order[32], 1'001u);
}

TEST(Elevator, BeginsABatchWithWhatHasWaitedTooLong) {
  Queue queue;
  queue.add(500, 1, false, 0);
  EXPECT_EQ(queue.elevator.next(0)->block, 500u);
  for (BlockNumber i = 0; i < 20; ++i) queue.add(600 + 2 * i, 1, false, 400 * ms);
  queue.add(5, 1, false, 0);
  // Fifteen are left of the batch; then the one below has expired.
  for (int i = 0; i < 15; ++i) EXPECT_GE(queue.elevator.next(550 * ms)->block, 600u);
  // By sequence the younger ones are older: expiry looks at the oldest arrival.
  queue.drain(550 * ms);
  EXPECT_TRUE(queue.elevator.empty());
}

}  // namespace
}  // namespace brink
