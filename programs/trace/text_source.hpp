// Lines of a text file of any size, plain or compressed with zstd, one at a time in bounded memory.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "brink/params.hpp"
#include "brink/units.hpp"

namespace brink {

/// Where bytes come from. Throws ConfigError if they cannot be had.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills up to `size` bytes; 0 only at the end.
  virtual std::size_t read(char* buffer, std::size_t size) = 0;
};

class TextSource {
 public:
  /// A longer line is no line of a trace.
  static constexpr std::size_t longest_line = 64 * KiB;

  /// Opens a file; it may be compressed.
  static TextSource open(const std::string& path);
  /// Reads a stream, which may be compressed; `name` stands for it in messages.
  TextSource(std::unique_ptr<std::istream> stream, std::string name);

  /// The next line without its end, valid until the next call; false after the last one. Throws
  /// ConfigError for what no text contains: a NUL byte, a line too long, a broken or cut off
  /// compressed stream.
  bool next(std::string_view& line);

  /// Number of the line that next() returned last, from 1.
  std::uint32_t line() const { return line_; }
  Where where(std::size_t column = 0) const {
    return {name_, line_, static_cast<std::uint32_t>(column)};
  }

 private:
  bool refill();
  void check(std::string_view line) const;

  std::string name_;
  std::unique_ptr<ByteSource> bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what next() has not returned yet, in buffer_
  std::uint32_t line_ = 0;
  bool ended_ = false;
};

}  // namespace brink
