// How the rules are set in each kernel, as differences from the next older one or from Linux 4.0.
// What each switch means, and which commit changed it, is in api/rules.cpp.

#include "policies/eras/eras.hpp"

namespace brink {

Rules linux_2_6_30_rules() {
  Rules rules;
  rules.kswapd_wake = Rules::KswapdWake::restart;
  rules.rights_test = Rules::RightsTest::round;
  rules.restart_at_low = true;
  rules.round_attempt = Rules::RoundAttempt::restart;
  rules.nofail_reserve = Rules::NofailReserve::sleep;
  rules.drain_pcp = Rules::DrainPcp::high_order;
  rules.high_order_reserve = Rules::HighOrderReserve::pageblocks;
  rules.fallback = Rules::Fallback::move_half;
  rules.pcp = Rules::Pcp::hot_cold;
  rules.compaction = Rules::Compaction::none;
  rules.lumpy_reclaim = true;
  rules.progress = Rules::Progress::enough;
  rules.isolation_throttle = Rules::IsolationThrottle::none;
  rules.reserve_throttle = Rules::ReserveThrottle::none;
  rules.stall = Rules::Stall::each_priority;
  rules.scan_balance = Rules::ScanBalance::percent;
  rules.shrinker_share = Rules::ShrinkerShare::all_zones;
  rules.kswapd_aim = Rules::KswapdAim::every_zone;
  rules.memcg_oom = Rules::MemcgOom::kill_and_fail;
  rules.slab.cpu_partial = SlabRules::CpuPartial::none;
  rules.slab.keeps_empty = false;
  rules.slab.halves_min_partial = false;
  rules.mempool_sleeps_first = true;
  rules.dirty_throttling = Rules::DirtyThrottling::push;
  rules.dirtyable_memory = Rules::DirtyableMemory::free_and_lru;
  rules.dm_crypt_buffer = Rules::DmCryptBuffer::split;
  rules.dm_crypt_parallel = false;
  rules.texts = Rules::Texts::v2_6;
  return rules;
}

Rules linux_2_6_31_rules() {
  Rules rules = linux_2_6_30_rules();
  rules.kswapd_wake = Rules::KswapdWake::entry;
  rules.rights_test = Rules::RightsTest::entry;
  rules.restart_at_low = false;
  rules.rt_harder_in_interrupt = true;
  return rules;
}

Rules linux_2_6_32_rc6_rules() {
  Rules rules = linux_2_6_31_rules();
  rules.high_order_reserve = Rules::HighOrderReserve::two_pageblocks;
  rules.pcp = Rules::Pcp::by_type;
  rules.isolation_throttle = Rules::IsolationThrottle::loop_alike;
  return rules;
}

Rules linux_6_1_rules() {
  Rules rules;
  rules.no_sleep_bonus = Rules::NoSleepBonus::with_high;
  rules.rt_bonus = Rules::RtBonus::half;
  rules.nofail_reserve = Rules::NofailReserve::last_resort;
  rules.thisnode_gives_up = false;
  rules.fault_oom_kills = false;
  rules.min_free_kbytes_max = 262'144;
  rules.mark_spacing = Rules::MarkSpacing::scale_factor;
  rules.high_order_mark = Rules::HighOrderMark::free_block;
  rules.high_order_reserve = Rules::HighOrderReserve::highatomic;
  rules.watermark_boost_factor = 15'000;
  rules.fallback = Rules::Fallback::steal_compatible;
  rules.nofragment = true;
  rules.pcp = Rules::Pcp::small_orders;
  rules.compaction = Rules::Compaction::priorities;
  rules.kcompactd = true;
  rules.progress = Rules::Progress::freed;
  rules.isolation_throttle = Rules::IsolationThrottle::once;
  rules.stall = Rules::Stall::reasons;
  rules.scan_balance = Rules::ScanBalance::cost;
  rules.file_target = Rules::FileTarget::ratio;
  rules.shrinker_share = Rules::ShrinkerShare::priority;
  rules.kswapd_aim = Rules::KswapdAim::node;
  rules.kswapd_failures_max = 16;
  rules.memcg_retries = 16;
  rules.memcg_oom = Rules::MemcgOom::charge;
  rules.memcg_force_charge = true;
  rules.worker_naps = true;
  rules.slab = linux_6_1_slab_rules();
  rules.throttle_vm_writeout = false;
  rules.loop_less_throttle = true;
  rules.fdtable_kvmalloc = true;
  rules.parallel_lookup = true;
  rules.nofs_scope = true;
  rules.lsm_blobs = false;
  rules.texts = Rules::Texts::v6_1;
  return rules;
}

}  // namespace brink
