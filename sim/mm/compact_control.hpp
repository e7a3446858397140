// One run of compaction over one zone (struct compact_control, mm/internal.h, Linux 4.0).
#pragma once

#include <vector>

#include "sim/mm/compaction.hpp"

namespace brink {

struct Compaction::Control {
  Zone& zone;
  const CompactRequest& request;
  const Migrate type;
  const ZoneType class_zone;
  const CompactPriority priority;
  const bool direct;  ///< on behalf of a request, not of kcompactd

  Pfn migrate = 0;  ///< where the scanner of movable pages goes on
  Pfn free = 0;     ///< and that of free pages, from here downwards
  bool aborted = false;
  Pages moved = 0;
  std::vector<Pfn> movable_pages{};
  std::vector<Pfn> free_pages{};  ///< single pages, the next one last

  bool async() const { return priority == CompactPriority::async; }
  bool ignores_skip() const { return priority == CompactPriority::sync_full; }
  /// ignore_block_suitable, since 4.9 (9f7e3387939b).
  bool any_target() const { return priority == CompactPriority::sync_full; }
};

}  // namespace brink
