// A machine whose memory becomes fragmented by what runs on it: files written and removed (page
// cache and slabs), children (page tables), and a server whose connections come and go, each with
// kernel pages that cannot be moved; and somebody who asks for buffers of several sizes now and
// then.
#pragma once

#include <array>
#include <map>

#include "sim/machine.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink::fragmenting {

using Object = KernelCalls::Object;

/// The buffer of a directory: what fits into a message, and its own head (v9fs_alloc_rdir_buf()).
constexpr std::uint32_t buffer_of(std::uint32_t msize) { return msize - 24 + 8; }

struct Workload {
  std::string kernel = "4.0";
  std::string memory = "96 MiB";
  std::string rules;
  unsigned held = 50;  ///< what connections hold at most, in percent of memory
  std::uint64_t seed = 1;
  Nanos length = 8 * seconds;
};

struct Asked {
  unsigned asked = 0, failed = 0;
};

/// What a run came to.
struct Result {
  std::map<std::uint32_t, Asked> by_msize;
  std::array<Asked, 4> quarters;  ///< of the run, for 512000
  bool plenty = true;             ///< free pages above the high mark of every zone at each failure
  unsigned kv_failed = 0;         ///< kvmalloc() of the same size, where kmalloc() failed
  Outcome outcome;
};

/// Files are written, read again, and removed in another order than they were made in.
inline int files(Syscalls& sys, std::uint64_t most) {
  std::vector<std::string> there;
  for (int n = 0;; ++n) {
    const std::string path = "/f/" + std::to_string(sys.instance()) + "." + std::to_string(n);
    const int fd = sys.open(path, open_creat | open_rdwr);
    if (fd >= 0) {
      sys.write(fd, 16 * KiB + sys.random().below(512) * KiB);
      sys.close(fd);
      there.push_back(path);
    }
    if (there.size() > most) {
      const auto which = static_cast<std::ptrdiff_t>(sys.random().below(there.size()));
      sys.unlink(there[static_cast<std::size_t>(which)]);
      there.erase(there.begin() + which);
    }
    sys.sleep(5 * ms);
  }
}

inline int children(Syscalls& sys) {
  const auto at = static_cast<Address>(sys.mmap_anonymous(1 * MiB));
  sys.touch(at, 1 * MiB);
  for (;;) {
    sys.fork([at](Syscalls& child) {
      child.touch(at, 256 * KiB);
      child.sleep(child.random().below(200) * ms);
      return 0;
    });
    sys.sleep(50 * ms);
    if (sys.random().below(4) == 0) sys.wait();
  }
}

/// Connections come, and go in another order; each has 16 pages of the kernel's.
inline int server(Syscalls& sys, std::uint64_t most) {
  KernelCalls& kernel = sys.kernel();
  const Site site = kernel.site("pipe.buffer", OnFailure::propagate);
  std::vector<std::vector<Object>> connections;
  for (;;) {
    std::vector<Object> pages;
    kernel.enter("write");
    for (int n = 0; n < 16; ++n) {
      const Object page = kernel.alloc_pages(0, GFP_KERNEL, site);
      if (page != KernelCalls::none) pages.push_back(page);
    }
    kernel.leave(0);
    connections.push_back(std::move(pages));
    while (connections.size() > most / 16) {
      const std::size_t which = sys.random().below(connections.size());
      for (const Object page : connections[which]) kernel.free(page);
      connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(which));
    }
    sys.sleep(1 * ms);
  }
}

/// Opens directories of shares with messages of several sizes, one after the other.
inline int reader(Syscalls& sys, Machine& machine, const Workload& load, Result& result) {
  KernelCalls& kernel = sys.kernel();
  const Site site = kernel.site("9p.readdir.buffer", OnFailure::propagate);
  const Nanos step = load.length / 200;
  for (Nanos time = 0; time < load.length; time += step) {
    sys.sleep(step);
    for (const std::uint32_t msize : {512'000u, 8'192u, 4'096u}) {
      kernel.enter("getdents");
      const Object buffer = kernel.alloc_object("", buffer_of(msize), GFP_KERNEL | Gfp::zero, site);
      kernel.leave(buffer == KernelCalls::none ? -std::int64_t{ENOMEM} : 0);
      Asked& count = result.by_msize[msize];
      Asked& quarter = result.quarters[static_cast<std::size_t>(time * 4 / load.length)];
      ++count.asked;
      if (msize == 512'000u) ++quarter.asked;
      if (buffer != KernelCalls::none) {
        kernel.free(buffer);
        continue;
      }
      sys.react(Reaction::checked);
      ++count.failed;
      if (msize == 512'000u) ++quarter.failed;
      KvMemory other = machine.memory().kvmalloc(buffer_of(msize), site);
      if (!other) ++result.kv_failed;
      machine.memory().kvfree(other);
      for (const Zone& zone : machine.memory().zones().all()) {
        if (zone.populated() && zone.free() <= zone.watermark(Watermark::high)) {
          result.plenty = false;
        }
      }
    }
  }
  return 0;
}

inline Result run_load(const Workload& load) {
  RunSpec spec =
      spec_of_file("[machine]\nkernel = \"" + load.kernel + "\"\nmemory = \"" + load.memory + R"("
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[task]]
program = "mkdir_loop"
args = { dir = "/", count = 1 }
)" + load.rules,
                   load.seed);
  spec.tasks.clear();
  spec.keep_log = true;
  Result result;
  Machine* machine = nullptr;
  const Pages pages = spec.machine.memory / page_size;
  // Together half as much again as there is memory.
  const std::uint64_t most = spec.machine.memory * 3 / 2 / (3 * 272 * KiB);
  TaskConfig& writers =
      add_task(spec, "files", [most](Syscalls& sys) { return files(sys, most); }, {"/f/"});
  writers.count = 3;
  writers.daemon = true;
  add_task(spec, "children", children).daemon = true;
  add_task(spec, "server", [&](Syscalls& sys) {
    return server(sys, pages * load.held / 100);
  }).daemon = true;
  add_task(spec, "reader", [&](Syscalls& sys) { return reader(sys, *machine, load, result); });
  Machine made(spec);
  machine = &made;
  result.outcome = made.run();
  return result;
}

}  // namespace brink::fragmenting
