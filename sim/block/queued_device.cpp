// Queueing, serving and ending requests. An ended request's bios report in interrupt context.

#include "sim/block/queued_device.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim/block/bio_set.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"

namespace brink {

QueuedDevice::QueuedDevice(Memory& memory, const DeviceRow& row, std::string name)
    : Device(memory, std::move(name)),
      row_(row),
      classes_{{Class(memory.core()), Class(memory.core())}},
      served_(row.depth, nullptr) {}

void QueuedDevice::submit(Bio& bio) {
  draw_luck(bio);
  Held* const held = held_by(core().current().id);
  if (held == nullptr) return queue(bio);
  held->bios.push_back(&bio);
  if (held->bios.size() >= max_plugged) flush_plug();
}

void QueuedDevice::draw_luck(Bio& bio) {
  Hooks& hooks = memory().hooks();
  if (!hooks.listens(hook_bio)) return;
  BioHook hook;
  hook.device = name().c_str();
  hook.write = bio.write;
  hook.bytes = static_cast<std::uint32_t>(bio.blocks * page_size);
  const BioAnswer answer = hooks.at_bio(hook);
  bio.delay = answer.delay;
  if (answer.fail) bio.error = -EIO;
}

void QueuedDevice::queue(Bio& bio) {
  if (!elevator_.merge(bio)) {
    Request& request = get_request(bio);
    // It may have slept: somebody adjacent may wait by now, but a request is a request.
    elevator_.add(request);
  }
  bio.set->submitted(bio);
  serve();
}

/// Takes a request for the bio, waiting while there is none.
Request& QueuedDevice::get_request(Bio& bio) {
  Class& own = classes_[bio.is_sync()];
  static_cast<void>(own.full.wait([&own] { return own.requests < nr_requests; },
                                  WaitMode::uninterruptible, never, true));
  if (++own.requests >= congestion_on && !own.congested) {
    own.congested = true;
    memory().device_congested(bio.is_sync());
  }
  Request& request = requests_.make();
  request.block = bio.block;
  request.blocks = bio.blocks;
  request.write = bio.write;
  request.sync = bio.is_sync();
  request.flush = bio.blocks == 0;
  request.queued = core().now();
  request.sequence = arrivals_++;
  request.delay = bio.delay;
  request.first = request.last = &bio;
  return request;
}

/// freed_request().
void QueuedDevice::put_request(Request& request) {
  const bool sync = request.sync;
  Class& own = classes_[sync];
  requests_.destroy(request);
  if (--own.requests < congestion_off) {
    memory().device_uncongested(sync, std::exchange(own.congested, false));
  }
  own.full.wake_up();
}

/// Hands queued requests to the hardware while it has a free slot.
void QueuedDevice::serve() {
  for (std::size_t slot = 0; slot < served_.size(); ++slot) {
    if (served_[slot] != nullptr) continue;
    Request* const request = elevator_.next(core().now());
    if (request == nullptr) return;
    served_[slot] = request;
    const Nanos time = service_time(*request);
    if (!request->flush) head_ = request->end();
    core().at(core().now() + time, finished, this, slot);
  }
}

Nanos QueuedDevice::service_time(const Request& request) const {
  const bool seeks = request.flush || request.block != head_;
  return row_.command + (seeks ? row_.seek : 0) + row_.page * request.blocks + request.delay + 1;
}

void QueuedDevice::finished(void* device, std::uint64_t slot) {
  QueuedDevice& self = *static_cast<QueuedDevice*>(device);
  Request& request = *std::exchange(self.served_[slot], nullptr);
  self.complete(request);
  self.serve();
}

void QueuedDevice::complete(Request& request) {
  ++served_count_;
  for (Bio* bio = request.first; bio != nullptr;) {
    Bio* const next = bio->next;
    end(*bio, bio->error);
    bio = next;
  }
  put_request(request);
}

// --- Plugging.

QueuedDevice::Held* QueuedDevice::held_by(TaskId task) {
  for (Held& held : plugs_) {
    if (held.task == task) return &held;
  }
  return nullptr;
}

void QueuedDevice::plug() {
  const TaskId task = core().current().id;
  if (Held* const held = held_by(task)) {
    ++held->depth;
  } else {
    plugs_.push_back({task, 1, {}});
  }
}

void QueuedDevice::unplug() {
  const TaskId task = core().current().id;
  Held* const held = held_by(task);
  BRINK_ASSERT(held != nullptr);
  if (--held->depth != 0) return;
  std::vector<Bio*> bios = std::move(held->bios);
  plugs_.erase(plugs_.begin() + (held - plugs_.data()));
  for (Bio* bio : bios) queue(*bio);
}

void QueuedDevice::flush_plug() {
  Held* const held = held_by(core().current().id);
  if (held == nullptr) return;
  // Queueing may sleep, and others may plug meanwhile: `held` does not stay where it is.
  std::vector<Bio*> bios = std::move(held->bios);
  held->bios.clear();
  for (Bio* bio : bios) queue(*bio);
}

// --- Who must act.

const Bio* QueuedDevice::plugged(const BioKey& key) const {
  for (const Held& held : plugs_) {
    for (const Bio* bio : held.bios) {
      if (key.matches(*bio)) return bio;
    }
  }
  return nullptr;
}

void QueuedDevice::blockers(const BioKey& of, const Task&, BlockerSink& sink) const {
  const Bio* const held = plugged(of);
  if (held == nullptr) return sink.event();
  name_blocker(sink, core().task(held->task), held->since);
}

void QueuedDevice::carriers(BlockerSink& sink) const {
  for (const Held& held : plugs_) {
    if (held.bios.empty()) continue;
    name_blocker(sink, core().task(held.task), held.bios.front()->since);
  }
}

}  // namespace brink
