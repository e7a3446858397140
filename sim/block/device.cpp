// Queueing, serving and ending requests. An ended request's bios report in interrupt context.

#include "sim/block/device.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim/block/bio_set.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

Device::Device(Memory& memory, BioSet& bios, const DeviceRow& row, std::string name)
    : memory_(memory), core_(memory.core()), bios_(bios), row_(row), name_(std::move(name)),
      classes_{{Class(memory.core()), Class(memory.core())}}, served_(row.depth, nullptr) {}

void Device::submit(Bio& bio) {
  draw_luck(bio);
  Held* const held = held_by(core_.current().id);
  if (held == nullptr) return queue(bio);
  held->bios.push_back(&bio);
  if (held->bios.size() >= max_plugged) flush_plug();
}

void Device::draw_luck(Bio& bio) {
  Hooks& hooks = memory_.hooks();
  if (!hooks.listens(hook_bio)) return;
  BioHook hook;
  hook.device = name_.c_str();
  hook.write = bio.write;
  hook.bytes = static_cast<std::uint32_t>(bio.blocks * page_size);
  const BioAnswer answer = hooks.at_bio(hook);
  bio.delay = answer.delay;
  if (answer.fail) bio.error = -EIO;
}

void Device::queue(Bio& bio) {
  if (!elevator_.merge(bio)) {
    Request& request = get_request(bio);
    // It may have slept: somebody adjacent may wait by now, but a request is a request.
    elevator_.add(request);
  }
  bios_.submitted(bio);
  serve();
}

/// Takes a request for the bio, waiting while there is none.
Request& Device::get_request(Bio& bio) {
  Class& own = classes_[bio.write];
  static_cast<void>(own.full.wait([&own] { return own.requests < nr_requests; },
                                  WaitMode::uninterruptible, never, true));
  if (++own.requests >= congestion_on && !own.congested) {
    own.congested = true;
    if (bio.write) memory_.set_device_congested(true);
  }
  Request& request = requests_.make();
  request.block = bio.block;
  request.blocks = bio.blocks;
  request.write = bio.write;
  request.flush = bio.blocks == 0;
  request.queued = core_.now();
  request.sequence = arrivals_++;
  request.delay = bio.delay;
  request.first = request.last = &bio;
  return request;
}

void Device::put_request(Request& request) {
  Class& own = classes_[request.write];
  if (--own.requests < congestion_off && own.congested) {
    own.congested = false;
    if (request.write) memory_.set_device_congested(false);
  }
  requests_.destroy(request);
  own.full.wake_up();
}

/// Hands queued requests to the hardware while it has a free slot.
void Device::serve() {
  for (std::size_t slot = 0; slot < served_.size(); ++slot) {
    if (served_[slot] != nullptr) continue;
    Request* const request = elevator_.next(core_.now());
    if (request == nullptr) return;
    served_[slot] = request;
    const Nanos time = service_time(*request);
    if (!request->flush) head_ = request->end();
    core_.at(core_.now() + time, finished, this, slot);
  }
}

Nanos Device::service_time(const Request& request) const {
  const bool seeks = request.flush || request.block != head_;
  return row_.command + (seeks ? row_.seek : 0) + row_.page * request.blocks + request.delay + 1;
}

void Device::finished(void* device, std::uint64_t slot) {
  Device& self = *static_cast<Device*>(device);
  Request& request = *std::exchange(self.served_[slot], nullptr);
  self.complete(request);
  self.serve();
}

void Device::complete(Request& request) {
  ++served_count_;
  classes_[request.write].blocks += request.blocks;
  for (Bio* bio = request.first; bio != nullptr;) {
    Bio* const next = bio->next;
    if (bio->end_io != nullptr) bio->end_io(*bio);
    bios_.free(*bio);
    bio = next;
  }
  put_request(request);
}

// --- Plugging.

Device::Held* Device::held_by(TaskId task) {
  for (Held& held : plugs_) {
    if (held.task == task) return &held;
  }
  return nullptr;
}

void Device::plug() {
  const TaskId task = core_.current().id;
  if (Held* const held = held_by(task)) {
    ++held->depth;
  } else {
    plugs_.push_back({task, 1, {}});
  }
}

void Device::unplug() {
  const TaskId task = core_.current().id;
  Held* const held = held_by(task);
  BRINK_ASSERT(held != nullptr);
  if (--held->depth != 0) return;
  std::vector<Bio*> bios = std::move(held->bios);
  plugs_.erase(plugs_.begin() + (held - plugs_.data()));
  for (Bio* bio : bios) queue(*bio);
}

void Device::flush_plug() {
  Held* const held = held_by(core_.current().id);
  if (held == nullptr) return;
  // Queueing may sleep, and others may plug meanwhile: `held` does not stay where it is.
  std::vector<Bio*> bios = std::move(held->bios);
  held->bios.clear();
  for (Bio* bio : bios) queue(*bio);
}

const Bio* Device::plugged(const void* owner, std::uint64_t argument) const {
  for (const Held& held : plugs_) {
    for (const Bio* bio : held.bios) {
      if (bio->owner == owner && bio->argument == argument) return bio;
    }
  }
  return nullptr;
}

}  // namespace brink
