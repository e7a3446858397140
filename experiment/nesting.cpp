// One pass over the text that knows just enough of TOML's strings and comments to count brackets
// and dots. Readers of trees are recursive, toml++'s included; deep trees would end them without a
// word.

#include "experiment/nesting.hpp"

#include "brink/params.hpp"

namespace brink {
namespace {

constexpr int deepest_brackets = 64;
constexpr int longest_key = 32;

class Scan {
 public:
  Scan(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        skip_comment();
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        structure(c);
        step();
      }
    }
  }

 private:
  void step() {
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    if (byte == 0) fail("is not a text file: it holds a NUL byte");
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
      fail("is not a text file: it holds a control character");
    }
    if (byte == '\n') {
      ++line_;
      column_ = 1;
    } else if ((byte & 0xc0) != 0x80) {  // Continuation bytes are no columns of their own.
      ++column_;
    }
  }

  void structure(char c) {
    if (c == '.') {
      if (++dots_ >= longest_key) fail("a key of more than 32 parts");
      return;
    }
    if (c == '[' || c == '{') {
      if (++depth_ > deepest_brackets) fail("nested deeper than 64 brackets");
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      --depth_;
    }
    if (c == '[' || c == '{' || c == '=' || c == ',' || c == '\n') dots_ = 0;
  }

  void skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') step();
  }

  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool many_lines = text_.substr(at_).starts_with(triple);
    for (int i = 0; i < (many_lines ? 3 : 1); ++i) step();
    while (at_ < text_.size()) {
      if (many_lines ? text_.substr(at_).starts_with(triple) : text_[at_] == quote) break;
      if (!many_lines && text_[at_] == '\n') return;  // Unclosed: the parser says so.
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) step();
      step();
    }
    if (at_ < text_.size()) step();
    // Up to two quotes may stand right before the closing three.
    for (int i = 0; many_lines && i < 4 && at_ < text_.size() && text_[at_] == quote; ++i) step();
  }

  [[noreturn]] void fail(const char* why) const { throw ConfigError({file_, line_, column_}, why); }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1, column_ = 1;
  int depth_ = 0, dots_ = 0;
};

}  // namespace

void check_text(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Scan(text, file).run();
}

}  // namespace brink
