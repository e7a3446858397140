// Slabs under many tasks on many CPUs, at random: the accounts agree at any time.

#include "brink/random.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// Several tasks on several CPUs take and give objects of several caches; the accounts are looked
/// at after each step, and counted one by one every 4,096.
class Storm {
 public:
  explicit Storm(const SlabRules& rules, std::uint64_t seed) : m_(spec(rules)), random_(seed, 0) {
    for (const std::uint32_t size : {24u, 192u, 600u, 1112u, 4096u, 9000u}) {
      caches_.push_back(&m_.memory.slab_cache(
          {.name = names_.emplace_back("storm-" + std::to_string(size)), .size = size}));
    }
    held_.resize(caches_.size());
    for (int i = 0; i < 8; ++i) m_.kernel([this] { run(); });
  }
  void go(std::uint64_t steps) {
    steps_ = steps;
    m_.core.run();
    for (std::size_t i = 0; i < caches_.size(); ++i) {
      EXPECT_EQ(caches_[i]->objects_in_use(), held_[i].size());
    }
    EXPECT_EQ(done_, steps);
    EXPECT_EQ(m_.bugs.size(), 0u);
  }

 private:
  static MachineSpec spec(const SlabRules& rules) {
    MachineSpec spec;
    spec.cpus = 4;
    spec.memory.cpus = 4;
    spec.kswapd = false;
    spec.retries = 0;
    spec.time_limit = 100'000 * seconds;
    spec.rules.slab = rules;
    return spec;
  }

  std::uint64_t draw(std::uint64_t below) { return random_.below(below); }

  void run() {
    while (done_ < steps_ && !testing::Test::HasFailure()) {
      ++done_;
      step(draw(caches_.size()));
      if (done_ % 4096 == 0) {
        EXPECT_EQ(m_.memory.check(), "");
      }
      if (draw(16) == 0) m_.core.yield();
    }
  }

  void step(std::size_t which) {
    SlabCache& cache = *caches_[which];
    auto& held = held_[which];
    // Swings between many and few objects, so that slabs fill and fall empty.
    const bool grows = (done_ >> 14 & 1) == 0;
    const std::uint64_t what = draw(1024);
    if (what == 0) {
      m_.memory.slab().shrink(cache);
    } else if (what < (grows ? 640u : 384u)) {
      const SlabObject object = m_.memory.alloc_object(cache, site::pc_node, GFP_ATOMIC);
      if (object) held.push_back(object);
      m_.memory.failures().settle_all(m_.memory.failures().list_of(m_.core.current()),
                                      Fate::degraded);
    } else if (!held.empty()) {
      std::swap(held[draw(held.size())], held.back());
      const SlabObject object = held.back();
      held.pop_back();
      m_.memory.free_object(object);
    }
    look(cache, held.size());
  }

  void look(const SlabCache& cache, std::size_t held) {
    // Somebody may be between the allocation and its list, while this one looks.
    EXPECT_GE(cache.objects_in_use(), held);
    EXPECT_LE(cache.objects_in_use(), held + 8);
    const SlabInfo info = cache.info();
    EXPECT_LE(cache.objects_in_use(), info.active_objects);
    EXPECT_LE(info.active_objects, info.objects);
    EXPECT_LE(info.objects, info.slabs * cache.layout().objects);
    EXPECT_LE(cache.pages(), info.slabs << cache.layout().order);
  }

  Machine m_;
  Random random_;
  std::deque<std::string> names_;
  std::vector<SlabCache*> caches_;
  std::vector<std::vector<SlabObject>> held_;
  std::uint64_t steps_ = 0, done_ = 0;
};

TEST(SlabStorm, KeepsAllAccountsAsLinux40) { Storm(SlabRules{}, 1).go(600'000); }

TEST(SlabStorm, KeepsAllAccountsAsLinux61) { Storm(linux_6_1_slab_rules(), 2).go(600'000); }

TEST(SlabStorm, KeepsAllAccountsWithoutPartialSlabsOfCpus) {
  SlabRules rules;
  rules.cpu_partial = SlabRules::CpuPartial::none;
  rules.keeps_empty = false;
  Storm(rules, 3).go(200'000);
}

}  // namespace
}  // namespace brink::test
