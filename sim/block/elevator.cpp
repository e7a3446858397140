// The deadline elevator. A queue holds at most 256 requests, so that sorted vectors do.

#include "sim/block/elevator.hpp"

#include <algorithm>

#include "brink/assert.hpp"

namespace brink {
namespace {

// block/deadline-iosched.c
constexpr std::array<Nanos, 2> expire = {500 * ms, 5 * seconds};
constexpr std::uint32_t fifo_batch = 16;
constexpr std::uint32_t writes_starved = 2;

}  // namespace

std::size_t Elevator::lower_bound(const Sorted& sorted, BlockNumber block) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), block,
                                   [](const Request* r, BlockNumber b) { return r->block < b; });
  return static_cast<std::size_t>(at - sorted.begin());
}

void Elevator::add(Request& request) {
  Sorted& sorted = sorted_[request.write];
  std::size_t at = lower_bound(sorted, request.block);
  while (at < sorted.size() && sorted[at]->block == request.block) ++at;
  sorted.insert(sorted.begin() + static_cast<std::ptrdiff_t>(at), &request);
}

bool Elevator::merge(Bio& bio) {
  if (bio.blocks == 0) return false;
  const Sorted& sorted = sorted_[bio.write];
  const std::size_t at = lower_bound(sorted, bio.block);
  if (at > 0) {
    Request& before = *sorted[at - 1];
    if (!before.flush && before.end() == bio.block && before.blocks + bio.blocks <= max_blocks) {
      before.last->next = &bio;
      before.last = &bio;
      before.blocks += bio.blocks;
      before.delay += bio.delay;
      return true;
    }
  }
  if (at < sorted.size()) {
    Request& after = *sorted[at];
    if (!after.flush && bio.end() == after.block && after.blocks + bio.blocks <= max_blocks) {
      bio.next = after.first;
      after.first = &bio;
      after.block = bio.block;
      after.blocks += bio.blocks;
      after.delay += bio.delay;
      return true;
    }
  }
  return false;
}

Request* Elevator::oldest(bool write) const {
  const Sorted& sorted = sorted_[write];
  return *std::min_element(sorted.begin(), sorted.end(), [](const Request* a, const Request* b) {
    return a->sequence < b->sequence;
  });
}

/// The next one in the direction of the disk's arm, if the last batch left it a position.
Request* Elevator::following(bool write) const {
  if (!positioned_[write]) return nullptr;
  const std::size_t at = lower_bound(sorted_[write], position_[write]);
  return at < sorted_[write].size() ? sorted_[write][at] : nullptr;
}

Request* Elevator::choose(Nanos now) {
  Request* on = following(true);
  if (on == nullptr) on = following(false);
  if (on != nullptr && batched_ < fifo_batch) return on;
  bool write = sorted_[0].empty();
  if (!write && !sorted_[1].empty() && writes_passed_over_++ >= writes_starved) write = true;
  if (write) writes_passed_over_ = 0;
  batched_ = 0;
  Request* first = oldest(write);
  if (now >= first->queued + expire[write]) return first;
  on = following(write);
  return on != nullptr ? on : first;
}

void Elevator::take(Request& request) {
  Sorted& sorted = sorted_[request.write];
  const auto at = std::find(sorted.begin(), sorted.end(), &request);
  BRINK_ASSERT(at != sorted.end());
  sorted.erase(at);
  // A batch in one direction ends that in the other.
  positioned_ = {};
  positioned_[request.write] = true;
  position_[request.write] = request.end();
  ++batched_;
}

Request* Elevator::next(Nanos now) {
  if (empty()) return nullptr;
  Request* request = choose(now);
  take(*request);
  return request;
}

}  // namespace brink
