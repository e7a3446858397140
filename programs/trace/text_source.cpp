// Reading lines, through zstd if the first bytes say so.

#include "programs/trace/text_source.hpp"

#include <zstd.h>

#include <array>
#include <fstream>
#include <utility>
#include <vector>

namespace brink {
namespace {

constexpr std::size_t chunk = 128 * KiB;

/// First bytes of files that people mistake for a text.
struct Magic {
  std::string_view bytes;
  const char* what;
};
constexpr std::array magics = {
    Magic{"\x17\x08\x44tracing",
          "a binary trace of trace-cmd; print it with `trace-cmd report -i`"},
    Magic{"PERFILE2", "a binary recording of perf; print it with `perf script -i`"},
    Magic{"\x1f\x8b", "compressed with gzip; only zstd and plain text are read"},
    Magic{"\xfd"
          "7zXZ",
          "compressed with xz; only zstd and plain text are read"},
    Magic{"BZh", "compressed with bzip2; only zstd and plain text are read"},
};

/// A frame of zstd, or one that its readers skip.
bool is_zstd(std::string_view bytes) {
  return bytes.starts_with("\x28\xb5\x2f\xfd") ||
         (bytes.size() >= 4 && (bytes[0] & '\xf0') == '\x50' &&
          bytes.substr(1, 3) == "\x2a\x4d\x18");
}

class PlainBytes final : public ByteSource {
 public:
  PlainBytes(std::unique_ptr<std::istream> stream, std::string name)
      : stream_(std::move(stream)), name_(std::move(name)) {}

  std::size_t read(char* buffer, std::size_t size) override {
    stream_->read(buffer, static_cast<std::streamsize>(size));
    if (stream_->bad()) throw ConfigError({name_}, "cannot be read to its end");
    return static_cast<std::size_t>(stream_->gcount());
  }

 private:
  std::unique_ptr<std::istream> stream_;
  std::string name_;
};

/// Bytes that were read already, then the rest.
class PushedBack final : public ByteSource {
 public:
  PushedBack(std::string first, std::unique_ptr<ByteSource> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}

  std::size_t read(char* buffer, std::size_t size) override {
    if (used_ == first_.size()) return rest_->read(buffer, size);
    const std::size_t copied = first_.copy(buffer, size, used_);
    used_ += copied;
    return copied;
  }

 private:
  std::string first_;
  std::size_t used_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

class ZstdBytes final : public ByteSource {
 public:
  ZstdBytes(std::unique_ptr<ByteSource> compressed, std::string name)
      : compressed_(std::move(compressed)), name_(std::move(name)), input_(chunk) {}

  std::size_t read(char* buffer, std::size_t size) override {
    ZSTD_outBuffer out = {buffer, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) in_ = {input_.data(), compressed_->read(input_.data(), chunk), 0};
      const bool at_end = in_.size == 0;
      // At the end of the input there may be output left in the decoder.
      const std::size_t result = ZSTD_decompressStream(stream_.get(), &out, &in_);
      if (ZSTD_isError(result)) {
        throw ConfigError({name_}, std::string("broken zstd stream: ") + ZSTD_getErrorName(result));
      }
      if (!at_end) unfinished_ = result != 0;
      if (!at_end || out.pos != 0) continue;
      if (unfinished_) throw ConfigError({name_}, "the zstd stream is cut off");
      return 0;
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };

  std::unique_ptr<ByteSource> compressed_;
  std::string name_;
  std::vector<char> input_;
  ZSTD_inBuffer in_ = {nullptr, 0, 0};
  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  bool unfinished_ = false;
};

std::string first_bytes(ByteSource& bytes) {
  std::string first(16, '\0');
  std::size_t size = 0;
  while (size < first.size()) {
    const std::size_t got = bytes.read(first.data() + size, first.size() - size);
    if (got == 0) break;
    size += got;
  }
  first.resize(size);
  return first;
}

}  // namespace

TextSource::TextSource(std::unique_ptr<std::istream> stream, std::string name)
    : name_(std::move(name)) {
  auto plain = std::make_unique<PlainBytes>(std::move(stream), name_);
  std::string first = first_bytes(*plain);
  for (const Magic& magic : magics) {
    if (first.starts_with(magic.bytes)) {
      throw ConfigError({name_}, std::string("this is ") + magic.what);
    }
  }
  const bool compressed = is_zstd(first);
  bytes_ = std::make_unique<PushedBack>(std::move(first), std::move(plain));
  if (compressed) bytes_ = std::make_unique<ZstdBytes>(std::move(bytes_), name_);
}

TextSource TextSource::open(const std::string& path) {
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  // A directory opens, but has nothing to read.
  if (!*file || file->peek() == std::ifstream::traits_type::eof()) {
    throw ConfigError({path}, file->is_open() && !file->bad() && file->eof()
                                  ? "the file is empty"
                                  : "the file cannot be read");
  }
  return TextSource(std::move(file), path);
}

bool TextSource::next(std::string_view& line) {
  std::size_t end = buffer_.find('\n', begin_);
  while (end == std::string::npos && buffer_.size() - begin_ <= longest_line) {
    const std::size_t searched = buffer_.size() - begin_;
    if (!refill()) break;
    end = buffer_.find('\n', searched);
  }
  if (begin_ == buffer_.size()) return false;
  if (end == std::string::npos) end = buffer_.size();
  line = std::string_view(buffer_).substr(begin_, end - begin_);
  begin_ = std::min(end + 1, buffer_.size());
  ++line_;
  check(line);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

void TextSource::check(std::string_view line) const {
  if (line.size() > longest_line) {
    throw ConfigError(where(), "the line is longer than 64 KiB; this is no trace");
  }
  if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos) {
    throw ConfigError(where(nul + 1), "binary data; this is no text of a trace");
  }
}

/// Moves what is left to the front and reads on; false at the end.
bool TextSource::refill() {
  if (ended_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + chunk);
  const std::size_t got = bytes_->read(buffer_.data() + kept, chunk);
  buffer_.resize(kept + got);
  ended_ = got == 0;
  return !ended_;
}

}  // namespace brink
