// A name in the dentry cache (struct dentry, include/linux/dcache.h, Linux 4.0): positive if it has
// an inode, else known not to exist.
#pragma once

#include <cstdint>

#include "sim/block/list.hpp"
#include "sim/mm/slab.hpp"
#include "sim/vfs/names.hpp"

namespace brink {

class Inode;
class SuperBlock;

struct Dentry {
  SuperBlock* sb = nullptr;
  Dentry* parent = nullptr;      ///< itself for a root
  Inode* inode = nullptr;        ///< null: negative
  NameId name = no_name;
  std::uint32_t id = 0;          ///< in order of making, for the hash
  std::uint32_t count = 1;       ///< d_lockref: users, children included
  bool hashed = false;
  bool referenced = false;       ///< DCACHE_REFERENCED
  bool on_lru = false;
  bool mountpoint = false;
  bool killed = false;           ///< being torn down
  Dentry* hash_next = nullptr;
  Dentry* next_alias = nullptr;  ///< another name of the same inode
  SlabObject memory;
  SlabObject long_name;          ///< of a name that does not fit into the dentry

  ListHook lru_hook;
  ListHook child_hook;
  /// Its children in the cache.
  IntrusiveList<Dentry, &Dentry::child_hook> children;

  bool negative() const { return inode == nullptr; }
  bool root() const { return parent == this; }
};

}  // namespace brink
