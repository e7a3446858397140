// pool_grower: a process in a system call in which a driver makes its pool of pages larger. It
// takes one page after another with GFP_KERNEL, is content with as many as it gets, and looks for
// no signal meanwhile. Holding them, it asks for one page more, which it cannot do without, as file
// systems ask: without __GFP_FS and with __GFP_NOFAIL. Then it gives all of them back.
//
// It stands for kernel code of that form: md's pool of stripes grows so when somebody writes to its
// stripe_cache_size (raid5_set_cache_size()), and vmalloc() takes page after page, which is why an
// OOM victim there was found to use up all reserves (5d17a73a2ebe). That the last request comes in
// the same call, and the pool is given up after it, is made up.

#include <vector>

#include "brink/params.hpp"
#include "programs/builtin.hpp"

namespace brink {
namespace {

class PoolGrower final : public Program {
 public:
  explicit PoolGrower(Params& params)
      : size_(params.size("size", 16 * MiB, page_size, 1024 * GiB, "how much the driver wants")),
        calls_(params.integer("calls", 1, {1, 1'000'000}, "how often it does so")),
        record_(params.boolean("record", true, "then ask for the page that it must have")),
        pause_(params.duration("pause", 0, 0, 3'600 * seconds, "wait before each call")) {}

  int main(Syscalls& sys) const override {
    for (std::int64_t call = 0; call < calls_; ++call) {
      if (pause_ > 0) sys.sleep(pause_);
      grow(sys.kernel());
    }
    return 0;
  }

 private:
  void grow(KernelCalls& kernel) const {
    const Site stripe = kernel.site("md.raid5.stripe", OnFailure::skip);
    const Site record = kernel.site("md.raid5.record", OnFailure::nofail);
    kernel.enter("write");
    std::vector<KernelCalls::Object> pages;
    while (pages.size() < size_ / page_size) {
      const KernelCalls::Object page = kernel.alloc_pages(0, GFP_KERNEL, stripe);
      if (page == KernelCalls::none) {
        kernel.did_without();
        break;
      }
      pages.push_back(page);
    }
    if (record_) pages.push_back(kernel.alloc_pages(0, GFP_NOFS | Gfp::nofail, record));
    for (const KernelCalls::Object page : pages) kernel.free(page);
    kernel.leave(static_cast<std::int64_t>(pages.size()));
  }

  const std::uint64_t size_;
  const std::int64_t calls_;
  const bool record_;
  const Nanos pause_;
};

}  // namespace

std::unique_ptr<Program> make_pool_grower(Params& params, const std::string&) {
  return std::make_unique<PoolGrower>(params);
}

}  // namespace brink
