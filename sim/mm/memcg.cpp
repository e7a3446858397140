// Groups, their counters, and which pages are whose (mm/memcontrol.c and mm/page_counter.c, Linux
// 4.0). Left out: see memcg.hpp.

#include "sim/mm/memcg.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

Memcgs::Memcgs(Memory& memory)
    : memory_(memory), owners_bytes_((memory.config().memory / page_size + 1) * sizeof(MemcgId)) {
  void* const owners = mmap(nullptr, owners_bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  BRINK_ASSERT(owners != MAP_FAILED);
  owners_ = static_cast<MemcgId*>(owners);
  groups_.emplace_back();
  for (const MemcgConfig& config : memory.config().memcgs) add(config);
}

Memcgs::~Memcgs() { munmap(owners_, owners_bytes_); }

void Memcgs::add(const MemcgConfig& config) {
  Group group;
  group.name = config.name;
  group.limit = config.limit / page_size;
  group.parent = config.parent.empty() ? root_memcg : find(config.parent);
  group.oom_kill_disable = config.oom_kill_disable;
  for (Zone& zone : memory_.zones().all()) {
    Zone& part = *zone.parts.emplace_back(std::make_unique<Zone>());
    part.memcg = static_cast<MemcgId>(groups_.size());
    part.type = zone.type;
    part.begin = zone.begin;
    part.end = zone.end;
    part.inactive_ratio = zone.inactive_ratio;
    group.parts[static_cast<std::size_t>(zone.type)] = &part;
  }
  groups_.push_back(std::move(group));
}

// --- Groups and their tasks.

MemcgId Memcgs::find(std::string_view name) const {
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    if (groups_[i].name == name) return static_cast<MemcgId>(i);
  }
  BRINK_ASSERT(false);
  return root_memcg;
}

Memcgs::PerTask& Memcgs::of_id(const Task& task) {
  if (task.id >= tasks_.size()) tasks_.resize(task.id + 1);
  return tasks_[task.id];
}

void Memcgs::join(const Task& task, MemcgId group) { of_id(task).group = group; }

MemcgId Memcgs::of(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].group : root_memcg;
}

bool Memcgs::within(MemcgId group, MemcgId ancestor) const {
  while (group != ancestor && group != root_memcg) group = groups_[group].parent;
  return group == ancestor;
}

std::string Memcgs::path(MemcgId group) const {
  if (group == root_memcg) return "/";
  const MemcgId parent = groups_[group].parent;
  return (parent == root_memcg ? "" : path(parent)) + "/" + groups_[group].name;
}

Pages Memcgs::margin(MemcgId group) const {
  const Group& of = groups_[group];
  return of.usage < of.limit ? of.limit - of.usage : 0;
}

Pages Memcgs::room(MemcgId group) const {
  Pages least = ~Pages{0};
  for (; group != root_memcg; group = groups_[group].parent) least = std::min(least, margin(group));
  return least;
}

// --- Counters: a page counts in its group and in all that this is in.

bool Memcgs::try_count(MemcgId group, MemcgId& over) {
  for (MemcgId at = group; at != root_memcg; at = groups_[at].parent) {
    if (groups_[at].usage < groups_[at].limit) {
      ++groups_[at].usage;
      continue;
    }
    ++groups_[at].failcnt;
    uncount(group, at);
    over = at;
    return false;
  }
  return true;
}

void Memcgs::uncount(MemcgId group, MemcgId until) {
  for (; group != until; group = groups_[group].parent) --groups_[group].usage;
}

void Memcgs::force(MemcgId group) {
  for (; group != root_memcg; group = groups_[group].parent) ++groups_[group].usage;
}

void Memcgs::charge_room(Pfn page, MemcgId group) {
  force(group);
  owners_[page] = group;
}

/// One that is on a list changes lists: a page of the swap cache that is mapped again.
void Memcgs::give(Pfn pfn, MemcgId group) {
  Page& page = memory_.page(pfn);
  const bool listed = page.has(PG_lru);
  const unsigned active = page.flags & PG_active;
  if (listed) memory_.reclaim().remove(pfn);
  owners_[pfn] = group;
  if (!listed) return;
  page.set(active);
  memory_.reclaim().add(pfn);
}

void Memcgs::uncharge(Pfn page) noexcept {
  const MemcgId group = std::exchange(owners_[page], root_memcg);
  if (group == root_memcg) return;
  uncount(group, root_memcg);
  memory_.changed();
  recover(group);
}

void Memcgs::move(Pfn from, Pfn to) noexcept {
  owners_[to] = std::exchange(owners_[from], root_memcg);
}

Zone& Memcgs::lists_of(Pfn page) const {
  Zone& zone = memory_.zones().of(page);
  const MemcgId group = owners_[page];
  return group == root_memcg ? zone : *groups_[group].parts[static_cast<std::size_t>(zone.type)];
}

Pages Memcgs::lru_size(MemcgId group, Lru lru) const {
  Pages sum = 0;
  for (const Zone* part : groups_[group].parts) sum += part->lru_size(lru);
  return sum;
}

std::string Memcgs::check() const {
  std::vector<Pages> pages(groups_.size());
  for (const Zone& zone : memory_.zones().all()) {
    for (Pfn pfn = zone.begin; pfn < zone.end; ++pfn) {
      for (MemcgId at = owners_[pfn]; at != root_memcg; at = groups_[at].parent) ++pages[at];
    }
  }
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    if (pages[i] != groups_[i].usage) return "pages charged to " + groups_[i].name;
  }
  return {};
}

}  // namespace brink
