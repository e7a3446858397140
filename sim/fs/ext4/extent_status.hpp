// What is known in memory of an inode's blocks (fs/ext4/extents_status.c, Linux 4.0): written,
// delayed or known holes. Each run is a slab object allocated without sleeping. Delayed runs must
// be kept, all others may be forgotten. Left out: unwritten extents, the referenced bit of the
// shrinker.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/block/bio.hpp"
#include "sim/block/list.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

struct ExtentStatus {
  enum class Kind : std::uint8_t { written, delayed, hole };
  std::uint32_t block = 0, length = 0;
  BlockNumber start = 0;  ///< of a written run
  Kind kind = Kind::written;
  SlabObject memory;
  std::uint32_t end() const { return block + length; }
};

class ExtentStatusShrinker;

/// The runs of one inode.
class ExtentStatusTree {
 public:
  explicit ExtentStatusTree(ExtentStatusShrinker& shrinker) : shrinker_(shrinker) {}
  ExtentStatusTree(const ExtentStatusTree&) = delete;
  ExtentStatusTree& operator=(const ExtentStatusTree&) = delete;

  /// The run that holds the block, or null.
  const ExtentStatus* find(std::uint32_t block) const;
  /// Where what is known begins, from `block` on; `block` itself if it is known.
  std::uint32_t unknown_until(std::uint32_t block) const;

  /// ext4_es_insert_extent(): replaces what was known of these blocks. 0, or -ENOMEM if a delayed
  /// run could not be kept, or an old one not be split.
  int insert(ExtentStatus run);
  /// ext4_es_remove_extent() of [block, end): 0 or -ENOMEM. With `insist`, a site whose rule is to
  /// loop asks until it can split (ext4_ext_truncate()).
  int remove(std::uint32_t block, std::uint32_t end, bool insist);
  void clear();
  bool empty() const { return runs_.empty(); }

 private:
  friend class ExtentStatusShrinker;

  std::size_t first_ending_after(std::uint32_t block) const;
  bool must_split(std::uint32_t block, std::uint32_t end) const;
  void carve(std::uint32_t block, std::uint32_t end, SlabObject& spare);
  bool merges(const ExtentStatus& run) const;
  void place(const ExtentStatus& run);
  void merge_around(std::size_t at);
  std::uint64_t forget(std::uint64_t nr);
  void erase(std::size_t at);
  SlabObject alloc(bool insist);

  ExtentStatusShrinker& shrinker_;
  std::vector<ExtentStatus> runs_;  ///< by block
  ListHook hook_;                   ///< on the shrinker's list, if there are runs
};

/// Forgets runs of any inode of a file system (ext4_es_scan()); needs no __GFP_FS.
class ExtentStatusShrinker final : public Shrinker {
 public:
  explicit ExtentStatusShrinker(Memory& memory);
  ~ExtentStatusShrinker() override;

  const char* name() const override { return "ext4_es"; }
  std::uint64_t count(Gfp) override { return forgettable_; }
  std::uint64_t scan(Gfp, std::uint64_t nr) override { return forget(nr); }

 private:
  friend class ExtentStatusTree;

  std::uint64_t forget(std::uint64_t nr);

  Memory& memory_;
  SlabCache& cache_;
  IntrusiveList<ExtentStatusTree, &ExtentStatusTree::hook_> trees_;
  std::uint64_t forgettable_ = 0;
};

}  // namespace brink
