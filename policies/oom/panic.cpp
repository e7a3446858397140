// panic: the machine goes down the first time that somebody would be killed, as with
// vm.panic_on_oom = 2, so that a standby can take over. A task that asks and is dying
// anyway comes first.

#include "policies/builtin.hpp"
#include "policies/oom/simple_killer.hpp"

namespace brink {
namespace {

class PanicOnOom final : public SimpleKiller {
  OomChoice search(const OomView&) const override { return {OomChoice::Kind::panic, no_task, 0}; }
};

}  // namespace

std::unique_ptr<OomPolicy> make_panic_on_oom(Params&) { return std::make_unique<PanicOnOom>(); }

}  // namespace brink
