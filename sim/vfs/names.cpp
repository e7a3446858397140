// Interning by an open hash table over text that is copied into blocks and never moves.

#include "sim/vfs/names.hpp"

#include <algorithm>

#include "brink/assert.hpp"

namespace brink {
namespace {

constexpr std::size_t block_bytes = 16 * 1024;

/// FNV-1a. Only where a name is kept depends on it.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 0x811c9dc5u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return hash ^ (hash >> 15);
}

}  // namespace

NameTable::NameTable() : slots_(256, no_name) {}

NameId NameTable::intern(std::string_view text) {
  const std::uint32_t hash = hash_of(text);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != no_name; slot = (slot + 1) & mask) {
    const Entry& entry = entries_[slots_[slot]];
    if (entry.hash == hash && std::string_view(entry.text, entry.length) == text) {
      return slots_[slot];
    }
  }
  const auto id = static_cast<NameId>(entries_.size());
  entries_.push_back({keep(text), static_cast<std::uint32_t>(text.size()), hash});
  slots_[slot] = id;
  if (entries_.size() * 2 > slots_.size()) grow();
  return id;
}

const char* NameTable::keep(std::string_view text) {
  BRINK_ASSERT(text.size() < block_bytes);
  if (left_ < text.size() || blocks_.empty()) {
    blocks_.push_back(std::make_unique<char[]>(block_bytes));
    left_ = block_bytes;
  }
  char* const to = blocks_.back().get() + (block_bytes - left_);
  std::copy(text.begin(), text.end(), to);
  left_ -= text.size();
  return to;
}

void NameTable::grow() {
  slots_.assign(slots_.size() * 2, no_name);
  const std::size_t mask = slots_.size() - 1;
  for (NameId id = 0; id < entries_.size(); ++id) {
    std::size_t slot = entries_[id].hash & mask;
    while (slots_[slot] != no_name) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
}

}  // namespace brink
