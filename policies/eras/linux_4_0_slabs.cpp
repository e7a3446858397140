// The slab caches of Linux 4.0 that the model has: sizes of the structures on x86-64 with a
// distribution's configuration and no debugging, and the flags of their kmem_cache_create(). Sizes
// marked "guess" vary with the configuration and are what such kernels typically show.
// SLAB_TEMPORARY is SLAB_RECLAIM_ACCOUNT.

#include <algorithm>
#include <iterator>

#include "policies/eras/eras.hpp"

namespace brink {
namespace {

constexpr SlabSpec rows[] = {
    {.name = "vm_area_struct", .size = 184},
    {.name = "anon_vma", .size = 72, .keeps_object = true},
    {.name = "anon_vma_chain", .size = 64},
    {.name = "radix_tree_node", .size = 576, .reclaim_account = true, .keeps_object = true},
    {.name = "taskstats", .size = 328},

    {.name = "task_struct", .size = 5888, .align = 16},  // guess
    {.name = "cred_jar", .size = 176, .hwcache_align = true},
    {.name = "files_cache", .size = 704, .hwcache_align = true},
    {.name = "fs_cache", .size = 64, .hwcache_align = true},
    {.name = "sighand_cache", .size = 2088, .hwcache_align = true, .keeps_object = true},
    {.name = "signal_cache", .size = 1080, .hwcache_align = true},  // guess
    {.name = "mm_struct", .size = 896, .hwcache_align = true},      // guess
    {.name = "pid", .size = 112, .hwcache_align = true},
    {.name = "shmem_inode_cache", .size = 680, .keeps_object = true},  // guess

    {.name = "dentry", .size = 192, .reclaim_account = true},
    {.name = "inode_cache", .size = 584, .reclaim_account = true, .keeps_object = true},  // guess
    {.name = "filp", .size = 256, .hwcache_align = true},
    {.name = "names_cache", .size = 4096, .hwcache_align = true},

    {.name = "buffer_head", .size = 104, .reclaim_account = true},
    {.name = "dm_crypt_io", .size = 152},  // guess
    {.name = "bio-0", .size = 192, .hwcache_align = true},

    {.name = "jbd2_journal_handle", .size = 48, .reclaim_account = true},
    {.name = "jbd2_transaction_s", .size = 256, .reclaim_account = true, .hwcache_align = true},
    {.name = "jbd2_journal_head", .size = 112, .reclaim_account = true},
    {.name = "jbd2_revoke_record_s", .size = 32, .reclaim_account = true, .hwcache_align = true},
    {.name = "jbd2_inode", .size = 48},

    {.name = "ext4_inode_cache",
     .size = 1072,
     .reclaim_account = true,
     .keeps_object = true},  // guess
    {.name = "ext4_extent_status", .size = 40, .reclaim_account = true},
    {.name = "ext4_allocation_context", .size = 136, .reclaim_account = true},
    {.name = "ext4_prealloc_space", .size = 104, .reclaim_account = true},
    {.name = "ext4_free_data", .size = 56, .reclaim_account = true},
    {.name = "ext4_io_end", .size = 72, .reclaim_account = true},
};

}  // namespace

const SlabSpec* linux_4_0_slab(std::string_view name) {
  const auto* at = std::find_if(std::begin(rows), std::end(rows),
                                [&](const SlabSpec& row) { return row.name == name; });
  return at != std::end(rows) ? at : nullptr;
}

}  // namespace brink
