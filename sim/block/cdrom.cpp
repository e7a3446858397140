// Polling a drive (block/genhd.c, drivers/scsi/sr.c and scsi_lib.c, Linux 4.0).

#include "sim/block/cdrom.hpp"

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

/// struct bio with one bio_vec behind it.
constexpr std::uint32_t bio_bytes = 144;

/// A drive at rest answers GET EVENT STATUS NOTIFICATION from its controller (guess).
constexpr Nanos answer_time = 1 * ms;

}  // namespace

Cdrom::Cdrom(Memory& memory, CpuPools& pools, const Config& config, const char* name)
    : memory_(memory), pools_(pools), config_(config), events_({poll, this}, name) {}

void Cdrom::start() { pools_.of(0).queue_delayed(events_, config_.first_poll); }

/// disk_events_workfn().
void Cdrom::poll(void* drive) {
  Cdrom& self = *static_cast<Cdrom*>(drive);
  {
    const Frame frame(self.memory_.core().current(), "disk_events_workfn");
    ++(self.execute() == 0 ? self.answers_ : self.failures_);
  }
  self.pools_.of(0).queue_delayed(self.events_, self.config_.poll);
}

/// scsi_execute(): an answer that could not be asked for is asked for with the next poll.
int Cdrom::execute() {
  const SlabObject bio = memory_.kmalloc(bio_bytes, site::disk_events_bio);
  if (!bio) {
    memory_.failures().settle_last(Fate::deferred);
    return -ENOMEM;
  }
  const Pfn page = memory_.alloc_pages(site::disk_events_page);
  if (page == no_page) {
    memory_.failures().settle_last(Fate::deferred);
    memory_.free_object(bio);
    return -ENOMEM;
  }
  memory_.core().sleep(answer_time);
  memory_.free_pages(page, 0);
  memory_.free_object(bio);
  return 0;
}

}  // namespace brink
