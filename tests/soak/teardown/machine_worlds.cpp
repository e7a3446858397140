// Lockups of whole machines: real memory, ext4, processes whose programs have heap objects in their
// frames beside what the kernel's own frames have.

#include <array>
#include <vector>

#include "brink/site_list.hpp"
#include "sim/machine.hpp"
#include "sim/mm/page_cache.hpp"
#include "tests/sim/small_machine.hpp"
#include "tests/soak/teardown/worlds.hpp"

namespace brink::soak {
namespace {

const std::string small_machine = R"(
[machine]
kernel = "4.0"
memory = "8 MiB"
[policy.oom]
name = "none"
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
size = "64 MiB"
journal = "4 MiB"
[[task]]
program = "mkdir_loop"
args = { dir = "/srv", count = 1 }
)";

RunSpec small_spec(std::uint64_t seed) {
  static const RunSpec made = spec_of_file(small_machine);
  RunSpec spec = made;
  spec.seed = seed;
  return spec;
}

/// Runs it; its tasks unwind when it goes.
Ended run(Machine& machine) {
  const Outcome outcome = machine.run();
  return {outcome.verdict, outcome.reason, Baggage::alive};
}

/// More than there is, made before any of it is touched.
std::vector<Address> too_many_maps(Syscalls& sys) {
  std::vector<Address> maps;
  for (int i = 0; i < 256; ++i) {
    maps.push_back(static_cast<Address>(sys.mmap_anonymous(64 * KiB)));
  }
  return maps;
}

/// The experiment of that name, and somebody who looks names up beside the others.
Ended canary(std::uint64_t seed) {
  static const Experiment experiment = load_experiment(
      BRINK_SOURCE_DIR "/configs/canary-must-lock-up.toml", {}, builtin_registries());
  RunSpec spec = sweep_spec(experiment, 0, seed, "");
  add_task(spec, "looker", [](Syscalls& sys) {
    deeply(6, [&] {
      for (int i = 0; i < 1'000'000; ++i) {
        const std::string path = "/srv/a rather long name, " + std::to_string(i);
        static_cast<void>(sys.stat(path));
        sys.sleep(10 * ms);
      }
    });
    return 0;
  });
  Machine machine(spec);
  return run(machine);
}

/// Hogs look names up in a directory where another makes entries, and memory is out.
Ended directory(std::uint64_t seed) {
  RunSpec spec = small_spec(seed);
  add_task(spec, "hog", [](Syscalls& sys) {
    deeply(4, [&] {
      const std::vector<Address> maps = too_many_maps(sys);
      for (std::size_t i = 0; i < maps.size(); ++i) {
        const std::string path = "/srv/a rather long name, " + std::to_string(i);
        static_cast<void>(sys.stat(path));
        deeply(i % 4, [&] { sys.touch(maps[i], 64 * KiB); });
      }
    });
    return 0;
  }).count = 2;
  add_task(spec, "maker", [](Syscalls& sys) {
    deeply(2, [&] {
      for (int i = 0; i < 1'000'000; ++i) {
        const std::string path = "/srv/d" + std::to_string(i);
        static_cast<void>(sys.mkdir(path));
      }
    });
    return 0;
  });
  Machine machine(spec);
  return run(machine);
}

/// DL1 on real memory: a mutex of the kernel's, whose holder goes round for a page.
Ended holder(std::uint64_t seed) {
  RunSpec spec = small_spec(seed);
  Machine* made = nullptr;
  std::unique_ptr<Mutex> mutex;
  add_task(spec, "holder", [&](Syscalls& sys) {
    deeply(3, [&] {
      sys.kernel().enter("hold");
      MutexGuard guard(*mutex);
      deeply(3, [&] {
        for (int i = 0; i < 1'000'000; ++i) {
          static_cast<void>(made->memory().alloc_pages(site::bh_page));
        }
      });
    });
    return 0;
  });
  add_task(spec, "waiter", [&](Syscalls& sys) {
    deeply(5, [&] {
      sys.sleep(1 * ms);
      sys.kernel().enter("wait");
      MutexGuard guard(*mutex);
      sys.kernel().leave(0);
    });
    return 0;
  }).count = 2;
  Machine machine(spec);
  made = &machine;
  Locks& locks = machine.memory().locks();
  mutex = std::make_unique<Mutex>(locks, locks.lock_class("soak.mutex"));
  const Ended ended = run(machine);
  machine.core().abort();  // Before the mutex goes.
  return ended;
}

/// Two pages locked in two orders.
Ended page_lock(std::uint64_t seed) {
  RunSpec spec = small_spec(seed);
  Machine* made = nullptr;
  std::array<Pfn, 2> pages{};
  std::uint32_t arrived = 0;
  add_task(spec, "locker", [&](Syscalls& sys) {
    deeply(4, [&] {
      const std::uint32_t mine = sys.instance();
      sys.kernel().enter("lock_two");
      pages[mine] = made->memory().alloc_pages(site::bh_page);
      const PageLock first(made->memory().cache(), pages[mine]);
      ++arrived;
      while (arrived < 2) made->core().sleep(1 * ms);
      deeply(2, [&] { const PageLock second(made->memory().cache(), pages[1 - mine]); });
      sys.kernel().leave(0);
    });
    return 0;
  }).count = 2;
  Machine machine(spec);
  made = &machine;
  return run(machine);
}

/// Everybody wants a page, and nobody gives one.
Ended page_faults(std::uint64_t seed) {
  RunSpec spec = small_spec(seed);
  add_task(spec, "hog", [](Syscalls& sys) {
    const std::vector<Address> maps = too_many_maps(sys);
    deeply(1 + sys.instance(), [&] {
      for (const Address map : maps) sys.touch(map, 64 * KiB);
    });
    return 0;
  }).count = 4;
  Machine machine(spec);
  return run(machine);
}

constexpr std::array<Shape, 5> shapes = {{
    {"the canary", Verdict::memory_deadlock, canary},
    {"a directory's lock", Verdict::memory_deadlock, directory},
    {"a mutex whose holder asks for memory", Verdict::memory_deadlock, holder},
    {"two page locks in two orders", Verdict::deadlock, page_lock},
    {"page faults that go round", Verdict::memory_deadlock, page_faults},
}};

}  // namespace

std::span<const Shape> machine_shapes() { return shapes; }

}  // namespace brink::soak
