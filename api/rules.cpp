// The rules by name, with what each word means and where it comes from.

#include "brink/rules.hpp"

#include <array>

#include "api/rule_rows.hpp"

namespace brink {
namespace {

using namespace rule_rows;

const std::array rows = {
    choice<&Rules::kswapd_wake>(
        "kswapd_wake", occasions,
        "when a request that loops wakes kswapd: once at its entry (2.6.31, 11e33f6a55e), after "
        "each OOM kill or failed reclaim (2.6.30; 2.6.32 again, cc4a6851466), or each round "
        "(3.19)"),
    choice<&Rules::rights_test>(
        "rights_test", occasions,
        "when a request that loops finds out what it may take of the reserve, as an OOM victim "
        "say: once at its entry (2.6.31, 341ce06f69a), after each restart (2.6.32), or each round"),
    flag<&Rules::restart_at_low>(
        "restart_at_low", "a restart begins with another attempt at the low mark (until 2.6.30)"),
    choice<&Rules::round_attempt>(
        "round_attempt", round_attempt,
        "when a request that loops looks for free pages before it reclaims: after each restart "
        "only, so that a round without progress does not see what others have freed (2.6.3x), or "
        "each round (4.0)"),
    flag<&Rules::rt_harder_in_interrupt>(
        "rt_harder_in_interrupt",
        "a real-time task that an interrupt came upon lends it its rights (2.6.31; 9d0ed60fe9c). "
        "Without effect: the test is only reached by requests that may sleep"),
    choice<&Rules::no_sleep_bonus>(
        "no_sleep_bonus", no_sleep_bonus,
        "who gets a quarter of the mark for not being able to sleep: everybody who cannot, or only "
        "together with __GFP_HIGH (6.1.192: ALLOC_NON_BLOCK)"),
    choice<&Rules::rt_bonus>(
        "rt_bonus", rt_bonus,
        "what a real-time task gets of the mark: a quarter (ALLOC_HARDER), or half (6.1.192: "
        "ALLOC_MIN_RESERVE)"),
    choice<&Rules::nofail_reserve>(
        "nofail_reserve", nofail_reserve,
        "__GFP_NOFAIL: who may use the reserve waits on it for ever, asleep for 20 ms each time "
        "(until 2.6.36) or only while devices are congested (until 4.9), or half of the mark is "
        "tried where others would fail, and all of it after the OOM path (6c18ba7a1899, 4.10)"),
    choice<&Rules::drain_pcp>(
        "drain_pcp", drain_pcp,
        "when the lists of all CPUs are drained after reclaim: for every order above 0 (until "
        "2.6.35), or after progress that the request did not get (9ee493ce0a60)"),
    flag<&Rules::thisnode_gives_up>(
        "thisnode_gives_up",
        "GFP_THISNODE (with __GFP_NOWARN and __GFP_NORETRY) fails after the first attempt, without "
        "reclaim (until 4167e9b2cf10, 4.1)"),
    flag<&Rules::fault_oom_kills>(
        "fault_oom_kills",
        "a page fault that got no memory kills somebody before it is tried again (until "
        "60e2793d440a, 5.16)"),
    number<&Rules::min_free_kbytes_max>(
        "min_free_kbytes_max", 1 << 20,
        "the most that min_free_kbytes is set to at boot: 65,536, since ee8eb9a5fe863 (5.8) "
        "262,144"),
    choice<&Rules::mark_spacing>(
        "mark_spacing", mark_spacing,
        "how far the low and high marks lie above the min mark: a quarter of it each, or that or "
        "0.1 % of the zone, whichever is more (795ae7a0de6b, 4.6)"),
    choice<&Rules::high_order_mark>(
        "high_order_mark", high_order_mark,
        "how a watermark is tested above order 0: it halves with each order (until 4.3), or one "
        "free block of the order is enough (97a16fc82a7c, 4.4)"),
    choice<&Rules::high_order_reserve>(
        "high_order_reserve", high_order_reserve,
        "what is kept for high orders: as many pageblocks as the min mark fills (until 2.6.31), at "
        "most two (78986a678f6, 2.6.32), or pageblocks that high-order atomic requests have met "
        "(0aaa29a56e4f, 4.4)"),
    number<&Rules::watermark_boost_factor>("watermark_boost_factor", 100'000,
                                           "how far, in parts of 10,000 of the high mark, marks "
                                           "rise when a request takes from another "
                                           "type's pageblock: 0, since 1c30844d2dfe (5.0) 15,000"),
    choice<&Rules::fallback>(
        "fallback", fallback,
        "what a request takes from another migratetype: the free pages of the pageblock if the "
        "block is large or it is reclaimable itself, and the pageblock if that was half of it "
        "(2.6.30); "
        "as 4.0; or only if half of the pageblock is free or compatible (02aa0cdd72483, 4.12)"),
    flag<&Rules::nofragment>(
        "nofragment",
        "the first attempt does not take small blocks of other types (6bb154504f8b, 5.0)"),
    choice<&Rules::pcp>(
        "pcp", pcp,
        "per-CPU lists of free pages: single pages, hot and cold (until 2.6.31), one list for each "
        "migratetype (5f8dcc21211, 2.6.32), or for orders 0 to 3 as well (44042b449872, 5.14)"),
    choice<&Rules::compaction>(
        "compaction", compaction,
        "direct compaction: none (until 2.6.34), asynchronous and then sync-light (4.0), or by "
        "priorities with retries (4.8)"),
    flag<&Rules::kcompactd>("kcompactd", "a daemon compacts after kswapd (698b1b30642f, 4.6)"),
    flag<&Rules::lumpy_reclaim>(
        "lumpy_reclaim",
        "reclaim for high orders takes the neighbours of a page (5ad333eb66ff, 2.6.23; until 3.5)"),
    choice<&Rules::progress>(
        "progress", progress,
        "when direct reclaim reports progress: it freed a batch, or something while a zone is not "
        "used up (2.6.3x); it freed something or a zone counts as reclaimable (4.0); or it freed "
        "something (0a0337e0d1d1, 4.7)"),
    choice<&Rules::isolation_throttle>(
        "isolation_throttle", isolation_throttle,
        "reclaimers while more pages are isolated than inactive: go on (until 2.6.31), wait for "
        "ever (35cd78156c49, 2.6.32), the same but those with all rights from an eighth of that on "
        "(3cf23841b4b7, 3.8), or wait once (db73ee0d4637, 4.14)"),
    choice<&Rules::reserve_throttle>(
        "reserve_throttle", reserve_throttle,
        "whether direct reclaimers wait for kswapd while less than half of the reserve is left "
        "(5515061d22f0, 3.6)"),
    choice<&Rules::stall>(
        "stall", stall,
        "where direct reclaim naps: after each priority that found something (2.6.3x), in zones "
        "that met congestion (4.0), or for the reasons of reclaim_throttle() (8cd7c588decf, 5.16)"),
    choice<&Rules::scan_balance>(
        "scan_balance", scan_balance,
        "what anonymous and file lists are weighed by: pages rotated of those scanned, in percent "
        "and with small numbers saved up to a batch (2.6.3x); the same exactly (3.x); or the cost "
        "of I/O, with what may be deactivated decided once a pass (1431d4d11abb, 5.8)"),
    choice<&Rules::file_target>(
        "file_target", file_target,
        "how many file pages are to be inactive: half, or by the size of the list as anonymous "
        "ones (59dc76b0d4df, 4.7)"),
    choice<&Rules::shrinker_share>(
        "shrinker_share", shrinker_share,
        "how hard shrinkers are asked: in proportion to the pages scanned of those in all zones, "
        "batches only (2.6.3x); zone by zone, with a limit on what is put off and small caches "
        "whole (4.0); or by the priority (9092c71bb724, 4.16)"),
    choice<&Rules::kswapd_aim>(
        "kswapd_aim", kswapd_aim,
        "what kswapd works for: the high mark in every zone (2.6.3x), that and a gap, with the "
        "order dropped after 2 << order pages (4.0), or one zone of the node (4.8)"),
    number<&Rules::kswapd_failures_max>(
        "kswapd_failures_max", 1'000,
        "after so many runs in vain kswapd sleeps until somebody else frees a page: 0 never, since "
        "c73322d098e4 (4.12) 16"),
    number<&Rules::memcg_retries>(
        "memcg_retries", 1'000,
        "how often a charge that meets the limit of a memory cgroup reclaims in vain before it has "
        "failed: 5 times (4.0), or 16 (6.1)"),
    choice<&Rules::memcg_oom>(
        "memcg_oom", memcg_oom,
        "what a charge does then: it kills and fails (until 2.6.33); it kills, or waits for "
        "somebody else to, and is tried again for ever, with all locks that its task holds "
        "(867578cbccb0, 2.6.34); it fails, and a user's page fault kills or waits at its end "
        "(519e52473ebe and 3812c8c8f395, 3.12); or it kills and is tried again for as long as "
        "somebody can be killed, and fails where user space is to see to it (29ef680ae7c2, 4.19)"),
    flag<&Rules::memcg_force_charge>(
        "memcg_force_charge",
        "a charge that may not fail (__GFP_NOFAIL) counts above the limit, and so does one with "
        "__GFP_HIGH (as in 6.1), rather than being nobody's (as in 4.0)"),
    choice<&Rules::vmstat>(
        "vmstat", vmstat,
        "by which numbers reclaim judges a zone, the sizes of its lists and the pages scanned: the "
        "true ones, or counters of which each CPU keeps a part to itself until its vmstat worker "
        "runs, once a second (2244b95a7bcf, 2.6.18, and for pages scanned 0d5d823ab4e6, 3.17). "
        "Every kernel has the latter; no era sets it, because all but a stuck worker's shape "
        "comes out alike without, and faster"),
    flag<&Rules::worker_naps>(
        "worker_naps",
        "a worker of a work queue sleeps for a tick where wait_iff_congested() has nothing to wait "
        "for, so that others of its CPU's pool get their turn (373ccbe59270, 4.4)"),
    choice<&Rules::slab, &SlabRules::cpu_partial>(
        "slab_cpu_partial", slab_cpu_partial,
        "how much a CPU keeps in partial slabs of its own: nothing (until 3.1), about so many "
        "free objects (49e2258586b4, 3.2), or the slabs that would hold them half full "
        "(b47291ef02b0, 5.16)"),
    flag<&Rules::slab, &SlabRules::keeps_empty>(
        "slab_keeps_empty",
        "a slab that falls empty stays while there are few partial ones (2cfb7455d223, 3.1)"),
    flag<&Rules::slab, &SlabRules::halves_min_partial>(
        "slab_halves_min_partial",
        "few are half of log2 of the object's size, not all of it (49e2258586b4, 3.2)"),
    flag<&Rules::slab, &SlabRules::high_order_waits>(
        "slab_high_order_waits",
        "a request for a slab larger than it has to be may reclaim (until 45eb00cd3a03, 4.4)"),
    flag<&Rules::slab, &SlabRules::kmalloc_reclaimable>(
        "kmalloc_reclaimable",
        "kmalloc() has caches of its own for __GFP_RECLAIMABLE (1291523f2c1d, 4.20)"),
    flag<&Rules::slab, &SlabRules::kmalloc_accounted>(
        "kmalloc_accounted", "and for what is charged to a memory cgroup (494c1dfe855e, 5.14)"),
    flag<&Rules::slab, &SlabRules::kmalloc_short_names>(
        "kmalloc_short_names", "kmalloc-1k rather than kmalloc-1024 (f0d77874143f, 4.20)"),
    flag<&Rules::mempool_sleeps_first>(
        "mempool_sleeps_first",
        "a mempool that is empty makes its caller sleep before it asks the allocator with the "
        "caller's whole mask (until 1ebb7044c914, 3.3)"),
    choice<&Rules::dirty_throttling>(
        "dirty_throttling", dirty_throttling,
        "what becomes of a writer when too much is dirty: it writes pages itself and naps 100 ms "
        "at "
        "a time (until 3.1), or sleeps for as long as its pages take while the flusher writes "
        "(143dfe8611a6, 3.2)"),
    choice<&Rules::dirtyable_memory>(
        "dirtyable_memory", dirtyable_memory,
        "of what a share may be dirty: free pages and all LRU pages (until 3.2), or free pages "
        "above the reserves and file pages (ab8fabd46f81, 3.3, and a1c3bfb2f67e, 3.14, in one)"),
    flag<&Rules::throttle_vm_writeout>(
        "throttle_vm_writeout",
        "reclaimers wait while more than 110 % of the dirty limit is under writeback: in 2.6.30 to "
        "4.0, gone by 6.1"),
    choice<&Rules::dm_crypt_buffer>(
        "dm_crypt_buffer", dm_crypt_buffer,
        "how dm-crypt allocates the pages of a write: waiting for the first 8 only and splitting "
        "the bio where they run out, from a pool of 32 (until 3.19); all of them, each waited for, "
        "from a pool of 256 (cf2f1abfbd0d by itself: two writers can each hold half of it); or all "
        "of them, and whoever has to wait is alone (7145c241a1bf, 4.0)"),
    flag<&Rules::dm_crypt_parallel>(
        "dm_crypt_parallel",
        "dm-crypt works on as many transfers at a time as there are CPUs, and starts reads in the "
        "context of whoever asked (20c82538e4f4, 2.6.39, and f3396c58fd84, 4.0); before, one "
        "thread "
        "encrypted and another started reads"),
    flag<&Rules::loop_less_throttle>(
        "loop_less_throttle",
        "the thread of a loop device counts as one that writes to clean memory "
        "(PF_LESS_THROTTLE, b2ee7d46f1dc, 4.13)"),
    flag<&Rules::loop_masks_file>(
        "loop_masks_file",
        "a loop device's file loses __GFP_IO and __GFP_FS from the mask of its page cache; false "
        "shows what that is for"),
    flag<&Rules::fdtable_kvmalloc>(
        "fdtable_kvmalloc",
        "a growing table of file descriptors asks with kvmalloc() (c823bd9244c8, 4.13) rather than "
        "with kmalloc() up to 32 KiB and always vmalloc() after it"),
    flag<&Rules::parallel_lookup>(
        "parallel_lookup",
        "lookups of names that are not cached take the directory's lock for reading (9902af79c01a, "
        "4.7) rather than exclusively"),
    flag<&Rules::nofs_scope>(
        "nofs_scope",
        "allocations inside a transaction lose __GFP_FS by themselves (7dea19f9ee63, 4.12)"),
    flag<&Rules::lsm_blobs>(
        "lsm_blobs",
        "a security module hangs a blob of its own on each open file and each inode "
        "(CONFIG_SECURITY with such a module; the slab sizes of 6.1 are those of a kernel "
        "without)"),
    choice<&Rules::texts>(
        "texts", texts,
        "which kernel's formats the kernel's log and the files of /proc have; nothing else depends "
        "on it"),
};

}  // namespace

std::span<const RuleRow> rule_table() { return rows; }

}  // namespace brink
