// The built-in sites, in no particular order; append only. X(id, name, rows, object, cache).
// rows: where the reference tables of failure-handling paths describe the site (docs/sites.md).
#pragma once

#include "brink/sites.hpp"

// clang-format off
#define BRINK_SITES(X) \
  /* Path walk, dentries, names. */ \
  X(vfs_name,            "vfs.path.name",              "PW1",       "user path",                    "names_cache") \
  X(vfs_dentry,          "vfs.dentry.alloc",           "PW3",       "dentry of an uncached name",   "dentry") \
  X(vfs_long_name,       "vfs.dentry.long_name",       "PW4",       "name beyond 31 bytes",         "kmalloc") \
  /* Files and descriptors. */ \
  X(vfs_fdtable,         "vfs.fdtable.grow",           "FD1",       "file descriptor table",        "kmalloc") \
  X(vfs_file,            "vfs.file.alloc",             "FD2",       "struct file",                  "filp") \
  X(lsm_file,            "lsm.file.blob",              "FD3",       "security blob of a file",      "kmalloc-32") \
  /* Inodes. */ \
  X(ext4_inode,          "ext4.inode.alloc",           "IN1,S2c",   "ext4 inode",                   "ext4_inode_cache") \
  X(lsm_inode,           "lsm.inode.blob",             "IN8",       "security blob of an inode",    "kmalloc-96") \
  /* Page cache. */ \
  X(pc_readahead,        "pagecache.readahead.page",   "PC1,S3a",   "page read ahead",              "page") \
  X(pc_read,             "pagecache.read.page",        "PC2,S3b",   "page read synchronously",      "page") \
  X(pc_node,             "pagecache.index.node",       "PC3",       "radix tree node",              "radix_tree_node") \
  X(pc_write,            "pagecache.write.page",       "PC7,S4b",   "page for a buffered write",    "page") \
  X(pc_buffer_heads,     "pagecache.write.buffer_head","PC8",       "buffer heads of a page",       "buffer_head") \
  X(pc_read_bio,         "pagecache.read.bio",         "PC6",       "bio (mempool)",                "bio-0") \
  /* Buffer cache: metadata blocks. */ \
  X(bh_page,             "buffer.block.page",          "BH1",       "page of a metadata block",     "page") \
  X(bh_head,             "buffer.block.head",          "BH2",       "buffer head of a block",       "buffer_head") \
  X(bh_bio,              "buffer.block.bio",           "BH3",       "bio (mempool)",                "bio-0") \
  /* jbd2. */ \
  X(jbd2_handle,         "ext4.jbd2.handle",           "JB1,S2a,S6b,S7a", "handle",                 "jbd2_journal_handle") \
  X(jbd2_transaction,    "ext4.jbd2.transaction",      "JB2",       "running transaction",          "jbd2_transaction_s") \
  X(jbd2_journal_head,   "ext4.jbd2.journal_head",     "JB4",       "journal head of a buffer",     "jbd2_journal_head") \
  X(jbd2_frozen_copy,    "ext4.jbd2.frozen_copy",      "JB5,S2b,S6d,S7b", "copy of a committing block", "page") \
  X(jbd2_undo_copy,      "ext4.jbd2.undo_copy",        "JB6",       "copy of a committed bitmap",   "page") \
  X(jbd2_revoke,         "ext4.jbd2.revoke_record",    "JB7",       "revoke record",                "jbd2_revoke_record_s") \
  X(jbd2_inode,          "ext4.jbd2.jinode",           "JB8,S4d",   "jinode",                       "jbd2_inode") \
  X(jbd2_commit_head,    "ext4.jbd2.commit_head",      "JB9",       "shadow buffer head at commit", "buffer_head") \
  X(jbd2_commit_escape,  "ext4.jbd2.commit_escape",    "JB10",      "escaped copy at commit",       "page") \
  /* ext4 extents and allocation. */ \
  X(ext4_extent_path,    "ext4.extent.path",           "EX1",       "extent path array",            "kmalloc-256") \
  X(ext4_extent_status,  "ext4.extent.status",         "EX2,S4c",   "extent status entry",          "ext4_extent_status") \
  X(ext4_alloc_context,  "ext4.mballoc.context",       "EX5",       "allocation context",           "ext4_allocation_context") \
  X(ext4_prealloc,       "ext4.mballoc.prealloc",      "EX6",       "preallocation descriptor",     "ext4_prealloc_space") \
  X(ext4_buddy_page,     "ext4.mballoc.buddy_page",    "EX7",       "buddy bitmap page",            "page") \
  X(ext4_free_data,      "ext4.mballoc.free_data",     "EX8,S7f",   "record of freed blocks",       "ext4_free_data") \
  X(ext4_truncate_path,  "ext4.truncate.path",         "EX9,S7e",   "extent path for removal",      "kmalloc-256") \
  X(ext4_truncate_status,"ext4.truncate.status",       "EX10,S7f",  "extent status split at removal","ext4_extent_status") \
  X(ext4_io_end,         "ext4.writeback.io_end",      "S5a",       "ext4_io_end",                  "ext4_io_end") \
  X(ext4_io_bio,         "ext4.writeback.bio",         "S5d",       "bio (mempool)",                "bio-0") \
  X(blk_flush_bio,       "block.flush.bio",            "S5g",       "flush bio (mempool)",          "bio-0") \
  /* Address spaces and page faults. */ \
  X(mm_vma,              "mm.vma.alloc",               "S10b,S10h", "vm_area_struct",               "vm_area_struct") \
  X(mm_vma_split,        "mm.vma.split",               "S10e",      "vm_area_struct of a split",    "vm_area_struct") \
  X(mm_page_table,       "mm.fault.page_table",        "FA1",       "page table",                   "page") \
  X(mm_anon_vma,         "mm.fault.anon_vma",          "FA2",       "anon_vma and chain",           "anon_vma") \
  X(mm_anon_page,        "mm.fault.anon_page",         "FA3",       "anonymous page",               "page") \
  X(mm_swapin_page,      "mm.fault.swapin_page",       "FA9",       "page read from swap",          "page") \
  X(mm_swapin_ahead,     "mm.fault.swapin_ahead",      "FA9",       "page read around from swap",   "page") \
  X(mm_swap_node,        "mm.swap.cache_node",         "S23a",      "swap cache radix tree node",   "radix_tree_node") \
  X(mm_swap_bio,         "mm.swap.bio",                "S23a",      "bio (mempool)",                "bio-0") \
  X(mm_exit_gather,      "mm.exit.gather_page",        "S22d",      "mmu gather batch",             "page") \
  /* Slabs growing, on behalf of whoever asked. */ \
  X(slab_page,           "slab.grow.pages",            "",          "pages of a slab",              "page") \
  /* Processes. */ \
  X(exit_taskstats,      "kernel.exit.taskstats",      "S22a",      "taskstats of a thread group",  "taskstats") \
  X(kernel_boot,         "kernel.boot.reserve",        "",          "what exists before the run",   "page") \
  /* More of the file layer: what happens around the sites above. */ \
  X(vfs_fdtable_array,   "vfs.fdtable.array",          "FD1",       "descriptor and bit arrays",    "kmalloc") \
  X(vfs_fdtable_vmalloc, "vfs.fdtable.vmalloc",        "FD1",       "a page of such an array",      "page") \
  X(pc_readahead_node,   "pagecache.readahead.node",   "PC3",       "radix tree node of a page read ahead", "radix_tree_node") \
  X(bh_node,             "buffer.block.node",          "BH1",       "radix tree node of a metadata block", "radix_tree_node") \
  X(ext4_extent_split,   "ext4.extent.split",          "EX3",       "list of blocks for a split",   "kmalloc-32") \
  X(ext4_write_io_end,   "ext4.writepage.io_end",      "S5a",       "ext4_io_end of a single page", "ext4_io_end") \
  X(wb_work,             "writeback.work.item",        "S5j",       "request to a flusher",         "kmalloc-128") \
  X(blk_page_bio,        "block.writepage.bio",        "S5d",       "bio of a device's page (mempool)", "bio-0") \
  /* Address spaces: file mappings, copies on write, fork, moves. */ \
  X(mm_cow_page,         "mm.fault.cow_page",          "FA5",       "copy of a shared page",        "page") \
  X(mm_file_page,        "mm.fault.file_page",         "FA7",       "page of a mapped file",        "page") \
  X(mm_mremap_page_table,"mm.mremap.page_table",       "S10g",      "page table at the new place",  "page") \
  X(mm_fork_vma,         "mm.fork.vma",                "S12i",      "copy of a vm_area_struct",     "vm_area_struct") \
  X(mm_fork_anon_vma,    "mm.fork.anon_vma",           "S12i",      "anon_vma and chains of a copy","anon_vma") \
  X(mm_fork_page_table,  "mm.fork.page_table",         "S12j",      "page table of a child",        "page") \
  /* tmpfs and shared anonymous memory. */ \
  X(shmem_page,          "tmpfs.page.alloc",           "S4i,FA10",  "page of tmpfs",                "page") \
  X(shmem_node,          "tmpfs.index.node",           "PC3",       "radix tree node",              "radix_tree_node") \
  X(shmem_swap_node,     "tmpfs.swap.cache_node",      "S23a",      "swap cache radix tree node",   "radix_tree_node") \
  X(shmem_inode,         "tmpfs.inode.alloc",          "IN5,S2,S10d,S20i", "tmpfs inode",           "shmem_inode_cache") \
  X(shmem_zero_dentry,   "tmpfs.zero.dentry",          "S10d",      "dentry of shared anonymous memory", "dentry") \
  /* fork. */ \
  X(fork_task,           "kernel.fork.task_struct",    "S12b",      "task_struct",                  "task_struct") \
  X(fork_stack,          "kernel.fork.stack",          "S12c",      "kernel stack, order 2",        "page") \
  X(fork_cred,           "kernel.fork.cred",           "S12d",      "credentials",                  "cred_jar") \
  X(fork_files,          "kernel.fork.files",          "S12f",      "files_struct",                 "files_cache") \
  X(fork_fs,             "kernel.fork.fs",             "S12g",      "fs_struct",                    "fs_cache") \
  X(fork_sighand,        "kernel.fork.sighand",        "S12g",      "sighand_struct",               "sighand_cache") \
  X(fork_signal,         "kernel.fork.signal",         "S12g",      "signal_struct",                "signal_cache") \
  X(fork_mm,             "kernel.fork.mm",             "S12h",      "mm_struct",                    "mm_struct") \
  X(fork_pgd,            "kernel.fork.pgd",            "S12h",      "top level of the page tables", "page") \
  X(fork_pid,            "kernel.fork.pid",            "S12m",      "struct pid",                   "pid") \
  /* Devices made of devices. */ \
  X(dm_crypt_io,         "dm_crypt.map.io",            "BL2",       "a transfer (mempool)",     "dm_crypt_io") \
  X(dm_crypt_bio,        "dm_crypt.clone.bio",         "BL2",       "bio below dm-crypt (mempool)", "bio-0") \
  X(dm_crypt_read_bio,   "dm_crypt.read.bio",          "BL6",       "bio of a read, without sleeping", "bio-0") \
  X(dm_crypt_page,       "dm_crypt.write.page",        "BL4",       "page to encrypt into (mempool)", "page") \
  X(dm_crypt_request,    "dm_crypt.convert.request",   "BL5",       "crypto request (mempool)",     "kmalloc-512") \
  X(zram_page,           "zram.store.page",            "BL1",       "page of compressed objects",   "page") \
  X(disk_events_bio,     "block.disk_events.bio",      "",          "bio of a drive's poll",        "kmalloc-192") \
  X(disk_events_page,    "block.disk_events.page",     "",          "page for a drive's answer",    "page") \
  /* Memory cgroups. */ \
  X(memcg_charge,        "mm.memcg.charge",            "FA6,PC4",   "a page's place in its group",  "page") \

// clang-format on

namespace brink {

namespace site {
enum : std::uint16_t {
#define BRINK_SITE_NUMBER(id, name, rows, object, cache) id##_number,
  BRINK_SITES(BRINK_SITE_NUMBER)
#undef BRINK_SITE_NUMBER
      builtin_count
};
#define BRINK_SITE_CONSTANT(id, name, rows, object, cache) inline constexpr Site id{id##_number};
BRINK_SITES(BRINK_SITE_CONSTANT)
#undef BRINK_SITE_CONSTANT
}  // namespace site

/// The built-in sites, by number.
std::span<const SiteInfo> builtin_sites();

}  // namespace brink
