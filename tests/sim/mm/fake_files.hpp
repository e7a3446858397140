// Files that are no more than cached pages: writes take some time and can be refused.
#pragma once

#include "tests/sim/mm/machine.hpp"

namespace brink::test {

class FakeFiles final : public MappingOps {
 public:
  explicit FakeFiles(Machine& machine) : m(machine), mapping(machine.memory, *this, this) {}

  /// Adds clean pages [first, first + count), or dirty ones; false when memory runs out.
  bool fill(std::uint32_t first, std::uint32_t count, bool dirty) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      const Pfn page = m.memory.alloc_pages(site::pc_read, 0, GFP_KERNEL | Gfp::movable);
      if (page == no_page) return false;
      if (mapping.add(page, i, site::pc_node, GFP_KERNEL) != 0) {
        m.memory.free_pages(page, 0);
        return false;
      }
      m.memory.page(page).set(PG_uptodate);
      if (dirty) m.memory.cache().set_page_dirty(page);
      m.memory.cache().unlock_page(page);
    }
    return true;
  }

  Written writepage(FileMapping&, Pfn page) override {
    ++writes;
    if (refuse) return Written::activate;
    m.memory.cache().set_page_writeback(page);
    m.memory.cache().unlock_page(page);
    m.core.at(m.core.now() + delay, wrote, this, page);
    return Written::started;
  }
  bool release_page(FileMapping&, Pfn page, Gfp gfp) override {
    if (on_release) on_release(gfp);
    if (pinned) return false;
    m.memory.cache().clear_private(page);
    return true;
  }
  void invalidate_page(FileMapping&, Pfn) override { ++invalidated; }
  void freed(FileMapping&, Pfn) override { ++freed_pages; }
  void blockers(const FileMapping&, Pfn, const Task&, BlockerSink& sink) const override {
    sink.event();
  }
  std::string describe(const FileMapping&) const override { return "a file"; }

  Machine& m;
  FileMapping mapping;
  Nanos delay = 50 * us;
  bool refuse = false, pinned = false;
  std::function<void(Gfp)> on_release;
  std::uint64_t writes = 0, invalidated = 0, freed_pages = 0;

 private:
  static void wrote(void* self, std::uint64_t page) {
    static_cast<FakeFiles*>(self)->m.memory.cache().end_page_writeback(static_cast<Pfn>(page));
  }
};

}  // namespace brink::test
