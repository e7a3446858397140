// Words of expressions: numbers with `_` between digits, dotted names, symbols. Values in filters
// are cut in a mode of their own, because they are written as the file writes them: `4.0+knob`, `1
// GiB`.

#include "experiment/lexer.hpp"

#include <charconv>

#include "experiment/expr.hpp"

namespace brink {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '#' || c == '%';
}
bool in_name(char c) { return begins_name(c) || is_digit(c) || c == '.'; }

/// Whether a whole word begins at `at`.
bool word_at(std::string_view text, std::size_t at, std::string_view word) {
  if (!text.substr(at).starts_with(word)) return false;
  const std::size_t after = at + word.size();
  return (at == 0 || text[at - 1] == ' ') && (after == text.size() || text[after] == ' ');
}

bool ends_value(std::string_view text, std::size_t at) {
  return std::string_view("(),|\n").find(text[at]) != std::string_view::npos ||
         word_at(text, at, "and") || word_at(text, at, "or");
}

}  // namespace

void Lexer::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
    ++at_;
}

void Lexer::advance() {
  skip_blanks();
  token_ = {Token::Kind::end, "", 0, at_};
  if (at_ == text_.size()) return;
  const char c = text_[at_];
  if (is_digit(c)) {
    read_number();
  } else if (begins_name(c)) {
    read_name();
  } else {
    read_symbol();
  }
}

bool Lexer::take(std::string_view word) {
  if (!is(word)) return false;
  advance();
  return true;
}

void Lexer::read_number() {
  std::string digits;
  const auto more = [this] { return at_ < text_.size(); };
  while (more() && (is_digit(text_[at_]) || text_[at_] == '_' || text_[at_] == '.')) {
    if (text_[at_] != '_') digits += text_[at_];
    ++at_;
  }
  const bool exponent = at_ + 1 < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E') &&
                        (is_digit(text_[at_ + 1]) || text_[at_ + 1] == '-');
  if (exponent) {
    do digits += text_[at_++];
    while (more() && (is_digit(text_[at_]) || text_[at_] == '-'));
  }
  token_.kind = Token::Kind::number;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), token_.number);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw ExprError(token_.at, "\"" + digits + "\" is no number");
  }
}

void Lexer::read_name() {
  token_.kind = Token::Kind::name;
  if (text_[at_] == '%') {  // A unit, not the start of a longer name.
    token_.text = text_[at_++];
    return;
  }
  while (at_ < text_.size() && in_name(text_[at_])) token_.text += text_[at_++];
}

void Lexer::read_symbol() {
  token_.kind = Token::Kind::symbol;
  constexpr std::string_view pairs[] = {"<=", ">=", "!=", "=="};
  for (const std::string_view pair : pairs) {
    if (!text_.substr(at_).starts_with(pair)) continue;
    token_.text = pair;
    at_ += 2;
    return;
  }
  if (text_[at_] == '"' || text_[at_] == '\'') return read_quoted();
  if (std::string_view("+-*/()|,<>=").find(text_[at_]) == std::string_view::npos) {
    throw ExprError(at_, std::string("unexpected \"") + text_[at_] + "\"");
  }
  token_.text = text_[at_++];
}

void Lexer::read_quoted() {
  const std::size_t end = text_.find(text_[at_], at_ + 1);
  if (end == std::string_view::npos) throw ExprError(at_, "a closing quote is missing");
  token_.kind = Token::Kind::name;
  token_.text = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
}

std::string Lexer::raw_value() {
  skip_blanks();
  const std::size_t begin = at_;
  std::string value;
  if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
    read_quoted();
    value = token_.text;
  } else {
    while (at_ < text_.size() && !ends_value(text_, at_)) ++at_;
    value = text_.substr(begin, at_ - begin);
    while (!value.empty() && value.back() == ' ') value.pop_back();
    if (value.empty()) throw ExprError(begin, "a value is missing");
  }
  advance();
  return value;
}

}  // namespace brink
