// What a request finally gets when nothing ever becomes free but by a kill, and whoever is killed
// cannot exit: kernel.md's table of outcomes by request class, every cell, for each era. Rules and
// policies are the era's; the test speaks to alloc_pages() only.

#include "tests/sim/mm/era.hpp"

namespace brink::test {
namespace {

constexpr std::int64_t limit = 3;

/// How a request ends. `loops`: it is in the slow path for 600 seconds, and would be for ever.
enum class End : std::uint8_t {
  loops,
  at_once,     ///< nothing, without reclaim
  one_round,   ///< nothing, after one round of reclaim
  after_oom,   ///< nothing, after as many rounds in the OOM path as the knob grants
  in_the_end,  ///< nothing, after some rounds
  page,        ///< a page of the reserve
};

struct Cell {
  End end;
  std::size_t kills = 0;
  bool operator==(const Cell&) const = default;
};

/// A request class, and its cells by era: 2.6.30, 2.6.31 and 2.6.32, 4.0, 4.0 with the knob at 3,
/// 6.1.
struct Row {
  const char* what;
  Question question;
  Cell e30, e31, e40, knob, e61;
  /// The eras differ here in their OOM policies. A row of the table of eras that names the policy
  /// of another kernel is not held to what its own would say.
  bool oom_policy = false;
};

bool has_own_oom_policy(std::string_view era) {
  const bool borrowed = std::string_view(era_row(era).oom_policy.name) == "badness";
  return !borrowed || era.starts_with("4.0");
}

constexpr Cell loops{End::loops}, kills_and_loops{End::loops, 1};
constexpr Cell at_once{End::at_once}, one_round{End::one_round}, page{End::page};
constexpr Cell in_the_end{End::in_the_end};
constexpr Cell after_oom{End::after_oom}, kills_and_fails{End::after_oom, 1};

constexpr Gfp NF = Gfp::nofail;
constexpr Gfp THISNODE = Gfp::thisnode | Gfp::noretry | Gfp::nowarn;

Question request(Gfp gfp, unsigned order = 0) { return {.order = order, .gfp = gfp}; }
Question with(std::uint32_t flags, Gfp gfp, Pages dma, Pages dma32) {
  return {.gfp = gfp, .flags = flags, .dma = dma, .dma32 = dma32};
}
/// Nothing at all is left; a kernel thread does not wait for kswapd because of that.
Question insists(Gfp gfp, unsigned order = 0) {
  return {.order = order, .gfp = gfp | NF, .flags = PF_KTHREAD, .dma = 0, .dma32 = 0};
}
Question dying(Gfp gfp) { return {.gfp = gfp, .flags = FATAL_SIGNAL, .process = true}; }

const Row rows[] = {
    {"GFP_KERNEL", request(GFP_KERNEL), kills_and_loops, kills_and_loops, kills_and_loops,
     kills_and_fails, kills_and_loops},
    {"GFP_KERNEL, order 3", request(GFP_KERNEL, 3), kills_and_loops, kills_and_loops,
     kills_and_loops, kills_and_fails, kills_and_loops},
    {"GFP_USER", request(GFP_USER), kills_and_loops, kills_and_loops, kills_and_loops,
     kills_and_fails, kills_and_loops},
    {"GFP_HIGHUSER_MOVABLE", request(GFP_HIGHUSER_MOVABLE, 1), kills_and_loops, kills_and_loops,
     kills_and_loops, kills_and_fails, kills_and_loops},
    {"GFP_NOFS", request(GFP_NOFS), loops, loops, loops, after_oom, loops},
    {"GFP_NOIO, order 3", request(GFP_NOIO, 3), loops, loops, loops, after_oom, loops},
    {"GFP_ATOMIC", {.gfp = GFP_ATOMIC, .dma32 = 70}, at_once, at_once, at_once, at_once, at_once},
    {"GFP_NOWAIT", request(GFP_NOWAIT), at_once, at_once, at_once, at_once, at_once},
    {"order 4", request(GFP_KERNEL, 4), one_round, one_round, one_round, one_round, one_round},
    {"order 7", request(GFP_KERNEL, 7), one_round, one_round, one_round, one_round, one_round},
    {"order 4, REPEAT", request(GFP_KERNEL | Gfp::retry_mayfail, 4), one_round, one_round,
     one_round, one_round, one_round},
    {"NORETRY", request(GFP_KERNEL | Gfp::noretry), one_round, one_round, one_round, one_round,
     one_round},
    // Below 6.1 the bit is __GFP_REPEAT, which means nothing to small requests.
    {"RETRY_MAYFAIL", request(GFP_KERNEL | Gfp::retry_mayfail), kills_and_loops, kills_and_loops,
     kills_and_loops, kills_and_fails, one_round, true},

    {"NOFAIL", insists(GFP_KERNEL), kills_and_loops, kills_and_loops, kills_and_loops,
     kills_and_loops, kills_and_loops},
    {"NOFAIL, NOFS", insists(GFP_NOFS), loops, loops, kills_and_loops, kills_and_loops, loops,
     true},
    {"NOFAIL, order 4", insists(GFP_KERNEL, 4), one_round, kills_and_loops, kills_and_loops,
     kills_and_loops, loops, true},
    {"NOFAIL, NOFS, order 4", insists(GFP_NOFS, 4), loops, loops, kills_and_loops, kills_and_loops,
     loops},

    {"reclaimer, reserve left", with(PF_MEMALLOC, GFP_KERNEL, 0, 20), page, page, page, page, page},
    {"reclaimer", with(PF_MEMALLOC, GFP_KERNEL, 0, 0), at_once, at_once, at_once, at_once, at_once},
    {"reclaimer, NOMEMALLOC", with(PF_MEMALLOC, GFP_KERNEL | Gfp::nomemalloc, 60, 100), at_once,
     at_once, at_once, at_once, at_once},
    {"reclaimer, NOFAIL", with(PF_MEMALLOC, GFP_KERNEL | NF, 0, 0), loops, loops, loops, loops,
     loops},
    // In 6.1 after the OOM path, which is come to at once where nothing is reclaimable.
    {"victim, reserve left", with(TIF_MEMDIE, GFP_KERNEL, 60, 80), page, page, page, page,
     one_round, true},
    {"victim, half of the mark left", with(TIF_MEMDIE, GFP_KERNEL, 60, 100), page, page, page, page,
     page},
    {"victim", with(TIF_MEMDIE, GFP_KERNEL, 0, 0), at_once, at_once, at_once, at_once, one_round,
     true},

    {"GFP_THISNODE", request(GFP_KERNEL | THISNODE), at_once, at_once, at_once, at_once, one_round},
    {"GFP_DMA", request(GFP_KERNEL | Gfp::dma), kills_and_loops, kills_and_loops, one_round,
     one_round, one_round, true},
    {"killed, not yet a victim", dying(GFP_KERNEL), kills_and_loops, kills_and_loops, page, page,
     page, true},
    {"killed, NOFS", dying(GFP_NOFS), loops, loops, loops, after_oom, page, true},
};

Cell cell(const Answer& answer) {
  Cell cell{End::in_the_end, answer.kills};
  if (!answer.returned) {
    cell.end = End::loops;
  } else if (answer.got) {
    cell.end = End::page;
  } else if (answer.counters.rounds == 0) {
    cell.end = End::at_once;
  } else if (answer.counters.oom_rounds == static_cast<std::uint64_t>(limit)) {
    cell.end = End::after_oom;
  } else if (answer.counters.rounds == 1) {
    cell.end = End::one_round;
  }
  return cell;
}

const char* text(End end) {
  switch (end) {
    case End::loops: return "loops";
    case End::at_once: return "fails at once";
    case End::one_round: return "fails after one round";
    case End::after_oom: return "fails after the knob's OOM rounds";
    case End::in_the_end: return "fails in the end";
    case End::page: return "gets a page";
  }
  return "";
}

void expect(const char* era, const Row& row, Cell expected) {
  if (row.oom_policy && !has_own_oom_policy(era)) return;
  Question question = row.question;
  if (std::string_view(era) == "4.0+knob") question.retries = limit;
  const Answer answer = ask(era, question);
  const Cell found = cell(answer);
  EXPECT_TRUE(found == expected) << era << ", " << row.what << ": " << text(found.end) << " with "
                                 << found.kills << " kills, not " << text(expected.end) << " with "
                                 << expected.kills << "; " << answer.counters.rounds << " rounds, "
                                 << answer.counters.oom_rounds << " through OOM";
  if (expected.end != End::loops) return;
  EXPECT_GE(answer.time, 600 * seconds);
}

TEST(OutcomeTable, Linux2630) {
  for (const Row& row : rows) expect("2.6.30", row, row.e30);
}

TEST(OutcomeTable, Linux2631) {
  for (const Row& row : rows) expect("2.6.31", row, row.e31);
}

TEST(OutcomeTable, Linux2632) {
  for (const Row& row : rows) expect("2.6.32", row, row.e31);
}

TEST(OutcomeTable, Linux40) {
  for (const Row& row : rows) expect("4.0", row, row.e40);
}

TEST(OutcomeTable, Linux40WithTheKnob) {
  for (const Row& row : rows) expect("4.0+knob", row, row.knob);
}

TEST(OutcomeTable, Linux61) {
  for (const Row& row : rows) expect("6.1", row, row.e61);
}

}  // namespace
}  // namespace brink::test
