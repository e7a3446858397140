// The events of a trace that replaying needs, with the fields of every kernel from 2.6.32 to 6.18.
#pragma once

#include <cstdint>
#include <string_view>

#include "programs/trace/line.hpp"
#include "programs/trace/text_source.hpp"

namespace brink {

enum class RecordedKind : std::uint8_t {
  alloc_object,  ///< kmalloc, kmem_cache_alloc, and their _node forms
  free_object,   ///< kfree, kmem_cache_free
  alloc_pages,   ///< mm_page_alloc
  free_pages,    ///< mm_page_free, before 3.3 mm_page_free_direct
  free_pagevec,  ///< mm_pagevec_free, before 3.3
  free_batched,  ///< mm_page_free_batched: mm_page_free says the same
  syscall_enter,
  syscall_exit,
  page_fault,  ///< page_fault_user: a fault begins
  fork,        ///< sched_process_fork
  exit,        ///< sched_process_exit
  other,       ///< nothing that replaying needs
};

/// Fields hold what the kind has; texts point into the line.
struct RecordedEvent {
  RecordedKind kind = RecordedKind::other;
  std::uint64_t key = 0;          ///< pointer of an object, page frame number of pages; 0 none
  std::uint32_t bytes_req = 0;    ///< alloc_object
  std::uint32_t bytes_alloc = 0;  ///< alloc_object
  unsigned order = 0;             ///< alloc_pages, free_pages
  std::string_view gfp;           ///< alloc_object, alloc_pages
  std::string_view cache;      ///< alloc_object: empty for kmalloc, and where a kernel names none
  std::string_view call_site;  ///< alloc_object: `function+offset`
  bool kmalloc = false;        ///< alloc_object
  std::uint32_t number = 0;    ///< of a system call
  std::int64_t result = 0;     ///< syscall_exit
  std::uint32_t child = 0;     ///< fork: thread id
};

/// Reads the fields of an event. Throws ConfigError where one is missing or cannot be read.
RecordedEvent read_event_fields(const TraceLine& line, std::string_view text,
                                const TextSource& source);

}  // namespace brink
