// Linux 6.1 (as Debian has it, 6.1.192): which mask each site passes, what its caller does when it
// gets nothing, and which function that is. What looped around the allocator in 4.0 mostly passes
// __GFP_NOFAIL. Masks are those of the calls: a slab cache that is charged to memory cgroups as a
// whole (SLAB_ACCOUNT: dentries, inodes, files, VMAs) needs no __GFP_ACCOUNT there.
//
// Sites that 6.1 no longer has keep what is nearest: a flush has its bio on the stack, a flusher is
// asked without a work item (85009b4f5f03, 4.15).

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
constexpr Gfp NF = Gfp::nofail;
constexpr Gfp ACCOUNT = Gfp::account;
constexpr Gfp KA = K | ACCOUNT;
/// mapping_gfp_mask() of a regular file, as inode_init_always() sets it.
constexpr Gfp MAPPING = GFP_HIGHUSER_MOVABLE;
/// The index of a page cache is charged (XA_FLAGS_ACCOUNT); it gets of the page's mask what says
/// how to reclaim (GFP_RECLAIM_MASK).
constexpr Gfp INDEX = ACCOUNT;
/// grow_dev_page(): the block device's mapping is GFP_USER; __GFP_FS comes off, __GFP_MOVABLE and
/// __GFP_NOFAIL go on.
constexpr Gfp BLOCK_PAGE = NOFS | Gfp::hardwall | Gfp::movable | Gfp::nofail;
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
    {site::vfs_long_name, KA | Gfp::reclaimable, propagate, "__d_alloc"},
    {site::vfs_fdtable, KA, propagate, "alloc_fdtable"},
    {site::vfs_fdtable_array, KA | NW | NR, skip, "kvmalloc_node"},
    {site::vfs_fdtable_vmalloc, KA | NW | Gfp::highmem, propagate, "vm_area_alloc_pages"},
    {site::vfs_file, K | Z, propagate, "__alloc_file"},
    {site::lsm_file, K | Z, propagate, "lsm_file_alloc"},
    {site::ext4_inode, NOFS, propagate, "ext4_alloc_inode"},
    {site::lsm_inode, NOFS | Z, propagate, "lsm_inode_alloc"},

    {site::pc_readahead, MAPPING | NR | NW, skip, "page_cache_ra_unbounded"},
    {site::pc_readahead_node, K | INDEX | NR | NW, skip, "__filemap_add_folio"},
    {site::pc_read, MAPPING, propagate, "filemap_create_folio"},
    {site::pc_node, K | INDEX, propagate, "__filemap_add_folio"},
    // FGP_NOFS is not asked for by ext4: it takes the page before it opens the handle.
    {site::pc_write, MAPPING | Gfp::write, propagate, "__filemap_get_folio"},
    {site::pc_buffer_heads, NOFS | ACCOUNT | NF, nofail, "alloc_page_buffers"},
    {site::pc_read_bio, K, loop, "ext4_mpage_readpages"},

    {site::bh_page, BLOCK_PAGE, nofail, "grow_dev_page"},
    {site::bh_node, NOFS | INDEX | NF, nofail, "__filemap_add_folio"},
    {site::bh_head, NOFS | ACCOUNT | NF, nofail, "alloc_page_buffers"},
    {site::bh_bio, NOIO, loop, "submit_bh_wbc"},

    {site::jbd2_handle, NOFS | Z, propagate, "new_handle"},
    {site::jbd2_transaction, NOFS | Z | NF, nofail, "start_this_handle"},
    // Asked for once without __GFP_NOFAIL before.
    {site::jbd2_journal_head, NOFS | Z | NF, nofail, "journal_alloc_journal_head"},
    {site::jbd2_frozen_copy, NOFS | NF, nofail, "do_get_write_access"},
    {site::jbd2_undo_copy, NOFS | NF, nofail, "jbd2_journal_get_undo_access"},
    {site::jbd2_revoke, NOFS | NF, nofail, "insert_revoke_hash"},
    {site::jbd2_inode, K, propagate, "ext4_inode_attach_jinode"},
    {site::jbd2_commit_head, NOFS | NF, nofail, "jbd2_journal_write_metadata_buffer"},
    {site::jbd2_commit_escape, NOFS, fs_error, "jbd2_journal_write_metadata_buffer"},

    {site::ext4_extent_path, NOFS | Z, propagate, "ext4_find_extent"},
    {site::ext4_extent_split, NOFS | Z, propagate, "ext4_ext_split"},
    // Under the tree's lock. Entries that must be kept are asked for again without it, with
    // __GFP_NOFAIL; the model has no such second try.
    {site::ext4_extent_status, ATOMIC, propagate, "__es_alloc_extent"},
    {site::ext4_alloc_context, NOFS | Z, propagate, "ext4_mb_new_blocks"},
    {site::ext4_prealloc, NOFS | Z, propagate, "ext4_mb_pa_alloc"},
    // The same call passes __GFP_NOFAIL where blocks are freed.
    {site::ext4_buddy_page, NOFS, propagate, "ext4_mb_load_buddy_gfp"},
    {site::ext4_free_data, NOFS | NF, nofail, "ext4_mb_clear_bb"},
    {site::ext4_truncate_path, NOFS | Z | NF, nofail, "ext4_ext_remove_space"},
    {site::ext4_truncate_status, ATOMIC, loop, "ext4_ext_truncate"},
    {site::ext4_io_end, K | Z, propagate, "ext4_do_writepages"},
    {site::ext4_write_io_end, NOFS | Z, later, "ext4_writepage"},
    {site::ext4_io_bio, NOIO, loop, "io_submit_init_bio"},
    {site::blk_flush_bio, K, loop, "blkdev_issue_flush"},
    {site::blk_page_bio, NOIO, loop, "submit_bh_wbc"},
    {site::wb_work, ATOMIC | Z, skip, "bdi_split_work_to_wbs"},

    {site::mm_vma, K, propagate, "vm_area_alloc"},
    {site::mm_vma_split, K, propagate, "vm_area_dup"},
    {site::mm_page_table, KA | Z, propagate, "pte_alloc_one"},
    {site::mm_anon_vma, K, propagate, "__anon_vma_prepare"},
    {site::mm_anon_page, MAPPING | Z, propagate, "do_anonymous_page"},
    {site::mm_swapin_page, MAPPING, propagate, "__read_swap_cache_async"},
    {site::mm_swapin_ahead, MAPPING, skip, "swap_cluster_readahead"},
    {site::mm_swap_node, Gfp::high | Gfp::nomemalloc | NW, later, "add_to_swap"},
    {site::mm_swap_bio, NOIO, loop, "__swap_writepage"},
    {site::mm_exit_gather, GFP_NOWAIT | NW, skip, "tlb_next_batch"},

    // A slab grows with the mask of whoever asks for an object; this one is nobody's.
    {site::slab_page, K, propagate, "allocate_slab"},
    {site::exit_taskstats, K | Z, skip, "taskstats_tgid_alloc"},
    // What exists before the run is there whatever the run's luck.
    {site::kernel_boot, K | Gfp::nofail, nofail, "start_kernel"},

    {site::mm_cow_page, MAPPING, propagate, "wp_page_copy"},
    {site::mm_file_page, MAPPING, propagate, "__filemap_get_folio"},
    {site::mm_mremap_page_table, KA | Z, propagate, "move_page_tables"},
    {site::mm_fork_vma, K, propagate, "dup_mmap"},
    {site::mm_fork_anon_vma, K, propagate, "anon_vma_fork"},
    {site::mm_fork_page_table, KA | Z, propagate, "copy_page_range"},
    {site::shmem_page, MAPPING, propagate, "shmem_alloc_folio"},
    {site::shmem_node, K | INDEX, propagate, "shmem_add_to_page_cache"},
    {site::shmem_swap_node, Gfp::high | Gfp::nomemalloc | NW, later, "shmem_writepage"},
    {site::shmem_inode, K, propagate, "shmem_alloc_inode"},
    {site::shmem_zero_dentry, K, propagate, "d_alloc_pseudo"},
    {site::fork_task, K, propagate, "alloc_task_struct_node"},
    {site::fork_stack, KA | Z, propagate, "alloc_thread_stack_node"},
    {site::fork_cred, K, propagate, "prepare_creds"},
    {site::fork_files, K, propagate, "dup_fd"},
    {site::fork_fs, K, propagate, "copy_fs_struct"},
    {site::fork_sighand, K, propagate, "copy_sighand"},
    {site::fork_signal, K | Z, propagate, "copy_signal"},
    {site::fork_mm, K, propagate, "dup_mm"},
    {site::fork_pgd, KA | Z, propagate, "pgd_alloc"},
    {site::fork_pid, K, propagate, "alloc_pid"},

    // What crypt_map() needs is part of the bio by now (per_io_data).
    {site::dm_crypt_io, NOIO, loop, "crypt_map"},
    {site::dm_crypt_bio, NOIO, loop, "crypt_alloc_buffer"},
    {site::dm_crypt_read_bio, GFP_NOWAIT, later, "kcryptd_io_read"},
    {site::dm_crypt_page, NOIO | Gfp::highmem, loop, "crypt_alloc_buffer"},
    {site::dm_crypt_request, NOIO, loop, "crypt_alloc_req_skcipher"},
    {site::zram_page, NOIO | Gfp::highmem | Gfp::movable, later, "zram_write_page"},
    {site::disk_events_bio, NOIO, later, "bio_kmalloc"},
    {site::disk_events_page, NOIO | Z, later, "bio_copy_kern"},
    {site::memcg_charge, K, propagate, "charge_memcg"},
};

constexpr auto by_number = rules_by_number(rows);

}  // namespace

SiteRule linux_6_1_site(Site site) { return rule_of(by_number, site); }

}  // namespace brink
