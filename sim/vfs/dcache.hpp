// The dentry cache (fs/dcache.c, Linux 4.0). Left out: the sequence counters and RCU (nothing
// sleeps between two steps of a lockless walk here), d_splice_alias for directories under two
// names, name hashes of the file system's own.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/sites.hpp"
#include "sim/block/pool.hpp"
#include "sim/vfs/dentry.hpp"

namespace brink {

class Memory;

class Dcache {
 public:
  /// DNAME_INLINE_LEN: with its terminator, a name longer than this is kept outside of the dentry.
  static constexpr std::uint32_t inline_name = 32;

  Dcache(Memory& memory, NameTable& names);
  Dcache(const Dcache&) = delete;
  Dcache& operator=(const Dcache&) = delete;

  /// The cached child of that name, without a reference; null if it is not cached (__d_lookup_rcu).
  Dentry* find(const Dentry& parent, NameId name) const;
  /// With a reference.
  Dentry* lookup(const Dentry& parent, NameId name);

  /// A new negative dentry, not in the hash, with one reference; null if there is no memory.
  Dentry* alloc(Dentry& parent, NameId name);
  /// The root of a file system, for which there is memory. Takes over the reference to `inode`.
  Dentry& make_root(SuperBlock& sb, Inode& inode);

  /// Puts it into the hash: from now on it is found (d_rehash).
  void rehash(Dentry& dentry);
  /// Takes it out of the hash (d_drop).
  void drop(Dentry& dentry);
  /// Makes a negative dentry positive; takes over the reference to `inode`.
  void instantiate(Dentry& dentry, Inode& inode);
  /// After unlink: it becomes negative if nobody else uses it, else it leaves the hash (d_delete).
  void remove(Dentry& dentry);
  /// After rename: `dentry` takes the place and the name of `target`, which leaves the hash
  /// (d_move).
  void move(Dentry& dentry, Dentry& target);

  void get(Dentry& dentry) { ++dentry.count; }
  /// Drops a reference. The last one keeps a hashed dentry as unused and frees any other, which may
  /// evict its inode; may sleep.
  void put(Dentry& dentry);
  /// Frees the unused dentries below it (shrink_dcache_parent).
  void shrink_parent(Dentry& parent);
  /// Frees one that nobody uses; as put(), may go up to its parents. May sleep.
  void kill(Dentry& dentry);
  /// It is in use again: it leaves the list of unused ones.
  void forget_unused(Dentry& dentry);

  std::size_t dentries() const { return dentries_.live(); }
  NameTable& names() { return names_; }

 private:
  std::size_t slot(const Dentry& parent, NameId name) const;
  void unhash(Dentry& dentry);
  void grow();
  void attach(Dentry& dentry, Inode& inode);
  void detach(Dentry& dentry);
  void add_to_lru(Dentry& dentry);
  Dentry* kill_one(Dentry& dentry);

  Memory& memory_;
  NameTable& names_;
  SlabCache& cache_;
  std::vector<Dentry*> hash_;
  std::size_t hashed_ = 0;
  std::uint32_t made_ = 0;
  Pool<Dentry> dentries_;
};

}  // namespace brink
