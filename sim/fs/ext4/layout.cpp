// The arithmetic of block groups, and the journal in the middle of the device.

#include "sim/fs/ext4/layout.hpp"

#include <algorithm>

#include "brink/assert.hpp"

namespace brink {

Layout::Layout(std::uint64_t size, std::uint64_t journal) : blocks_(size / page_size) {
  groups_ = static_cast<std::uint32_t>((blocks_ + blocks_per_group - 1) / blocks_per_group);
  // mke2fs drops a last group that would hold nothing but its own tables.
  if (groups_ > 1 && group_blocks(groups_ - 1) < overhead(groups_ - 1) + 50) {
    --groups_;
    blocks_ = std::uint64_t{groups_} * blocks_per_group;
  }
  journal_blocks_ = static_cast<std::uint32_t>(std::min(journal / page_size, blocks_ / 2));
  // JBD2_MIN_JOURNAL_BLOCKS
  BRINK_ASSERT(groups_ >= 1 && journal_blocks_ >= 1024);
  const std::uint32_t needed = (journal_blocks_ + blocks_per_group - 1) / blocks_per_group + 1;
  journal_group_ = groups_ / 2;
  if (journal_group_ + needed > groups_) journal_group_ = groups_ > needed ? groups_ - needed : 0;
}

std::uint32_t Layout::group_blocks(std::uint32_t group) const {
  const std::uint64_t left = blocks_ - first_block(group);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(left, blocks_per_group));
}

std::uint32_t Layout::head(std::uint32_t group) const {
  if (group != 0) return 0;
  return 1 + (groups_ + descriptors_per_block - 1) / descriptors_per_block;
}

std::uint32_t Layout::journal_blocks_in(std::uint32_t group) const {
  if (group < journal_group_) return 0;
  std::uint32_t left = journal_blocks_;
  for (std::uint32_t g = journal_group_; g < groups_; ++g) {
    const std::uint32_t here = std::min(left, group_blocks(g) - overhead(g));
    if (g == group) return here;
    left -= here;
  }
  return 0;
}

BlockNumber Layout::journal_block(std::uint32_t index) const {
  BRINK_ASSERT(index < journal_blocks_);
  for (std::uint32_t g = journal_group_;; ++g) {
    const std::uint32_t here = journal_blocks_in(g);
    if (index < here) return first_block(g) + overhead(g) + index;
    index -= here;
    BRINK_ASSERT(g + 1 < groups_);
  }
}

}  // namespace brink
