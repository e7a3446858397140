// The machine of the tests when it has run: what should hold then, and what was counted.
#pragma once

#include <algorithm>

#include "tests/sim/fs/rig.hpp"

namespace brink::test {

/// A minute after the last process has ended, drops every name and inode that nobody uses (echo 2 >
/// drop_caches), so that whatever refers to nothing is seen.
inline void Rig::drop_caches(void* rig) {
  Rig& self = *static_cast<Rig*>(rig);
  for (int minutes = 0; minutes < 10; ++minutes) {
    bool ended = true;
    for (const Program& program : self.programs_) ended = ended && program.process->ended;
    self.core.sleep(60 * seconds);
    if (ended) break;
  }
  for (int round = 0; round < 8; ++round) static_cast<void>(self.fs.scan(GFP_KERNEL, 100'000));
}

inline std::uint64_t Rig::objects(const char* cache) {
  const SlabCache* const found = memory.slab().find(cache);
  return found == nullptr ? 0 : found->objects_in_use();
}

inline std::string Rig::leaks() {
  std::string text;
  const auto expect = [&](const char* what, std::uint64_t is, std::uint64_t should) {
    if (is == should) return;
    text +=
        std::string(what) + ": " + std::to_string(is) + " and not " + std::to_string(should) + "; ";
  };
  const Journal& journal = fs.journal();
  const std::uint64_t open = vfs.files().open_files();
  // The device's own inode is hashed by nobody; each of the others has a security blob.
  expect("ext4_inode_cache", objects("ext4_inode_cache"), fs.inodes_in_memory());
  expect("kmalloc-96", objects("kmalloc-96"), fs.inodes_in_memory());
  expect("dentry", objects("dentry"), vfs.dcache().dentries());
  expect("filp", objects("filp"), open);
  expect("names_cache", objects("names_cache"), 0);
  expect("bio-0", objects("bio-0"), BioSet::min_nr);
  expect("bios", block.bios().in_use(), 0);
  expect("jbd2_journal_handle", objects("jbd2_journal_handle"), 0);
  expect("jbd2_journal_head", objects("jbd2_journal_head"), journal.heads());
  expect(
      "jbd2_transaction_s", objects("jbd2_transaction_s"),
      journal.checkpoints() + (journal.running() != nullptr) + (journal.committing() != nullptr));
  expect("ext4_allocation_context", objects("ext4_allocation_context"), 0);
  expect("ext4_io_end", objects("ext4_io_end"), 0);
  if (!drops_ || fs.fs_aborted()) return text;
  expect("ext4_prealloc_space", objects("ext4_prealloc_space"), 0);
  expect("ext4_free_data", objects("ext4_free_data"), 0);
  expect("jbd2_inode", objects("jbd2_inode"), 0);
  expect("buffer_head", objects("buffer_head"), fs.buffers().buffers());
  expect("inodes", fs.inodes_in_memory(), 1);
  expect("dentries", vfs.dcache().dentries(), 1);
  return text;
}

/// What a task waits for, and its frames.
inline std::string Rig::where(const Task& task) {
  std::string text = std::string(task.name()) + " waits for ";
  text += task.wait != nullptr ? task.wait->describe() : "a CPU";
  for (std::uint32_t i = 0; i < std::min(task.frames.depth, ShadowStack::depth_max); ++i) {
    text += std::string(i == 0 ? " in " : " > ") + task.frames.frames[i];
  }
  return text;
}

inline std::string Rig::complaints() {
  std::string text;
  const auto complain = [&text](const std::string& what) {
    if (!what.empty()) text += what + "\n";
  };
  // What is dirty in a file system that was shut down stays so, and is tried again for ever.
  if (end == RunEnd::time_limit && !fs.fs_aborted()) complain("the machine does not come to rest");
  if (!booted_) complain("it has not booted: " + where(core.task(1)));
  if (end == RunEnd::stopped) complain("stopped: " + kernel.panic_reason());
  for (const auto& process : kernel.processes()) {
    if (process->ended) continue;
    const Task& task = *process->task;
    complain(where(task));
  }
  for (const std::string& bug : bugs) complain(bug);
  for (const std::string& bug : kernel.bugs()) complain(bug);
  if (memory.stat().dirty + memory.stat().writeback != 0 && !fs.fs_aborted())
    complain("dirty pages");
  complain(memory.check());
  complain(fs.check());
  complain(leaks());
  const std::uint64_t open = memory.failures().open_count();
  if (open != 0) complain(std::to_string(open) + " failures have no fate");
  if (fates(Fate::unresolved) != 0) complain("unresolved failures");
  for (const FailureRecord& record : memory.failures().take_records()) {
    if (record.fate != Fate::swallowed) continue;
    std::string frames;
    for (const std::string& frame : record.frames) frames += " " + frame;
    complain("swallowed: " + record.site + frames);
  }
  return text;
}

inline std::uint64_t Rig::fates(Site site, Fate fate) const {
  const auto& all = const_cast<Memory&>(memory).failures().fates();
  const auto at = static_cast<std::size_t>(site);
  return at < all.size() ? all[at][static_cast<std::size_t>(fate)] : 0;
}

inline std::uint64_t Rig::fates(Fate fate) const {
  std::uint64_t sum = 0;
  for (const auto& one : const_cast<Memory&>(memory).failures().fates())
    sum += one[static_cast<std::size_t>(fate)];
  return sum;
}

inline std::uint64_t Rig::failures() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < fate_count; ++i) sum += fates(static_cast<Fate>(i));
  return sum;
}

inline Counters Rig::counters() const {
  Counters counters;
  memory.add_to(counters);
  return counters;
}

}  // namespace brink::test
