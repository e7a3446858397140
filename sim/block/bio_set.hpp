// Where bios come from: a mempool of bios (fs_bio_set and bioset_create() of block/bio.c,
// Linux 4.0), so that whoever may sleep always gets one in the end. Left out: the pools of
// bio_vecs, the rescuer for stacked drivers.
#pragma once

#include <string>

#include "sim/block/bio.hpp"
#include "sim/block/pool.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/mempool.hpp"

namespace brink {

class Device;

class BioSet {
 public:
  static constexpr std::uint32_t min_nr = 2;  // BIO_POOL_SIZE

  explicit BioSet(Memory& memory, std::string name = "bio", std::uint32_t min = min_nr);

  /// Fills the reserve; called once, by a task, before anything else.
  void fill_reserve();

  /// A bio for the running task, with the mask of the site's rule, which must allow to sleep
  /// (Mempool::alloc()). `plugged` is flushed before it sleeps, because what it holds back may be
  /// the reserve.
  Bio& alloc(Site site, Device* plugged = nullptr);
  /// The same without sleeping; null if there is none, and the failure is on the task's list.
  Bio* try_alloc(Site site);
  /// The device has it: it comes back by itself.
  void submitted(Bio& bio);
  /// A device that is made of others has it: it comes back when that wait ends.
  void carried(Bio& bio, const Waitable& by);
  /// bio_put(). From tasks and interrupts.
  void free(Bio& bio) noexcept;

  Mempool& pool() { return pool_; }
  std::uint32_t reserve() const { return pool_.reserve(); }
  std::size_t in_use() const { return bios_.live(); }

 private:
  Bio& make(const MempoolElement& memory);

  Memory& memory_;
  Mempool pool_;
  Pool<Bio> bios_;
};

}  // namespace brink
