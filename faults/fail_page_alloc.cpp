// fail_page_alloc: requests for pages fail before the allocator has tried anything
// (mm/page_alloc.c, Linux 6.1). With Linux's defaults only requests of order 1 and more that may
// not sleep can fail.

#include "brink/params.hpp"
#include "faults/builtin.hpp"
#include "faults/fault_attr.hpp"
#include "faults/wrapper.hpp"

namespace brink {
namespace {

class FailPageAlloc final : public Fault {
 public:
  FailPageAlloc(Params& params, Random random)
      : filter_(params, read_ignore_gfp_wait(params)),
        attr_(read_fault_attr(params)),
        random_(random) {}

  std::uint32_t points() const override { return hook_alloc; }

  bool fail_alloc(const AllocHook& hook) override {
    if (hook.slab()) return false;
    ++counters_.asked;
    const auto answer = filter_.skips(hook)
                            ? FaultAttr::Answer::filtered
                            : attr_.should_fail(hook.task, std::uint64_t{1} << hook.order, random_);
    counters_.filtered += answer == FaultAttr::Answer::filtered;
    counters_.fired += answer == FaultAttr::Answer::fail;
    return answer == FaultAttr::Answer::fail;
  }

  bool transient() const override { return !attr_.for_ever(); }

  std::string never_fires() const override {
    const std::string why = attr_.never_fails();
    return why.empty() ? filter_.skips_all() : why;
  }

 private:
  const PageFilter filter_;
  FaultAttr attr_;
  Random random_;
};

}  // namespace

std::unique_ptr<Fault> make_fail_page_alloc(Params& params, Random random) {
  return std::make_unique<FailPageAlloc>(params, random);
}

}  // namespace brink
