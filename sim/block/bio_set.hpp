// Where bios come from: a slab cache with a reserve of two behind it (mm/mempool.c and the
// fs_bio_set of block/bio.c, Linux 4.0), so that whoever may sleep always gets one in the end. Left
// out: the pools of bio_vecs, the rescuer for stacked drivers, per-device sets.
#pragma once

#include <string>
#include <vector>

#include "sim/block/bio.hpp"
#include "sim/block/pool.hpp"
#include "sim/locking/wait_queue.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

class Device;

class BioSet {
 public:
  static constexpr std::uint32_t min_nr = 2;  // BIO_POOL_SIZE

  explicit BioSet(Memory& memory);

  /// Fills the reserve; called once, by a task, before anything else.
  void fill_reserve();

  /// A bio for the running task, with the mask of the site's rule, which must allow to sleep. Takes
  /// from the slab without sleeping, then from the reserve; then it asks again, and for ever, with
  /// the whole mask but without looping in the allocator (mempool_alloc()). `plugged` is flushed
  /// before it sleeps, because what it holds back may be the reserve.
  Bio& alloc(Site site, Device* plugged = nullptr);
  /// The device has it: it comes back by itself.
  void submitted(Bio& bio);
  /// mempool_free(): refills the reserve first. From tasks and interrupts.
  void free(Bio& bio) noexcept;

  std::uint32_t reserve() const { return static_cast<std::uint32_t>(reserve_.size()); }
  std::size_t in_use() const { return bios_.live(); }

 private:
  /// Waiting for an element: one at the hardware returns by itself, others when their task submits.
  class Wait final : public WaitQueue {
   public:
    explicit Wait(BioSet& set) : WaitQueue(set.memory_.core(), "bio mempool"), set_(set) {}
    void blockers(const Task& waiter, BlockerSink& sink) const override;

   private:
    const BioSet& set_;
  };

  Bio* take(SlabObject memory, bool reserved);
  Bio* try_alloc(Site site, Gfp gfp);
  Bio& alloc_slow(Site site, Gfp gfp, Device* plugged);

  Memory& memory_;
  SlabCache& cache_;
  std::vector<SlabObject> reserve_;
  std::vector<Bio*> building_;  ///< allocated, not submitted yet
  Pool<Bio> bios_;
  Wait wait_;
};

}  // namespace brink
