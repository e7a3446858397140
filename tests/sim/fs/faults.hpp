// Faults that a test can aim: at one allocation of many, at some at random, at transfers.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "brink/hook.hpp"
#include "brink/random.hpp"

namespace brink::test {

/// What a test tells a fault while the machine runs, and what the fault tells the test.
struct Aim {
  bool armed = false;
  std::uint64_t nth = 0;  ///< which of the requests that are counted fails, from 1; 0: none
  std::uint64_t ppm = 0;  ///< besides, this share of them
  std::string task;       ///< if set, of this task only
  std::function<bool(const AllocHook&)> spares;  ///< if set, leaves these alone
  std::uint64_t counted = 0;                     ///< requests while it was armed
  std::uint64_t fired = 0;
  Site site{};        ///< of the latest request that was failed
  std::string stack;  ///< the function that it was in
};

/// Whether the request is made inside of that function of the kernel.
inline bool inside(const AllocHook& hook, std::string_view function) {
  return std::find(hook.task.stack.begin(), hook.task.stack.end(), function) !=
         hook.task.stack.end();
}

/// Requests for memory, pages and objects alike. As Linux's injectors, it leaves __GFP_NOFAIL
/// alone.
class AimedFault final : public Fault {
 public:
  explicit AimedFault(std::shared_ptr<Aim> aim, std::uint64_t seed = 1)
      : aim_(std::move(aim)), luck_(seed, stream_id("test.fault")) {}

  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return true; }
  bool fail_alloc(const AllocHook& hook) override {
    Aim& aim = *aim_;
    if (!aim.armed || has(hook.gfp, Gfp::nofail)) return false;
    if (!aim.task.empty() && aim.task != hook.task.comm) return false;
    if (aim.spares && aim.spares(hook)) return false;
    ++aim.counted;
    if (aim.counted != aim.nth && (aim.ppm == 0 || !luck_.chance(aim.ppm))) return false;
    ++aim.fired;
    aim.site = hook.site;
    aim.stack = hook.task.stack.empty() ? "" : hook.task.stack.back();
    return true;
  }

 private:
  const std::shared_ptr<Aim> aim_;
  Random luck_;
};

/// Transfers, as the function says.
class BioFault final : public Fault {
 public:
  explicit BioFault(std::function<BioAnswer(const BioHook&)> answer) : answer_(std::move(answer)) {}
  std::uint32_t points() const override { return hook_bio; }
  bool transient() const override { return true; }
  BioAnswer at_bio(const BioHook& hook) override { return answer_(hook); }

 private:
  const std::function<BioAnswer(const BioHook&)> answer_;
};

}  // namespace brink::test
