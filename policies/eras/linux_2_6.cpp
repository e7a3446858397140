// Linux 2.6.30 to 2.6.32: what they make of the sites, as differences from 4.0. Read in the sources
// of mm/, fs/buffer.c and fs/fs-writeback.c; what the other files did that 4.0 does otherwise is
// from general knowledge and tagged `guess`. Sites of ext4 and jbd2 that are not here are 4.0's.
//
// Some sites did not exist, and keep what is nearest: descriptor arrays above a page came from
// vmalloc() at once, mmu gathers were arrays of each CPU, file pages were written by buffer head
// rather than in bios of their own, and in 2.6.30 pdflush was asked without a work item.

#include "policies/eras/eras.hpp"

#include <array>

#include "brink/site_list.hpp"

namespace brink {
namespace {

constexpr Gfp K = GFP_KERNEL;
constexpr Gfp NOFS = GFP_NOFS;
constexpr Gfp NOIO = GFP_NOIO;
/// mapping_gfp_mask() of a regular file, as inode_init_always() sets it.
constexpr Gfp MAPPING = GFP_HIGHUSER_MOVABLE;

struct Row {
  Site site;
  SiteRule rule;
};

constexpr auto propagate = OnFailure::propagate;
constexpr auto loop = OnFailure::loop;
constexpr auto skip = OnFailure::skip;

constexpr Row rows[] = {
    {site::vfs_name, {K, propagate, "getname"}},
    {site::vfs_dentry, {K, propagate, "d_alloc"}},
    {site::vfs_long_name, {K, propagate, "d_alloc"}},

    // Read-ahead did not say yet that it may fail (7b1de5868b12, 2.6.39): it loops and kills like
    // any other small request.
    {site::pc_readahead, {MAPPING | Gfp::cold, skip, "__do_page_cache_readahead"}},
    {site::pc_readahead_node, {K, skip, "read_pages"}},
    {site::pc_node, {K, propagate, "add_to_page_cache_locked"}},
    {site::pc_write, {MAPPING, propagate, "grab_cache_page_write_begin"}},

    // The block device's mapping is GFP_USER; __GFP_FS comes off, __GFP_MOVABLE goes on. Without
    // __GFP_NOFAIL it is __getblk_slow() that asks for ever, after free_more_memory().
    {site::bh_page, {NOFS | Gfp::hardwall | Gfp::movable, loop, "grow_dev_page"}},
    // That loop is around both; in the model it is around the page only, so that this must not
    // fail.
    {site::bh_node, {NOFS | Gfp::nofail, OnFailure::nofail, "add_to_page_cache_locked"}},
    {site::bh_head, {NOFS, loop, "alloc_page_buffers"}},
    {site::bh_bio, {NOIO, loop, "submit_bh"}},
    {site::blk_page_bio, {NOIO, loop, "submit_bh"}},

    // guess: kzalloc() with __GFP_NOFAIL, before the loop of 4.0.
    {site::jbd2_transaction,
     {NOFS | Gfp::zero | Gfp::nofail, OnFailure::nofail, "start_this_handle"}},

    {site::wb_work, {GFP_ATOMIC, skip, "bdi_alloc_queue_work"}},
    {site::mm_vma_split, {K, propagate, "split_vma"}},
};

constexpr bool each_once() {
  std::array<int, site::builtin_count> seen{};
  for (const Row& row : rows) {
    if (++seen[static_cast<std::size_t>(row.site)] != 1) return false;
  }
  return true;
}
static_assert(each_once(), "a site differs from 4.0 in one way");

constexpr std::array<const SiteRule*, site::builtin_count> by_number() {
  std::array<const SiteRule*, site::builtin_count> rules{};
  for (const Row& row : rows) rules[static_cast<std::size_t>(row.site)] = &row.rule;
  return rules;
}

constexpr std::array<const SiteRule*, site::builtin_count> differences = by_number();

}  // namespace

SiteRule linux_2_6_site(Site site) {
  const auto number = static_cast<std::size_t>(site);
  if (number >= differences.size() || differences[number] == nullptr) return linux_4_0_site(site);
  return *differences[number];
}

}  // namespace brink
