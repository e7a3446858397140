// Files behind shared anonymous mappings (mm/shmem.c: shmem_zero_setup and shmem_fault, Linux 4.0).
// The last user truncates the file at once: the kernel does so on the way back to user mode.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/shmem.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr const char* shmem_inode_cache = "shmem_inode_cache";
constexpr const char* dentry_cache = "dentry";
constexpr const char* filp = "filp";

}  // namespace

class ShmemFiles::File final : public MappedFile {
 public:
  File(ShmemFiles& files, Pages size)
      : files_(files),
        size_(size),
        data_(files.memory_, nullptr, true, [] { return std::string("/dev/zero"); }) {}

  /// __shmem_file_setup(): 0 or a negative errno.
  int allocate() {
    Memory& memory = files_.memory_;
    dentry_ = memory.alloc_object(memory.slab_cache(dentry_cache), site::shmem_zero_dentry);
    if (!dentry_) return -ENOMEM;
    inode_ = memory.alloc_object(memory.slab_cache(shmem_inode_cache), site::shmem_inode);
    if (!inode_) return -ENOSPC;
    file_ = memory.alloc_object(memory.slab_cache(filp), site::vfs_file);
    return file_ ? 0 : -ENOMEM;
  }
  void release() {
    Memory& memory = files_.memory_;
    data_.truncate(0);
    for (const SlabObject& object : {file_, inode_, dentry_}) {
      if (object) memory.free_object(object);
    }
    memory.overcommit().unaccount(size_);
  }

  void area_opened() override { ++users_; }
  void area_closed() override {
    if (--users_ != 0) return;
    release();
    std::erase_if(files_.files_, [this](const auto& file) { return file.get() == this; });
  }
  FileMapping& pages() override { return data_.pages(); }
  int find_page(std::uint32_t index, Pfn& page) override {
    const int error = data_.get_page(index, size_ * page_size, Shmem::Want::cache, page);
    if (error == 0) files_.memory_.cache().unlock_page(page);
    return error;
  }
  int read_page(Pfn page) override {
    files_.memory_.cache().unlock_page(page);
    return -EIO;
  }
  int make_writable(Pfn page) override {
    PageCache& cache = files_.memory_.cache();
    cache.lock_page(page);
    const Page& meta = files_.memory_.page(page);
    if (data_.pages().find(meta.index) != page) {
      cache.unlock_page(page);
      return -EAGAIN;
    }
    cache.set_page_dirty(page);
    return 0;
  }

 private:
  ShmemFiles& files_;
  const Pages size_;
  Shmem data_;
  SlabObject dentry_, inode_, file_;
  std::uint32_t users_ = 1;
};

ShmemFiles::ShmemFiles(Memory& memory) : memory_(memory) {}
ShmemFiles::~ShmemFiles() = default;

MappedFile* ShmemFiles::make(Pages pages, Pages total_vm, int& error) {
  const Frame frame(memory_.core().current(), "shmem_zero_setup");
  error = memory_.overcommit().account(pages, total_vm);
  if (error != 0) return nullptr;
  File& file = *files_.emplace_back(std::make_unique<File>(*this, pages));
  error = file.allocate();
  if (error == 0) return &file;
  file.area_closed();
  return nullptr;
}

}  // namespace brink
