// none: an OOM killer that kills nobody. What a request hears decides what becomes of it:
//
//   answer = "pretend"   "somebody makes progress", as requests without __GFP_FS hear in Linux 4.0;
//                        how long it goes on is the allocation policy's business alone
//   answer = "refuse"    "no", as after oom_killer_disable() of mm/oom_kill.c, Linux 4.0; the
//   request
//                        fails, unless it is __GFP_NOFAIL

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

class NoOomKiller final : public OomPolicy {
 public:
  explicit NoOomKiller(Params& params)
      : refuses_(
            params.choice("answer", 0, {"pretend", "refuse"},
                          "what a request hears: that somebody makes progress, so that it goes "
                          "on, or that nobody will be killed, so that it fails") == 1) {}

  OomGate gate(const OomRequest& request) const override {
    return refuses_ && !has(request.gfp, Gfp::nofail) ? OomGate::refuse : OomGate::pretend;
  }
  OomChoice choose(const OomView&) const override { return {OomChoice::Kind::wait, no_task, 0}; }
  VictimRights rights() const override { return VictimRights::none; }

 private:
  const bool refuses_;
};

}  // namespace

std::unique_ptr<OomPolicy> make_no_oom_killer(Params& params) {
  return std::make_unique<NoOomKiller>(params);
}

}  // namespace brink
