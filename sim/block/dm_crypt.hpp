// Encryption between a device and those above it (drivers/md/dm-crypt.c, Linux 2.6.31 to 4.0). A
// read is decrypted by kcryptd once the device below has delivered it; a write is encrypted by
// kcryptd into pages of its own, which then go below. Each step takes what it needs from a mempool,
// with GFP_NOIO. How the pages of a write are allocated is Rules::dm_crypt_buffer.
//
// The cipher answers at once. Left out: asynchronous crypto, the thread that sorts writes (4.0
// submits them from dmcrypt_write, here kcryptd does), the device mapper's own clone of each bio
// (its allocation and that of struct dm_crypt_io are one here), requests embedded in the bio's data
// (3.16 and later).
#pragma once

#include <string>
#include <vector>

#include "sim/block/bio_set.hpp"
#include "sim/block/block.hpp"
#include "sim/block/device.hpp"
#include "sim/block/pool.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/locking/work_queue.hpp"

namespace brink {

class DmCrypt final : public Device {
 public:
  /// `pool_pages`: elements of the page pool; 0 for as many as the rule's kernel has.
  struct Config {
    Nanos cpu_per_page = 0;
    std::uint32_t pool_pages = 0;
  };

  DmCrypt(Memory& memory, const Partition& below, const Config& config, std::string name);
  ~DmCrypt() override;

  void start() override;
  void submit(Bio& bio) override;
  void plug() override { below_.device->plug(); }
  void unplug() override { below_.device->unplug(); }
  void flush_plug() override { below_.device->flush_plug(); }
  bool congested(bool write) const override { return below_.device->congested(write); }
  Nanos page_time() const override;
  void blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const override;
  void carriers(BlockerSink& sink) const override;

  const Mempool& page_pool() const { return pages_; }
  /// Transfers that have been taken on and not ended.
  std::size_t ios() const { return live_.size(); }

 private:
  struct Io;
  struct Buffer;

  static std::uint32_t pool_size(const Memory& memory, const Config& config);
  static void io_work(void* io);
  static void crypt_work(void* io);
  void read(Io& io, bool may_sleep);
  void decrypt(Io& io);
  void write(Io& io);
  Bio& clone_of(Io& io, Bio& clone, std::uint32_t from, std::uint32_t blocks);
  Bio* alloc_buffer(Io& io, std::uint32_t from, std::uint32_t blocks, bool& out_of_pages);
  Bio* fill_buffer(Io& io, std::uint32_t from, std::uint32_t blocks, Gfp gfp, bool& out_of_pages);
  void free_buffer(Bio& clone);
  void convert(std::uint32_t blocks);
  void submit_below(Bio& clone);
  static void clone_ended(Bio& clone);
  void put(Io& io);
  void sweep();

  const Partition below_;
  const Config config_;
  BioSet clones_;
  Mempool ios_pool_, requests_, pages_;
  Mutex bio_alloc_lock_;
  WorkQueue io_queue_, crypt_queue_;
  Pool<Io> ios_;
  Pool<Buffer> buffers_;
  std::vector<Io*> live_;
  std::vector<Io*> ended_;            ///< a worker may not have left them yet
  std::vector<const Bio*> entering_;  ///< whose submitter still waits for an Io
};

}  // namespace brink
