// How a row of the table of rules is made: the words of each choice, and the way to its field.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "brink/rules.hpp"

namespace brink::rule_rows {

/// The field that a path of members leads to.
template <auto Member, auto... Rest>
auto& field(auto& of) {
  if constexpr (sizeof...(Rest) == 0) {
    return of.*Member;
  } else {
    return field<Rest...>(of.*Member);
  }
}

template <auto... Path>
std::int64_t get(const Rules& rules) {
  return static_cast<std::int64_t>(field<Path...>(rules));
}

template <auto... Path>
void set(Rules& rules, std::int64_t value) {
  auto& to = field<Path...>(rules);
  to = static_cast<std::remove_reference_t<decltype(to)>>(value);
}

template <std::size_t N>
using Words = std::array<const char*, N>;

inline constexpr Words<3> occasions = {"entry", "restart", "round"};
inline constexpr Words<2> no_sleep_bonus = {"always", "with_high"};
inline constexpr Words<2> rt_bonus = {"quarter", "half"};
inline constexpr Words<2> round_attempt = {"restart", "round"};
inline constexpr Words<3> nofail_reserve = {"sleep", "wait", "last_resort"};
inline constexpr Words<2> drain_pcp = {"high_order", "miss"};
inline constexpr Words<2> mark_spacing = {"quarter", "scale_factor"};
inline constexpr Words<2> high_order_mark = {"halving", "free_block"};
inline constexpr Words<3> high_order_reserve = {"pageblocks", "two_pageblocks", "highatomic"};
inline constexpr Words<3> fallback = {"move_half", "steal_4_0", "steal_compatible"};
inline constexpr Words<3> pcp = {"hot_cold", "by_type", "small_orders"};
inline constexpr Words<3> compaction = {"none", "sync_light", "priorities"};
inline constexpr Words<3> progress = {"enough", "reclaimable", "freed"};
inline constexpr Words<4> isolation_throttle = {"none", "loop_alike", "loop", "once"};
inline constexpr Words<2> reserve_throttle = {"none", "wait"};
inline constexpr Words<3> stall = {"each_priority", "congested_zone", "reasons"};
inline constexpr Words<3> scan_balance = {"percent", "rotation", "cost"};
inline constexpr Words<2> file_target = {"half", "ratio"};
inline constexpr Words<2> dirty_throttling = {"push", "pause"};
inline constexpr Words<2> dirtyable_memory = {"free_and_lru", "free_and_file"};
inline constexpr Words<3> dm_crypt_buffer = {"split", "greedy", "serialised"};
inline constexpr Words<3> slab_cpu_partial = {"none", "objects", "slabs"};
inline constexpr Words<3> shrinker_share = {"all_zones", "lru_ratio", "priority"};
inline constexpr Words<3> kswapd_aim = {"every_zone", "gap", "node"};
inline constexpr Words<4> memcg_oom = {"kill_and_fail", "wait", "fault_end", "charge"};
inline constexpr Words<2> vmstat = {"exact", "per_cpu"};
inline constexpr Words<3> texts = {"2.6", "4.0", "6.1"};

template <auto... Path, std::size_t N>
RuleRow choice(const char* name, const Words<N>& words, const char* meaning) {
  return {name, meaning, words, N - 1, get<Path...>, set<Path...>};
}

template <auto... Path>
RuleRow flag(const char* name, const char* meaning) {
  return {name, meaning, {}, 1, get<Path...>, set<Path...>};
}

template <auto... Path>
RuleRow number(const char* name, std::int64_t high, const char* meaning) {
  return {name, meaning, {}, high, get<Path...>, set<Path...>};
}

}  // namespace brink::rule_rows
