// Finding, making and dropping names. A dentry pins its parent; a positive one pins its inode.

#include "sim/vfs/dcache.hpp"

#include <utility>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/super_block.hpp"

namespace brink {

Dcache::Dcache(Memory& memory, NameTable& names)
    : memory_(memory), names_(names),
      cache_(memory.slab_cache("dentry")),
      hash_(1024, nullptr) {}

std::size_t Dcache::slot(const Dentry& parent, NameId name) const {
  const std::uint64_t key = (std::uint64_t{parent.id} << 32 | name) * 0x9e3779b97f4a7c15u;
  return static_cast<std::size_t>(key >> 32) & (hash_.size() - 1);
}

Dentry* Dcache::find(const Dentry& parent, NameId name) const {
  Dentry* dentry = hash_[slot(parent, name)];
  while (dentry != nullptr && (dentry->name != name || dentry->parent != &parent)) {
    dentry = dentry->hash_next;
  }
  return dentry;
}

Dentry* Dcache::lookup(const Dentry& parent, NameId name) {
  Dentry* const dentry = find(parent, name);
  if (dentry != nullptr) get(*dentry);
  return dentry;
}

Dentry* Dcache::alloc(Dentry& parent, NameId name) {
  Frame frame(memory_.core().current(), "d_alloc");
  const SlabObject object = memory_.alloc_object(cache_, site::vfs_dentry);
  if (!object) return nullptr;
  SlabObject text;
  if (names_.length(name) >= inline_name) {
    text = memory_.kmalloc(names_.length(name) + 17, site::vfs_long_name);
    if (!text) {
      memory_.free_object(object);
      return nullptr;
    }
  }
  Dentry& dentry = dentries_.make();
  dentry.id = ++made_;
  dentry.sb = parent.sb;
  dentry.parent = &parent;
  dentry.name = name;
  dentry.memory = object;
  dentry.long_name = text;
  get(parent);
  parent.children.push_back(dentry);
  return &dentry;
}

Dentry& Dcache::make_root(SuperBlock& sb, Inode& inode) {
  const SlabObject object = memory_.alloc_object(cache_, site::kernel_boot);
  BRINK_ASSERT(object);
  Dentry& dentry = dentries_.make();
  dentry.id = ++made_;
  dentry.sb = &sb;
  dentry.parent = &dentry;
  dentry.memory = object;
  attach(dentry, inode);
  return dentry;
}

// --- Hash.

void Dcache::rehash(Dentry& dentry) {
  BRINK_ASSERT(!dentry.hashed);
  if (hashed_ >= hash_.size()) grow();
  Dentry*& head = hash_[slot(*dentry.parent, dentry.name)];
  dentry.hash_next = head;
  head = &dentry;
  dentry.hashed = true;
  ++hashed_;
}

void Dcache::unhash(Dentry& dentry) {
  Dentry** link = &hash_[slot(*dentry.parent, dentry.name)];
  while (*link != &dentry) link = &(*link)->hash_next;
  *link = dentry.hash_next;
  dentry.hashed = false;
  --hashed_;
}

void Dcache::drop(Dentry& dentry) {
  if (dentry.hashed) unhash(dentry);
}

void Dcache::grow() {
  std::vector<Dentry*> old = std::exchange(hash_, std::vector<Dentry*>(hash_.size() * 2, nullptr));
  for (Dentry* dentry : old) {
    while (dentry != nullptr) {
      Dentry* const next = dentry->hash_next;
      Dentry*& head = hash_[slot(*dentry->parent, dentry->name)];
      dentry->hash_next = head;
      head = dentry;
      dentry = next;
    }
  }
}

// --- Inodes.

void Dcache::attach(Dentry& dentry, Inode& inode) {
  dentry.inode = &inode;
  dentry.next_alias = inode.aliases;
  inode.aliases = &dentry;
}

/// The name no longer stands for its inode; the reference to that is the caller's to drop.
void Dcache::detach(Dentry& dentry) {
  Dentry** link = &dentry.inode->aliases;
  while (*link != &dentry) link = &(*link)->next_alias;
  *link = dentry.next_alias;
  dentry.next_alias = nullptr;
  dentry.inode = nullptr;
}

void Dcache::instantiate(Dentry& dentry, Inode& inode) {
  BRINK_ASSERT(dentry.negative());
  attach(dentry, inode);
}

void Dcache::remove(Dentry& dentry) {
  if (dentry.count > 1) return drop(dentry);
  Inode* const inode = dentry.inode;
  detach(dentry);
  dentry.sb->iput(*inode);
}

void Dcache::move(Dentry& dentry, Dentry& target) {
  drop(dentry);
  drop(target);
  std::swap(dentry.name, target.name);
  std::swap(dentry.long_name, target.long_name);
  // Each takes the other's place: references of the parents go with the children.
  Dentry& old_parent = *dentry.parent;
  Dentry& new_parent = *target.parent;
  if (&old_parent != &new_parent) {
    old_parent.children.erase(old_parent.children.iterator_to(dentry));
    new_parent.children.erase(new_parent.children.iterator_to(target));
    dentry.parent = &new_parent;
    target.parent = &old_parent;
    new_parent.children.push_back(dentry);
    old_parent.children.push_back(target);
  }
  rehash(dentry);
}

// --- References.

void Dcache::put(Dentry& dentry) {
  if (memory_.core().aborting()) return;
  Dentry* left = &dentry;
  while (left != nullptr) {
    BRINK_ASSERT(left->count > 0);
    if (--left->count != 0) return;
    const bool pins = left->sb->pins_dentries() && !left->root();
    if (pins && left->hashed && !left->negative()) return;
    if (!pins && (left->hashed || left->root())) {
      left->referenced = true;
      return add_to_lru(*left);
    }
    left = kill_one(*left);
  }
}

void Dcache::add_to_lru(Dentry& dentry) {
  if (dentry.on_lru || dentry.root()) return;
  dentry.on_lru = true;
  dentry.sb->dentry_lru_.push_back(dentry);
  memory_.reclaim_changed();
}

void Dcache::forget_unused(Dentry& dentry) {
  if (!dentry.on_lru) return;
  dentry.on_lru = false;
  dentry.sb->dentry_lru_.erase(dentry.sb->dentry_lru_.iterator_to(dentry));
}

/// __dentry_kill(): frees it; returns its parent, of which a reference is to be dropped.
Dentry* Dcache::kill_one(Dentry& dentry) {
  BRINK_ASSERT(dentry.count == 0 && !dentry.killed);
  dentry.killed = true;
  forget_unused(dentry);
  drop(dentry);
  Dentry* const parent = dentry.root() ? nullptr : dentry.parent;
  if (parent != nullptr) parent->children.erase(parent->children.iterator_to(dentry));
  SuperBlock& sb = *dentry.sb;
  Inode* const inode = dentry.inode;
  if (inode != nullptr) detach(dentry);
  memory_.free_object(dentry.memory);
  if (dentry.long_name) memory_.free_object(dentry.long_name);
  dentries_.destroy(dentry);
  if (inode != nullptr) sb.iput(*inode);
  return parent;
}

void Dcache::kill(Dentry& dentry) {
  Dentry* left = kill_one(dentry);
  if (left != nullptr) put(*left);
}

void Dcache::shrink_parent(Dentry& parent) {
  for (bool found = true; found;) {
    found = false;
    for (Dentry& child : parent.children) {
      if (child.sb->pins_dentries() && !child.negative()) continue;
      if (child.count != 0 || child.killed) {
        if (!child.children.empty()) shrink_parent(child);
        if (child.count != 0) continue;
      }
      kill(child);
      // Killing may have slept: what comes next may be gone.
      found = true;
      break;
    }
  }
}

}  // namespace brink
