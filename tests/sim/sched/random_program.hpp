// Random programs for the core: what a handful of tasks do, drawn by rapidcheck, and a world that
// runs them and keeps an eye on time.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <vector>

#include "tests/sim/sched/world.hpp"

namespace brink {

struct Op {
  enum Kind : std::uint8_t {
    step,
    charge,
    yield,
    might_sleep,
    cond_resched,
    user,
    sleep,
    wait,
    wait_until,
    open,
    set_timer,
    spawn,
    kinds
  };
  Kind kind;
  std::uint32_t amount;
};

inline std::ostream& operator<<(std::ostream& out, const Op& op) {
  return out << '{' << int{op.kind} << ", " << op.amount << '}';
}

/// One list of operations for each task; `spawn` starts the list after its own once more.
using RandomProgram = std::vector<std::vector<Op>>;

inline rc::Gen<RandomProgram> random_program() {
  const auto op =
      rc::gen::construct<Op>(rc::gen::map(rc::gen::inRange(0, int{Op::kinds}),
                                          [](int k) { return static_cast<Op::Kind>(k); }),
                             rc::gen::inRange<std::uint32_t>(0, 64));
  return rc::gen::resize(
      40, rc::gen::container<RandomProgram>(rc::gen::container<std::vector<Op>>(op)));
}

class RandomWorld {
 public:
  RandomWorld(const RandomProgram& program, Strategy& strategy, const CoreConfig& config)
      : program_(program), world_(strategy, config), gates_{Gate(world_.core), Gate(world_.core)} {
    for (std::size_t i = 0; i < std::min<std::size_t>(program.size(), 8); ++i) start(i);
  }

  Core& core() { return world_.core; }

  RunEnd run() { return world_.core.run(); }

 private:
  void start(std::size_t list) {
    world_.spawn([this, list] {
      for (const Op& op : program_[list]) execute(op, list);
    });
  }

  void execute(const Op& op, std::size_t list) {
    Core& core = world_.core;
    const Nanos before = core.now();
    const Nanos machine = core.machine_time();
    // Amounts collide on purpose, and some are about a tick long.
    const Nanos amount = op.amount < 56 ? Nanos{op.amount / 4} * 700 : Nanos{op.amount} * 80 * us;
    switch (op.kind) {
      case Op::step: core.step(amount); break;
      case Op::charge: core.charge(amount); break;
      case Op::yield: core.yield(); break;
      case Op::might_sleep: core.might_sleep(); break;
      case Op::cond_resched: core.cond_resched(); break;
      case Op::user: core.point(Point::user); break;
      case Op::sleep: core.sleep(amount); break;
      case Op::wait: gates_[op.amount % 2].wait(); break;
      case Op::wait_until: gates_[op.amount % 2].wait_until(before / 4096 * 4096 + amount); break;
      case Op::open: gates_[op.amount % 2].open(); break;
      case Op::set_timer: core.at(before + amount, open_gate, &gates_[op.amount % 2], 0); break;
      case Op::spawn:
        if (list + 1 < program_.size() && core.task_count() < 24) start(list + 1);
        break;
      case Op::kinds: break;
    }
    EXPECT_GE(core.now(), before);
    EXPECT_GE(core.machine_time(), machine);
    // A simple machine (one CPU, default choices) does not keep its machine time up to date.
    if (core.config().cpus > 1 && op.kind != Op::charge && op.kind != Op::open) {
      EXPECT_LE(core.now(), core.machine_time() + 2 * core.tick());
    }
  }

  static void open_gate(void* gate, std::uint64_t) { static_cast<Gate*>(gate)->open(); }

  const RandomProgram& program_;
  World world_;
  std::array<Gate, 2> gates_;
};

}  // namespace brink
