// Linux 4.0 (v4.0, April 2015): which mask each site passes, what its caller does when it gets
// nothing, and which function that is. Masks are those of the sources; where a mask is put together
// from several places the comment says how. Bits that 4.0 implies are written out: __GFP_WAIT is
// direct_reclaim, and every request wakes kswapd.

#include "policies/eras/eras.hpp"
#include "policies/eras/site_rows.hpp"

namespace brink {
namespace {

constexpr Gfp K = GFP_KERNEL;
constexpr Gfp NOFS = GFP_NOFS;
constexpr Gfp NOIO = GFP_NOIO;
constexpr Gfp Z = Gfp::zero;
constexpr Gfp NW = Gfp::nowarn;
constexpr Gfp NR = Gfp::noretry;
constexpr Gfp REPEAT = Gfp::retry_mayfail;
/// mapping_gfp_mask() of a regular file, as inode_init_always() sets it.
constexpr Gfp MAPPING = GFP_HIGHUSER_MOVABLE;
/// grow_dev_page(): the block device's mapping is GFP_USER; __GFP_FS comes off, __GFP_MOVABLE and
/// __GFP_NOFAIL go on.
constexpr Gfp BLOCK_PAGE = NOFS | Gfp::hardwall | Gfp::movable | Gfp::nofail;
/// Without __GFP_WAIT.
constexpr Gfp ATOMIC = GFP_ATOMIC;

constexpr auto propagate = OnFailure::propagate;
constexpr auto loop = OnFailure::loop;
constexpr auto nofail = OnFailure::nofail;
constexpr auto skip = OnFailure::skip;
constexpr auto later = OnFailure::later;
constexpr auto fs_error = OnFailure::fs_error;

// A mempool's caller never gets NULL if it may sleep: mempool_alloc() itself asks for ever.
constexpr SiteRow rows[] = {
    {site::vfs_name, K, propagate, "getname_flags"},
    {site::vfs_dentry, K, propagate, "__d_alloc"},
    {site::vfs_long_name, K, propagate, "__d_alloc"},
    {site::vfs_fdtable, K, propagate, "alloc_fdtable"},
    {site::vfs_fdtable_array, K | NW | NR, skip, "alloc_fdmem"},
    {site::vfs_fdtable_vmalloc, K | Gfp::highmem, propagate, "alloc_fdmem"},
    {site::vfs_file, K | Z, propagate, "get_empty_filp"},
    {site::lsm_file, K | Z, propagate, "security_file_alloc"},
    {site::ext4_inode, NOFS, propagate, "ext4_alloc_inode"},
    {site::lsm_inode, NOFS | Z, propagate, "security_inode_alloc"},

    {site::pc_readahead, MAPPING | Gfp::cold | NR | NW, skip, "__do_page_cache_readahead"},
    {site::pc_readahead_node, K, skip, "mpage_readpages"},
    {site::pc_read, MAPPING | Gfp::cold, propagate, "do_generic_file_read"},
    {site::pc_node, K, propagate, "__add_to_page_cache_locked"},
    // FGP_NOFS is not asked for by ext4: it takes the page before it opens the handle.
    {site::pc_write, MAPPING | Gfp::write, propagate, "pagecache_get_page"},
    {site::pc_buffer_heads, NOFS, loop, "alloc_page_buffers"},
    {site::pc_read_bio, K, loop, "mpage_alloc"},

    {site::bh_page, BLOCK_PAGE, nofail, "grow_dev_page"},
    {site::bh_node, NOFS | Gfp::nofail, nofail, "__add_to_page_cache_locked"},
    {site::bh_head, NOFS, loop, "__getblk_slow"},
    {site::bh_bio, NOIO, loop, "_submit_bh"},

    {site::jbd2_handle, NOFS | Z, propagate, "new_handle"},
    {site::jbd2_transaction, NOFS | Z, loop, "start_this_handle"},
    {site::jbd2_journal_head, NOFS | Z, loop, "journal_alloc_journal_head"},
    {site::jbd2_frozen_copy, NOFS | REPEAT, fs_error, "do_get_write_access"},
    {site::jbd2_undo_copy, NOFS | REPEAT, fs_error, "jbd2_journal_get_undo_access"},
    {site::jbd2_revoke, NOFS, loop, "insert_revoke_hash"},
    {site::jbd2_inode, K, propagate, "ext4_inode_attach_jinode"},
    {site::jbd2_commit_head, NOFS, loop, "jbd2_journal_write_metadata_buffer"},
    {site::jbd2_commit_escape, NOFS | REPEAT, fs_error, "jbd2_journal_write_metadata_buffer"},

    {site::ext4_extent_path, NOFS | Z, propagate, "ext4_find_extent"},
    {site::ext4_extent_split, NOFS | Z, propagate, "ext4_ext_split"},
    {site::ext4_extent_status, ATOMIC, propagate, "ext4_es_alloc_extent"},
    {site::ext4_alloc_context, NOFS | Z, propagate, "ext4_mb_new_blocks"},
    {site::ext4_prealloc, NOFS, propagate, "ext4_mb_new_inode_pa"},
    {site::ext4_buddy_page, NOFS, propagate, "ext4_mb_load_buddy"},
    {site::ext4_free_data, NOFS, loop, "ext4_free_blocks"},
    {site::ext4_truncate_path, NOFS | Z, fs_error, "ext4_ext_remove_space"},
    {site::ext4_truncate_status, ATOMIC, loop, "ext4_ext_truncate"},
    {site::ext4_io_end, K | Z, propagate, "ext4_writepages"},
    {site::ext4_write_io_end, NOFS | Z, later, "ext4_writepage"},
    {site::ext4_io_bio, NOIO, loop, "io_submit_init_bio"},
    {site::blk_flush_bio, K, loop, "blkdev_issue_flush"},
    {site::blk_page_bio, NOIO, loop, "_submit_bh"},
    {site::wb_work, ATOMIC | Z, skip, "__bdi_start_writeback"},

    {site::mm_vma, K | Z, propagate, "mmap_region"},
    {site::mm_vma_split, K, propagate, "__split_vma"},
    {site::mm_page_table, K | REPEAT | Z, propagate, "pte_alloc_one"},
    {site::mm_anon_vma, K, propagate, "anon_vma_prepare"},
    {site::mm_anon_page, MAPPING | Z, propagate, "do_anonymous_page"},
    {site::mm_swapin_page, MAPPING, propagate, "read_swap_cache_async"},
    {site::mm_swapin_ahead, MAPPING, skip, "swapin_readahead"},
    {site::mm_swap_node, Gfp::high | Gfp::nomemalloc | NW | Gfp::kswapd_reclaim, later,
     "add_to_swap"},
    {site::mm_swap_bio, NOIO, loop, "get_swap_bio"},
    {site::mm_exit_gather, GFP_NOWAIT | NW, skip, "tlb_next_batch"},
    {site::mm_cow_page, MAPPING, propagate, "wp_page_copy"},
    {site::mm_file_page, MAPPING | Gfp::cold, propagate, "page_cache_read"},
    {site::mm_mremap_page_table, K | REPEAT | Z, propagate, "move_page_tables"},
    {site::mm_fork_vma, K, propagate, "dup_mmap"},
    {site::mm_fork_anon_vma, K, propagate, "anon_vma_fork"},
    {site::mm_fork_page_table, K | REPEAT | Z, propagate, "copy_page_range"},

    {site::shmem_page, MAPPING, propagate, "shmem_alloc_page"},
    // radix_tree_maybe_preload() with what GFP_RECLAIM_MASK leaves of the mapping's mask.
    {site::shmem_node, K, propagate, "shmem_getpage_gfp"},
    {site::shmem_swap_node, ATOMIC, later, "shmem_writepage"},
    {site::shmem_inode, K, propagate, "shmem_alloc_inode"},
    {site::shmem_zero_dentry, K, propagate, "d_alloc_pseudo"},

    {site::fork_task, K, propagate, "alloc_task_struct_node"},
    // THREADINFO_GFP; THREAD_SIZE_ORDER is 2.
    {site::fork_stack, K, propagate, "alloc_thread_info_node"},
    {site::fork_cred, K, propagate, "prepare_creds"},
    {site::fork_files, K, propagate, "dup_fd"},
    {site::fork_fs, K, propagate, "copy_fs_struct"},
    {site::fork_sighand, K, propagate, "copy_sighand"},
    {site::fork_signal, K | Z, propagate, "copy_signal"},
    {site::fork_mm, K, propagate, "dup_mm"},
    {site::fork_pgd, K | REPEAT | Z, propagate, "pgd_alloc"},
    {site::fork_pid, K, propagate, "alloc_pid"},

    {site::dm_crypt_io, NOIO, loop, "crypt_map"},
    {site::dm_crypt_bio, NOIO, loop, "crypt_alloc_buffer"},
    {site::dm_crypt_read_bio, GFP_NOWAIT, later, "kcryptd_io_read"},
    {site::dm_crypt_page, NOIO | Gfp::highmem, loop, "crypt_alloc_buffer"},
    {site::dm_crypt_request, NOIO, loop, "crypt_alloc_req"},
    {site::zram_page, NOIO | Gfp::highmem | NW, later, "zs_malloc"},
    {site::disk_events_bio, NOIO, later, "bio_kmalloc"},
    {site::disk_events_page, NOIO, later, "bio_copy_kern"},
    {site::memcg_charge, K, propagate, "mem_cgroup_try_charge"},

    // A slab grows with the mask of whoever asks for an object; this one is nobody's.
    {site::slab_page, K, propagate, "allocate_slab"},
    {site::exit_taskstats, K | Z, skip, "taskstats_tgid_alloc"},
    // What exists before the run is there whatever the run's luck.
    {site::kernel_boot, K | Gfp::nofail, nofail, "start_kernel"},
};

constexpr auto by_number = rules_by_number(rows);

}  // namespace

SiteRule linux_4_0_site(Site site) { return rule_of(by_number, site); }

}  // namespace brink
