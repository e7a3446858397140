// Expressions as words.
#pragma once

#include <string>
#include <string_view>

namespace brink {

struct Token {
  enum class Kind : std::uint8_t { end, number, name, symbol };
  Kind kind = Kind::end;
  std::string text;  ///< of names, without quotes, and symbols: `<=` is one
  double number = 0;
  std::size_t at = 0;  ///< offset of its first byte
};

/// Cuts an expression into words, one ahead. Throws ExprError at what is none.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }

  const Token& token() const { return token_; }
  bool is(std::string_view word) const {
    return token_.kind != Token::Kind::end && token_.kind != Token::Kind::number &&
           token_.text == word;
  }
  void advance();
  /// Past the word, if it is the next one.
  bool take(std::string_view word);

  /// What stands after the operator of a filter: everything up to `and`, `or`, a bracket, a comma,
  /// a
  /// `|` or the end, or a quoted text. Call it while the operator is the current token.
  std::string raw_value();

 private:
  void skip_blanks();
  void read_number();
  void read_name();
  void read_symbol();
  void read_quoted();

  std::string_view text_;
  std::size_t at_ = 0;  ///< after the current token
  Token token_;
};

}  // namespace brink
