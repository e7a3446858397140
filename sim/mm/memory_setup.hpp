// What a machine's memory is made from: its size and settings, the kernel's rules, the policies.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "brink/hook.hpp"
#include "brink/machine.hpp"
#include "brink/rules.hpp"

namespace brink {

enum class OvercommitMode : std::uint8_t;

struct MemoryConfig {
  std::uint64_t memory = 512 * MiB;   ///< bytes of RAM, at most 1 TiB
  std::uint64_t reserved = 0;         ///< of these, never managed: kernel image, memory map
  Arch arch = Arch::x86_64;           ///< which zones there are
  std::uint32_t min_free_kbytes = 0;  ///< 0: as boot computes it
  std::uint32_t watermark_scale_factor = 10;
  std::uint64_t swap = 0;    ///< bytes of the swap device
  std::uint32_t cpus = 2;    ///< for the layout of slabs
  bool single_step = false;  ///< page by page where a bulk step would do; same results
  std::uint32_t vfs_cache_pressure = 100;  ///< percent of names and inodes that shrinkers count
  bool visit_exhausted =
      false;  ///< look at each page even where nothing can come of it; same results
  bool keep_failures = false;
  OvercommitMode overcommit{};          ///< vm.overcommit_memory
  std::uint32_t overcommit_ratio = 50;  ///< percent of RAM that may be promised in mode `strict`
  std::vector<MemcgConfig> memcgs{};    ///< each after its parent
};

struct MemoryPolicies {
  const AllocPolicy* alloc = nullptr;
  const OomPolicy* oom = nullptr;
  const ReclaimPolicy* reclaim = nullptr;
  /// From this question on (counting from 1), `alloc_then` is asked; 0 never.
  std::uint64_t switch_at = 0;
  const AllocPolicy* alloc_then = nullptr;
};

struct MemorySetup {
  MemoryConfig config;
  Rules rules;
  SiteRule (*site_rule)(Site) = nullptr;
  SlabSpecs slab_spec = nullptr;  ///< the kernel's own caches by name
  MemoryPolicies policies;
  std::vector<std::unique_ptr<Fault>> faults;
};

}  // namespace brink
