// order_probe: what requests for blocks of each order come to, in a memory that it fragments first.
// It fills memory with kernel pages that cannot be moved (as those of pipes), gives every n-th
// back, may hold all large blocks that are left, and then asks for one block of each order, many
// times, as sendmsg() does for its control data: a kmalloc() with GFP_KERNEL. One that fails it
// does without. A program of the same order and mask may stand for any other kernel code.

#include <cerrno>
#include <vector>

#include "brink/params.hpp"
#include "programs/builtin.hpp"

namespace brink {
namespace {

using Object = KernelCalls::Object;

class OrderProbe final : public Program {
 public:
  explicit OrderProbe(Params& params)
      : fill_(params.size("fill", 0, 0, 1024 * GiB,
                          "bytes of kernel pages to take first, one page each")),
        free_every_(static_cast<std::uint64_t>(params.integer(
            "free_every", 0, {0, 1'000'000}, "then give every n-th page back; 0 none"))),
        keep_(params.boolean("invert", false, "give back all but every n-th page instead")),
        hold_from_(static_cast<unsigned>(params.integer(
            "hold_from", max_order + 1, {1, max_order + 1},
            "then take and keep all blocks from the largest order down to this one; 11 none"))),
        orders_(params.integers("orders", {0, max_order},
                                "the orders to ask for; all from 0 to 10 if there are none")),
        tries_(static_cast<std::uint64_t>(
            params.integer("tries", 20, {1, 1'000'000}, "how often each order is asked for"))),
        pause_(params.duration("pause", 0, 0, 3'600 * seconds, "wait before each request")),
        atomic_(params.boolean("atomic", false, "ask with GFP_ATOMIC instead of GFP_KERNEL")) {
    if (orders_.empty()) {
      for (unsigned order = 0; order <= max_order; ++order) orders_.push_back(order);
    }
  }

  int main(Syscalls& sys) const override {
    std::vector<Object> held = fill(sys);
    give_back(sys, held);
    hold_blocks(sys, held);
    for (const std::int64_t order : orders_) probe(sys, static_cast<unsigned>(order));
    for (const Object object : held) sys.kernel().free(object);
    return 0;
  }

 private:
  /// As a pipe's buffers: each write() takes one page.
  std::vector<Object> fill(Syscalls& sys) const {
    KernelCalls& kernel = sys.kernel();
    const Site site = kernel.site("pipe.buffer.page", OnFailure::propagate);
    std::vector<Object> pages;
    for (std::uint64_t n = 0; n < fill_ / page_size; ++n) {
      kernel.enter("write");
      const Object page = kernel.alloc_pages(0, GFP_HIGHUSER | Gfp::account, site);
      kernel.leave(page != KernelCalls::none ? static_cast<std::int64_t>(page_size)
                                             : -std::int64_t{ENOMEM});
      if (page == KernelCalls::none) {
        sys.react(Reaction::checked);
        break;
      }
      pages.push_back(page);
    }
    return pages;
  }

  void give_back(Syscalls& sys, std::vector<Object>& pages) const {
    if (free_every_ == 0) return;
    std::vector<Object> kept;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const bool chosen = i % free_every_ == 0;
      if (chosen != keep_) {
        sys.kernel().free(pages[i]);
      } else {
        kept.push_back(pages[i]);
      }
    }
    pages = std::move(kept);
  }

  void hold_blocks(Syscalls& sys, std::vector<Object>& held) const {
    for (unsigned order = max_order; order >= hold_from_; --order) {
      for (Object block = ask(sys, order); block != KernelCalls::none; block = ask(sys, order)) {
        held.push_back(block);
      }
    }
  }

  Object ask(Syscalls& sys, unsigned order) const {
    KernelCalls& kernel = sys.kernel();
    const Site site = kernel.site("net.sock.control", OnFailure::propagate);
    kernel.enter("sendmsg");
    const auto bytes = static_cast<std::uint32_t>(page_size << order);
    const Object block = kernel.alloc_object("", bytes, atomic_ ? GFP_ATOMIC : GFP_KERNEL, site);
    kernel.leave(block != KernelCalls::none ? 0 : -std::int64_t{ENOBUFS});
    if (block == KernelCalls::none) sys.react(Reaction::checked);
    return block;
  }

  void probe(Syscalls& sys, unsigned order) const {
    for (std::uint64_t n = 0; n < tries_; ++n) {
      if (pause_ > 0) sys.sleep(pause_);
      const Object block = ask(sys, order);
      if (block != KernelCalls::none) sys.kernel().free(block);
    }
  }

  const std::uint64_t fill_;
  const std::uint64_t free_every_;
  const bool keep_;
  const unsigned hold_from_;
  std::vector<std::int64_t> orders_;
  const std::uint64_t tries_;
  const Nanos pause_;
  const bool atomic_;
};

}  // namespace

std::unique_ptr<Program> make_order_probe(Params& params, const std::string&) {
  return std::make_unique<OrderProbe>(params);
}

}  // namespace brink
