// The order in which a device's queued requests are served: the deadline elevator in outline
// (block/deadline-iosched.c, Linux 4.0). Requests of one direction go out in batches, by ascending
// block; reads come first until writes have been passed over twice; what has waited too long starts
// a batch. Left out: CFQ, Linux's default, which shares a disk among processes by time slices.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/block/bio.hpp"

namespace brink {

/// One or more bios that the device serves as one transfer.
struct Request {
  BlockNumber block = 0;
  std::uint32_t blocks = 0;
  bool write = false;
  bool sync = false;  ///< somebody waits for it; as its first bio
  bool flush = false;
  Nanos queued = 0;
  std::uint64_t sequence = 0;  ///< order of arrival
  Nanos delay = 0;
  Bio* first = nullptr;
  Bio* last = nullptr;

  BlockNumber end() const { return block + blocks; }
};

class Elevator {
 public:
  static constexpr std::uint32_t max_blocks = 128;  ///< max_sectors_kb = 512

  void add(Request& request);
  /// Joins the bio to a queued request that it is adjacent to; false if there is none.
  bool merge(Bio& bio);
  /// Takes out the request to serve next; null if nothing is queued.
  Request* next(Nanos now);
  bool empty() const { return sorted_[0].empty() && sorted_[1].empty(); }

 private:
  using Sorted = std::vector<Request*>;  ///< by block, then by arrival

  Request* choose(Nanos now);
  Request* oldest(bool write) const;
  Request* following(bool write) const;
  void take(Request& request);
  static std::size_t lower_bound(const Sorted& sorted, BlockNumber block);

  std::array<Sorted, 2> sorted_;  ///< reads, writes
  std::array<BlockNumber, 2> position_{};
  std::array<bool, 2> positioned_{};
  std::uint32_t batched_ = 0;
  std::uint32_t writes_passed_over_ = 0;
};

}  // namespace brink
