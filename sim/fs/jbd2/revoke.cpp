// Blocks that must not be replayed, because they were freed (fs/jbd2/revoke.c, Linux 4.0).

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/jbd2/journal.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

int Journal::insert_revoke(BlockNumber block) {
  const SlabObject object =
      memory_.alloc_object_insisting(revoke_cache_, site::jbd2_revoke, {.nap = 0});
  if (!object) return -ENOMEM;
  RevokeTable& table = revokes_[revoke_table_];
  table.index.insert(block, static_cast<std::uint32_t>(table.records.size()));
  table.records.push_back({block, object, true});
  return 0;
}

int Journal::revoke(Handle& handle, BlockNumber block, Buffer* buffer) {
  Frame frame(core_.current(), "jbd2_journal_revoke");
  if (buffer != nullptr) {
    if (buffer->has(BH_Revoked)) {
      buffers_.put(*buffer);
      return -EIO;
    }
    buffer->state |= BH_Revoked | BH_RevokeValid;
    static_cast<void>(forget(handle, *buffer));
  }
  return insert_revoke(block);
}

/// The block is used again in this transaction.
void Journal::cancel_revoke(JournalHead& jh) {
  Buffer& buffer = *jh.bh;
  const bool search = !buffer.has(BH_RevokeValid) || buffer.has(BH_Revoked);
  buffer.state |= BH_RevokeValid;
  buffer.state &= ~std::uint32_t{BH_Revoked};
  if (!search) return;
  RevokeTable& table = revokes_[revoke_table_];
  const std::uint32_t* const at = table.index.find(buffer.block);
  if (at == nullptr) return;
  Revoke& record = table.records[*at];
  record.live = false;
  memory_.free_object(record.memory);
  table.index.erase(buffer.block);
}

/// jbd2_clear_buffer_revoked_flags(): the next transaction revokes nothing yet.
void Journal::clear_revoked_flags() {
  for (const Revoke& record : revokes_[revoke_table_].records) {
    if (!record.live) continue;
    Buffer* const buffer = buffers_.find(record.block);
    if (buffer == nullptr) continue;
    buffer->state &= ~std::uint32_t{BH_Revoked};
    buffers_.put(*buffer);
  }
}

}  // namespace brink
