// A reserve of elements behind the slab or page allocator (mm/mempool.c, Linux 4.0), so that
// whoever may sleep always gets one in the end. The loop is the caller's, not the allocator's:
// whatever the retry policy says, an element is waited for. Left out: mempool_resize(), the memory
// of the pool's own head.
#pragma once

#include <string>
#include <vector>

#include "brink/rules.hpp"
#include "sim/locking/wait_queue.hpp"
#include "sim/mm/slab.hpp"

namespace brink {

class Memory;

/// What a pool is made of: objects of `cache`; or else kmalloc()s of so many bytes; or else blocks
/// of pages.
struct MempoolSpec {
  std::string name;
  std::uint32_t min_nr = 0;  ///< elements in the full reserve
  SlabCache* cache = nullptr;
  std::uint32_t kmalloc = 0;
  unsigned order = 0;
};

/// An element of a pool; false if there was none.
struct MempoolElement {
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  SlabObject object;      ///< of a pool of objects
  Pfn page = no_page;     ///< of a pool of pages
  bool reserved = false;  ///< came from the reserve
  std::uint32_t holder = nobody;

  explicit operator bool() const { return object || page != no_page; }
};

/// Called before a task sleeps for an element: it must let go of those that it holds back itself,
/// as io_schedule() flushes the plug.
struct BeforeSleep {
  void (*call)(void* argument) = nullptr;
  void* argument = nullptr;
};

class Mempool {
 public:
  Mempool(Memory& memory, MempoolSpec spec);
  Mempool(const Mempool&) = delete;
  Mempool& operator=(const Mempool&) = delete;

  /// Fills the reserve (mempool_create()). By a task. False if memory ran out; the failure is on
  /// the task's list then, and what had been taken is given back.
  [[nodiscard]] bool fill(Site site);
  /// Gives the reserve back (mempool_destroy()).
  void drain() noexcept;

  /// mempool_alloc(): from the allocator without sleeping, then from the reserve. If the mask
  /// allows to sleep, then again with all of it but without looping in the allocator, and for ever,
  /// with sleeps until an element comes back, of 5 s at most. Otherwise no element, and the failure
  /// is on the task's list. A failure that the pool makes up for has the fate `fallback`.
  [[nodiscard]] MempoolElement alloc(Site site, Gfp gfp, BeforeSleep before = {});
  /// With the mask of the site's rule.
  [[nodiscard]] MempoolElement alloc(Site site, BeforeSleep before = {});
  /// mempool_free(): refills the reserve first. From tasks and interrupts.
  void free(MempoolElement& element) noexcept;

  // --- Who brings an element back, for whoever asks why others wait for it. At first it is the
  // task that allocated it.

  /// This task does, from here on.
  void held_by(const MempoolElement& element, const Task& task);
  /// It returns by itself: it is at real hardware.
  void returns_by_itself(const MempoolElement& element);
  /// Whoever ends that wait does, which must outlive this: the work item that the element is for.
  void held_through(const MempoolElement& element, const Waitable& wait);

  /// Names whoever must act before one of those that are out comes back, hardware aside.
  void holders(BlockerSink& sink) const;

  const std::string& name() const { return spec_.name; }
  std::uint32_t min_nr() const { return spec_.min_nr; }
  /// Elements in the reserve (curr_nr).
  std::uint32_t reserve() const { return static_cast<std::uint32_t>(reserve_.size()); }
  /// Elements that are out.
  std::uint32_t in_use() const { return in_use_; }
  bool has_waiters() const { return wait_.has_waiters(); }

 private:
  /// Waiting for an element: any one of those that are out will do.
  class Wait final : public WaitQueue {
   public:
    explicit Wait(Mempool& pool);
    void blockers(const Task& waiter, BlockerSink& sink) const override;

   private:
    const Mempool& pool_;
  };

  struct Holder {
    bool live = false;
    TaskId task = no_task;  ///< no_task: by itself, or through a wait
    Nanos since = 0;        ///< when it took that upon itself
    const Waitable* through = nullptr;
    std::uint32_t next_free = MempoolElement::nobody;
  };

  static std::string describe_pool(const void* pool);
  MempoolElement get(Site site, Gfp gfp);
  void put(const MempoolElement& element) noexcept;
  MempoolElement try_alloc(Site site, Gfp gfp);
  MempoolElement alloc_slow(Site site, Gfp gfp, BeforeSleep before);
  void sleep();
  void take(MempoolElement& element);
  Holder& holder(const MempoolElement& element);

  Memory& memory_;
  const MempoolSpec spec_;
  std::vector<MempoolElement> reserve_;
  std::vector<Holder> holders_;
  std::uint32_t free_holder_ = MempoolElement::nobody;
  std::uint32_t in_use_ = 0;
  Wait wait_;
};

}  // namespace brink
