// The names of files, each kept once, so that comparing two is comparing two numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace brink {

/// Index of a name in its machine's table.
using NameId = std::uint32_t;
inline constexpr NameId no_name = ~NameId{0};

class NameTable {
 public:
  NameTable();

  /// The name's number; the text is copied if it is new. At most 255 bytes.
  NameId intern(std::string_view text);
  std::string_view text(NameId name) const { return {entries_[name].text, entries_[name].length}; }
  std::uint32_t length(NameId name) const { return entries_[name].length; }

 private:
  struct Entry {
    const char* text;
    std::uint32_t length;
    std::uint32_t hash;
  };

  const char* keep(std::string_view text);
  void grow();

  std::vector<Entry> entries_;
  std::vector<NameId> slots_;  ///< open addressing; a power of two, at most half full
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t left_ = 0;       ///< bytes free in the last block
};

}  // namespace brink
