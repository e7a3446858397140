// The way of a transfer through dm-crypt (drivers/md/dm-crypt.c, Linux 2.6.31 to 4.0).

#include "sim/block/dm_crypt.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "brink/site_list.hpp"
#include "sim/block/dm_crypt_io.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"

namespace brink {
namespace {

// MIN_IOS, MIN_POOL_PAGES, DM_CRYPT_... of drivers/md/dm-crypt.c.
constexpr std::uint32_t min_ios = 16;
constexpr std::uint32_t min_pool_pages = 32;
constexpr std::uint32_t whole_pool_pages = 256;  // BIO_MAX_PAGES

WorkQueueConfig queue_config(const char* name, std::uint32_t max_active) {
  WorkQueueConfig config;
  config.name = name;
  config.max_active = max_active;
  config.rescuer = true;
  return config;
}

}  // namespace

std::uint32_t DmCrypt::pool_size(const Memory& memory, const Config& config) {
  if (config.pool_pages != 0) return config.pool_pages;
  const bool split = memory.rules().dm_crypt_buffer == Rules::DmCryptBuffer::split;
  return split ? min_pool_pages : whole_pool_pages;
}

DmCrypt::DmCrypt(Memory& memory, const Partition& below, const Config& config, std::string name)
    : Device(memory, std::move(name)),
      below_(below),
      config_(config),
      clones_(memory, "dm-crypt bio", min_ios),
      ios_pool_(
          memory,
          {.name = "dm-crypt io", .min_nr = min_ios, .cache = &memory.slab_cache("dm_crypt_io")}),
      requests_(memory, {.name = "dm-crypt request", .min_nr = min_ios, .kmalloc = 512}),
      pages_(memory, {.name = "dm-crypt page", .min_nr = pool_size(memory, config)}),
      bio_alloc_lock_(memory.locks(), memory.locks().lock_class("dm_crypt.bio_alloc_lock")),
      io_queue_(memory.core(), queue_config("kcryptd_io", 1)),
      crypt_queue_(
          memory.core(),
          queue_config("kcryptd", memory.rules().dm_crypt_parallel ? memory.config().cpus : 1)) {}

DmCrypt::~DmCrypt() = default;

void DmCrypt::start() {
  clones_.fill_reserve();
  for (Mempool* pool : {&ios_pool_, &requests_, &pages_}) {
    const bool filled = pool->fill(site::kernel_boot);
    BRINK_ASSERT(filled);
  }
}

Nanos DmCrypt::page_time() const {
  return std::max(below_.device->page_time(), config_.cpu_per_page);
}

/// crypt_map(), in the submitter's context.
void DmCrypt::submit(Bio& bio) {
  if (bio.blocks == 0) {
    bio.block += below_.first;
    return below_.device->submit(bio);
  }
  sweep();
  entering_.push_back(&bio);
  Frame frame(core().current(), "crypt_map");
  const MempoolElement memory_of_io =
      ios_pool_.alloc(site::dm_crypt_io, below_.device->flush_before_sleep());
  std::erase(entering_, &bio);
  Io& io = ios_.make(*this, bio, memory_of_io);
  live_.push_back(&io);
  bio.set->carried(bio, io);
  ios_pool_.held_through(io.memory, io);
  if (bio.write) {
    crypt_queue_.queue(io.crypt);
  } else if (memory().rules().dm_crypt_parallel) {
    read(io, false);
  } else {
    io_queue_.queue(io.io);
  }
}

// --- Reads.

void DmCrypt::io_work(void* io) {
  Io& self = *static_cast<Io*>(io);
  self.device.read(self, true);
}

/// kcryptd_io_read(). Whoever may not sleep leaves it to kcryptd_io.
void DmCrypt::read(Io& io, bool may_sleep) {
  Bio* clone = nullptr;
  if (may_sleep) {
    clone = &clones_.alloc(site::dm_crypt_bio);
  } else {
    clone = clones_.try_alloc(site::dm_crypt_read_bio);
    if (clone == nullptr) {
      memory().failures().settle_last(Fate::deferred);
      io_queue_.queue(io.io);
      return;
    }
  }
  ++io.pending;
  clone->argument = reinterpret_cast<std::uintptr_t>(&buffers_.make(*this, io));
  submit_below(clone_of(io, *clone, 0, io.base.blocks));
}

void DmCrypt::decrypt(Io& io) {
  Frame frame(core().current(), "kcryptd_crypt");
  convert(io.base.blocks);
  put(io);
}

// --- Writes.

/// kcryptd_crypt_write_convert().
void DmCrypt::write(Io& io) {
  Frame frame(core().current(), "kcryptd_crypt");
  ++io.pending;
  for (std::uint32_t done = 0; done < io.base.blocks;) {
    bool out_of_pages = false;
    Bio& clone = *alloc_buffer(io, done, io.base.blocks - done, out_of_pages);
    done += clone.blocks;
    convert(clone.blocks);
    ++io.pending;
    submit_below(clone);
    if (out_of_pages) memory().congestion().wait(CongestionClass::async, 10 * ms);
  }
  put(io);
}

/// crypt_convert(): a request of the crypto layer, and the CPU's time.
void DmCrypt::convert(std::uint32_t blocks) {
  MempoolElement request = requests_.alloc(site::dm_crypt_request);
  core().step(config_.cpu_per_page * blocks);
  requests_.free(request);
  core().cond_resched();
}

void DmCrypt::crypt_work(void* io) {
  Io& self = *static_cast<Io*>(io);
  if (self.base.write) return self.device.write(self);
  self.device.decrypt(self);
}

// --- Below.

Bio& DmCrypt::clone_of(Io& io, Bio& clone, std::uint32_t from, std::uint32_t blocks) {
  clone.block = below_.first + io.base.block + from;
  clone.blocks = blocks;
  clone.write = io.base.write;
  clone.sync = io.base.sync;
  clone.owner = this;
  clone.end_io = clone_ended;
  return clone;
}

void DmCrypt::submit_below(Bio& clone) {
  Buffer& buffer = *reinterpret_cast<Buffer*>(static_cast<std::uintptr_t>(clone.argument));
  for (const MempoolElement& page : buffer.pages) pages_.held_through(page, buffer);
  below_.device->submit(clone);
}

/// crypt_endio(), in interrupt context.
void DmCrypt::clone_ended(Bio& clone) {
  DmCrypt& self = *static_cast<DmCrypt*>(clone.owner);
  Io& io = reinterpret_cast<Buffer*>(static_cast<std::uintptr_t>(clone.argument))->io;
  self.free_buffer(clone);
  if (clone.error != 0) io.error = -EIO;
  if (io.base.write || clone.error != 0) return self.put(io);
  self.crypt_queue_.queue(io.crypt);
}

/// crypt_dec_pending().
void DmCrypt::put(Io& io) {
  if (--io.pending != 0) return;
  std::erase(live_, &io);
  ios_pool_.free(io.memory);
  end(io.base, io.error);
  ended_.push_back(&io);
}

/// Ios that ended since the last look; one that a worker is still in stays.
void DmCrypt::sweep() {
  std::erase_if(ended_, [this](Io* io) {
    if (io->io.running() || io->crypt.running()) return false;
    ios_.destroy(*io);
    return true;
  });
}

// --- Who must act.

void DmCrypt::blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const {
  for (const Bio* bio : entering_) {
    if (of.matches(*bio)) return name_blocker(sink, core().task(bio->task), bio->since);
  }
  for (const Io* io : live_) {
    if (of.matches(io->base)) return io->blockers(waiter, sink);
  }
  sink.event();
}

void DmCrypt::carriers(BlockerSink& sink) const {
  for (const Bio* bio : entering_) name_blocker(sink, core().task(bio->task), bio->since);
  if (live_.empty()) return;
  io_queue_.blockers(sink);
  crypt_queue_.blockers(sink);
}

/// Whoever works on it, or would; then the device below.
void DmCrypt::Io::blockers(const Task& waiter, BlockerSink& sink) const {
  const AnyOf any(sink);
  for (const WorkItem* item : {&io, &crypt}) {
    if (item->running() || item->pending()) return item->blockers(waiter, sink);
  }
  for (const Buffer* buffer : buffers) buffer->blockers(waiter, sink);
}

void DmCrypt::Buffer::blockers(const Task& waiter, BlockerSink& sink) const {
  const BioKey key{.owner = &device, .argument = reinterpret_cast<std::uintptr_t>(this)};
  device.below_.device->blockers(key, waiter, sink);
}

}  // namespace brink
