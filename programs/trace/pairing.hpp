// Which free belongs to which allocation: by pointer for objects, by page frame for pages.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace brink {

/// Numbers allocations and finds them again. Looked up by key only, never iterated.
class TracePairing {
 public:
  /// What a free found.
  struct Found {
    bool any = false;                  ///< something that this trace allocated
    std::vector<std::uint32_t> freed;  ///< allocations of which nothing is left
  };

  /// A new allocation. What the trace still held at that place must have been freed out of its
  /// sight: it is in `lost`. Without a key (0: the recorded request had failed) it is never found
  /// again.
  std::uint32_t object(std::uint64_t pointer, std::vector<std::uint32_t>& lost);
  std::uint32_t pages(std::uint64_t pfn, unsigned order, std::vector<std::uint32_t>& lost);

  Found free_object(std::uint64_t pointer);
  /// A block may be freed in parts, and parts of several blocks at once.
  Found free_pages(std::uint64_t pfn, unsigned order);

  std::uint32_t allocations() const { return static_cast<std::uint32_t>(blocks_.size()); }

 private:
  struct Block {
    std::uint64_t pfn = 0;
    std::uint32_t pages = 0;  ///< 0 for objects
    std::uint32_t left = 0;   ///< of them not freed yet
  };
  /// A run of pages of one allocation that are not freed yet, by its first page.
  struct Run {
    std::uint64_t end = 0;
    std::uint32_t allocation = 0;
  };
  using Runs = std::map<std::uint64_t, Run>;

  std::uint32_t add(const Block& block);
  Runs::iterator first_run_at(std::uint64_t pfn);
  void forget(std::uint32_t allocation);

  std::vector<Block> blocks_;
  std::unordered_map<std::uint64_t, std::uint32_t> objects_;  // never iterated; by pointer
  Runs runs_;
};

}  // namespace brink
