// One machine's memory: the facade of sim/mm. It owns the zones, the allocator, the LRU lists and
// their reclaim, slabs, swap, the page cache, the OOM path, and the ledger of failed allocations.
// Nothing in here asks which kernel it is. Left out: NUMA.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "brink/outcome.hpp"
#include "sim/mm/failure.hpp"
#include "sim/mm/hooks.hpp"
#include "sim/mm/memory_setup.hpp"
#include "sim/mm/memory_wait.hpp"
#include "sim/mm/ratelimit.hpp"
#include "sim/mm/upcalls.hpp"
#include "sim/mm/vmalloc.hpp"

namespace brink {

class AddressSpace;
class Compaction;
class Congestion;
class Kcompactd;
class Kswapd;
class Locks;
class Memcgs;
class OomKiller;
class Overcommit;
class PageAlloc;
class PageCache;
class Reclaim;
class Rmap;
class ShmemFiles;
class Swap;

/// How a caller that takes no for an answer never (OnFailure::loop) waits before it asks again.
struct Insist {
  Nanos nap = 20 * ms;  ///< congestion_wait() for at most this long; 0: yield()
};

/// Pages by use, and their states. Exact at any time.
struct MemoryStat {
  std::array<Pages, page_kinds> kind{};  ///< by PageKind; `free` is 0 here: ask the zones
  Pages dirty = 0;                       ///< file pages
  Pages writeback = 0;                   ///< file pages and swap
  Pages unevictable = 0;                 ///< locked in memory
  Pages shmem_swapped = 0;               ///< pages of tmpfs that are in swap
  Pages of(PageKind k) const { return kind[static_cast<std::size_t>(k)]; }
};

/// What the running task's reclaim has freed on the side (struct reclaim_state).
struct ReclaimState {
  Pages slab = 0;
};

class Memory {
 public:
  Memory(Core& core, Locks& locks, MemorySetup setup);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // --- Allocation. A failure is on the running task's list in failures() when no_page, or an
  // invalid handle, comes back. Requests that may sleep do so.

  /// With the mask that the kernel's rule for the site says.
  [[nodiscard]] Pfn alloc_pages(Site site, unsigned order = 0);
  [[nodiscard]] Pfn alloc_pages(Site site, unsigned order, Gfp gfp);
  void free_pages(Pfn page, unsigned order) noexcept;

  /// A cache of the kernel's own, as its era has it; or one as described, if there is none yet.
  SlabCache& slab_cache(const char* name);
  SlabCache& slab_cache(const SlabSpec& spec);
  [[nodiscard]] SlabObject alloc_object(SlabCache& cache, Site site);
  [[nodiscard]] SlabObject alloc_object(SlabCache& cache, Site site, Gfp gfp);
  [[nodiscard]] SlabObject kmalloc(std::uint32_t size, Site site);
  [[nodiscard]] SlabObject kmalloc(std::uint32_t size, Site site, Gfp gfp);
  void free_object(SlabObject object) noexcept;

  /// Pages from wherever there are any, one by one, mapped side by side.
  [[nodiscard]] VmallocArea vmalloc(std::uint64_t bytes, Site site);
  void vfree(VmallocArea& area) noexcept;
  /// kmalloc(), without insisting where it is more than a page; then vmalloc().
  [[nodiscard]] KvMemory kvmalloc(std::uint64_t bytes, Site site);
  void kvfree(KvMemory& memory) noexcept;

  /// As above; where the site's rule is OnFailure::loop, asks again until it has something. The
  /// whole loop is one failure at most, and one unlimited wait for memory.
  [[nodiscard]] Pfn alloc_pages_insisting(Site site, unsigned order = 0, Insist how = {});
  [[nodiscard]] SlabObject alloc_object_insisting(SlabCache& cache, Site site, Insist how = {});
  [[nodiscard]] SlabObject kmalloc_insisting(std::uint32_t size, Site site, Insist how = {});

  const SiteRule& rule(Site site) const { return sites_.rule(site); }

  // --- What other rungs hang on it, when the machine is built.

  void set_swap_io(SwapIo& io);
  void set_oom_host(OomHost& host) { oom_host_ = &host; }
  void set_flushers(Flushers& flushers) { flushers_ = &flushers; }
  void set_plugs(Plugs& plugs);
  void set_bug_sink(BugSink& sink) { bug_sink_ = &sink; }
  void set_story(Story* story) { story_ = story; }
  void set_log(KernelLog* log) { log_ = log; }
  void set_tap(AllocTap* tap) { tap_ = tap; }
  void register_shrinker(Shrinker& shrinker);
  void unregister_shrinker(Shrinker& shrinker);
  /// Spawns kswapd, a daemon, and kcompactd where there is one.
  void start_kswapd();
  /// Spawns the OOM reaper, if the OOM policy has one.
  void start_oom_reaper();

  // --- Reports from other rungs.

  /// A write or read of SwapIo has ended; from interrupt context.
  void end_swap_write(Pfn page, int error) noexcept;
  void end_swap_read(Pfn page, int error) noexcept;
  /// A device has too many requests of that class.
  void device_congested(bool sync) noexcept;
  /// A request of that class has ended, and the device has few enough; had it too many before?
  void device_uncongested(bool sync, bool was_congested) noexcept;
  /// Something that reclaim could not free it perhaps can now: an object fell unused, say. Ends
  /// exhaustion (design §4). What happens to a page (unlocked, cleaned, unpinned, its buffers gone)
  /// is noticed without this.
  void reclaim_changed() noexcept {
    ++generation_;
    lru_changed();
  }
  /// The victim has dropped its address space, or is gone: it gives its rights back
  /// (unmark_oom_victim(), exit_oom_victim()).
  void unmark_oom_victim(Task& task, bool gone = false);

  // --- Questions, for watchers, policies and reports.

  MemoryView view(Gfp gfp, std::vector<ZoneView>& zones) const;
  const MemoryStat& stat() const { return stat_; }
  Pages free_pages() const { return zones_.free(); }
  /// What all processes have mapped.
  Pages total_vm() const;
  /// Whether such reclaimers can still free anything; with `detail` (slow), what is in the way.
  Exhaustion exhaustion(ReclaimClass rights, Gfp gfp, bool detail = false) const;
  /// When the OOM policy would kill if a request like this asked: now, later, or never.
  Nanos would_kill(const OomRequest& request) const;
  /// The innermost wait for memory of a task; null if it has none.
  MemoryWait* wait_of(const Task& task) const;
  /// Whether some wait for memory drains the per-CPU lists again and again.
  bool somebody_drains() const;
  /// Pages on their way to a device, whose arrival may free memory.
  Pages io_in_flight() const { return stat_.writeback; }
  /// Empty if all accounts agree with the pages one by one; else what does not. Slow.
  std::string check() const;
  void add_to(Counters& counters) const;

  // --- The parts, for the rest of sim/mm and for tests.

  Core& core() const { return core_; }
  Locks& locks() const { return locks_; }
  const MemoryConfig& config() const { return config_; }
  const Rules& rules() const { return rules_; }
  const MemoryPolicies& policies() const { return policies_; }
  const AllocPolicy& alloc_policy() const;
  SiteTable& sites() { return sites_; }
  const SiteTable& sites() const { return sites_; }
  Hooks& hooks() { return hooks_; }
  FailureLedger& failures() { return failures_; }
  Zones& zones() { return zones_; }
  const Zones& zones() const { return zones_; }
  Page& page(Pfn pfn) { return map_[pfn]; }
  const Page& page(Pfn pfn) const { return map_[pfn]; }
  PageMap& map() { return map_; }
  const PageMap& map() const { return map_; }
  Slab& slab() { return *slab_; }
  Vmalloc& vmalloc() { return *vmalloc_; }
  const Slab& slab() const { return *slab_; }
  Swap& swap() { return *swap_; }
  const Swap& swap() const { return *swap_; }
  PageCache& cache() { return *cache_; }
  Rmap& rmap() { return *rmap_; }
  const Rmap& rmap() const { return *rmap_; }
  Overcommit& overcommit() { return *overcommit_; }
  ShmemFiles& shmem_files() { return *shmem_files_; }
  PageAlloc& allocator() { return *allocator_; }
  Reclaim& reclaim() { return *reclaim_; }
  const Reclaim& reclaim() const { return *reclaim_; }
  OomKiller& oom() { return *oom_; }
  Congestion& congestion() { return *congestion_; }
  Kswapd& kswapd() { return *kswapd_; }
  Compaction& compaction() { return *compaction_; }
  Kcompactd& kcompactd() { return *kcompactd_; }
  Memcgs* memcgs() const { return memcgs_.get(); }  ///< null if the machine has none
  OomHost* oom_host() const { return oom_host_; }
  Flushers* flushers() const { return flushers_; }
  Story* story() const { return story_; }
  KernelLog* log() const { return log_; }
  AllocTap* tap() const { return tap_; }
  Counters& counters() { return counters_; }
  MemoryStat& stat() { return stat_; }
  void bug(const std::string& what) const;

  /// "page allocation failure" is to be printed so often; some of it is.
  void warn_alloc_failed(std::uint64_t times) {
    warnings_wanted_ += times;
    counters_.failures_warned += nopage_.allow(core_.now(), times);
  }
  std::uint64_t warnings_wanted() const { return warnings_wanted_; }
  /// The running task's request has failed, and may say so in the log (warn_alloc_failed()).
  void warn_alloc_failed(unsigned order, Gfp gfp);

  /// Changes whenever reclaim might find what it did not, pages apart: each knows for itself.
  std::uint64_t generation() const { return generation_; }
  /// Changes whenever anything in here does that an allocation or a reclaimer could notice.
  std::uint64_t changes() const { return changes_; }
  void changed() noexcept { ++changes_; }
  /// Changes whenever a page moves between or on the LRU lists other than by being looked at in
  /// vain, or is looked at differently from now on.
  std::uint64_t lru_changes() const { return lru_changes_; }
  void lru_changed() noexcept {
    ++lru_changes_;
    ++changes_;
  }

  /// A request of the running task has failed. Inside of a loop that asks again it is the loop's
  /// one failure.
  FailureId begin_failure(const FailedRequest& request, Cause cause, MemoryWait* around);
  /// The request has been met after all; the failure is over, unless the loop around it goes on.
  void end_failure(FailureId failure, MemoryWait* around);
  /// The loop that `wait` stands for goes on with the task's last failure as its own.
  void continue_failure(MemoryWait& wait);
  /// That loop has ended well.
  void settle_loop(MemoryWait& wait);

  /// A page changes its use: kernel to anon, say.
  void set_kind(Page& page, PageKind kind, Pages pages = 1);

  std::uint32_t add_space(AddressSpace& space);
  void drop_space(std::uint32_t id);
  AddressSpace& space(std::uint32_t id) const { return *spaces_[id]; }

  ReclaimState* reclaim_state(const Task& task) const;
  void set_reclaim_state(const Task& task, ReclaimState* state);

 private:
  friend class MemoryWait;
  struct PerTask {
    MemoryWait* wait = nullptr;
    ReclaimState* reclaim = nullptr;
  };
  PerTask& of(const Task& task);
  template <class Try>
  auto insist(Site site, unsigned order, const Insist& how, Try&& attempt);

  Core& core_;
  Locks& locks_;
  const MemoryConfig config_;
  const Rules rules_;
  const MemoryPolicies policies_;
  SiteTable sites_;
  Hooks hooks_;
  FailureLedger failures_;
  PageMap map_;
  Zones zones_;
  MemoryStat stat_;
  Counters counters_;
  Ratelimit nopage_;
  std::uint64_t warnings_wanted_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t lru_changes_ = 0;

  std::unique_ptr<PageAlloc> allocator_;
  std::unique_ptr<Slab> slab_;
  std::unique_ptr<Vmalloc> vmalloc_;
  std::unique_ptr<Swap> swap_;
  std::unique_ptr<PageCache> cache_;
  std::unique_ptr<Rmap> rmap_;
  std::unique_ptr<Overcommit> overcommit_;
  std::unique_ptr<ShmemFiles> shmem_files_;
  std::unique_ptr<Reclaim> reclaim_;
  std::unique_ptr<OomKiller> oom_;
  std::unique_ptr<Congestion> congestion_;
  std::unique_ptr<Kswapd> kswapd_;
  std::unique_ptr<Compaction> compaction_;
  std::unique_ptr<Kcompactd> kcompactd_;
  std::unique_ptr<Memcgs> memcgs_;

  OomHost* oom_host_ = nullptr;
  Flushers* flushers_ = nullptr;
  BugSink* bug_sink_ = nullptr;
  Story* story_ = nullptr;
  KernelLog* log_ = nullptr;
  AllocTap* tap_ = nullptr;
  std::vector<AddressSpace*> spaces_;
  std::vector<std::uint32_t> free_spaces_;
  std::vector<PerTask> tasks_;
};

}  // namespace brink
