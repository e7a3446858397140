// The slab caches of Linux 6.1: sizes as a real 6.1.192 on x86-64 shows them (allnoconfig with the
// file systems and memory cgroups, no debugging), and the flags of their kmem_cache_create(). A
// cache that is named otherwise than in 4.0 has a row for the name that the model asks for.

#include <algorithm>
#include <iterator>

#include "policies/eras/eras.hpp"

namespace brink {
namespace {

struct Row {
  std::string_view asked;  ///< by the model; the same as the cache's name if empty
  SlabSpec spec;
};

constexpr Row rows[] = {
    {{}, {.name = "vm_area_struct", .size = 136, .account = true}},
    {{}, {.name = "anon_vma", .size = 96, .keeps_object = true, .account = true}},
    {{}, {.name = "anon_vma_chain", .size = 64, .account = true}},
    {{}, {.name = "radix_tree_node", .size = 576, .reclaim_account = true, .keeps_object = true}},
    {{}, {.name = "maple_node", .size = 256, .align = 256}},
    {{}, {.name = "vmap_area", .size = 64}},
    {{}, {.name = "taskstats", .size = 432}},  // guess: not configured there

    {{}, {.name = "task_struct", .size = 3072, .align = 64, .account = true}},
    {{},
     {.name = "sighand_cache",
      .size = 2080,
      .hwcache_align = true,
      .keeps_object = true,
      .account = true}},
    {{}, {.name = "signal_cache", .size = 960, .hwcache_align = true, .account = true}},
    {{}, {.name = "files_cache", .size = 704, .hwcache_align = true, .account = true}},
    {{}, {.name = "fs_cache", .size = 56, .hwcache_align = true, .account = true}},
    {{}, {.name = "mm_struct", .size = 976, .hwcache_align = true, .account = true}},
    {{}, {.name = "cred_jar", .size = 168, .hwcache_align = true, .account = true}},
    {{}, {.name = "pid", .size = 112, .hwcache_align = true, .account = true}},

    {{}, {.name = "dentry", .size = 192, .reclaim_account = true, .account = true}},
    {{},
     {.name = "inode_cache",
      .size = 592,
      .reclaim_account = true,
      .keeps_object = true,
      .account = true}},
    {{}, {.name = "shmem_inode_cache", .size = 720, .keeps_object = true, .account = true}},
    {{},
     {.name = "proc_inode_cache",
      .size = 664,
      .reclaim_account = true,
      .keeps_object = true,
      .account = true}},
    {{}, {.name = "filp", .size = 224, .hwcache_align = true, .account = true}},
    {{}, {.name = "names_cache", .size = 4096, .hwcache_align = true}},

    {{}, {.name = "buffer_head", .size = 104, .reclaim_account = true}},
    {"bio-0", {.name = "bio-160", .size = 160, .hwcache_align = true}},

    {{}, {.name = "jbd2_journal_handle", .size = 56, .reclaim_account = true}},
    {{},
     {.name = "jbd2_transaction_s", .size = 216, .reclaim_account = true, .hwcache_align = true}},
    {{}, {.name = "jbd2_journal_head", .size = 112, .reclaim_account = true, .keeps_object = true}},
    {{},
     {.name = "jbd2_revoke_record_s", .size = 32, .reclaim_account = true, .hwcache_align = true}},
    {{}, {.name = "jbd2_inode", .size = 64}},

    {{},
     {.name = "ext4_inode_cache",
      .size = 1112,
      .reclaim_account = true,
      .keeps_object = true,
      .account = true}},
    {{}, {.name = "ext4_extent_status", .size = 40, .reclaim_account = true}},
    {{}, {.name = "ext4_allocation_context", .size = 136, .reclaim_account = true}},
    {{}, {.name = "ext4_prealloc_space", .size = 104, .reclaim_account = true}},
    {{}, {.name = "ext4_free_data", .size = 56, .reclaim_account = true}},
    {{}, {.name = "ext4_io_end", .size = 64, .reclaim_account = true}},
    {{}, {.name = "ext4_pending_reservation", .size = 32, .reclaim_account = true}},
};

}  // namespace

const SlabSpec* linux_6_1_slab(std::string_view name) {
  const auto* at = std::find_if(std::begin(rows), std::end(rows), [&](const Row& row) {
    return (row.asked.empty() ? row.spec.name : row.asked) == name;
  });
  return at != std::end(rows) ? &at->spec : nullptr;
}

SlabRules linux_6_1_slab_rules() {
  SlabRules rules;
  rules.cpu_partial = SlabRules::CpuPartial::slabs;
  rules.high_order_waits = false;
  rules.kmalloc_reclaimable = rules.kmalloc_accounted = rules.kmalloc_short_names = true;
  return rules;
}

}  // namespace brink
