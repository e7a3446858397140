// Filters as text: `retries = -1 and (machine.memory < 1 GiB or not kernel = 4.0)`.

#include "experiment/filter_parser.hpp"

#include <algorithm>
#include <charconv>

#include "experiment/suggest.hpp"

namespace brink {
namespace {

using Ptr = std::shared_ptr<const Filter>;

Ptr joined(Filter::Kind kind, std::vector<Ptr> parts) {
  if (parts.size() == 1 && kind != Filter::Kind::none_of) return parts.front();
  Filter filter;
  filter.kind = kind;
  filter.parts = std::move(parts);
  return std::make_shared<const Filter>(std::move(filter));
}

/// A number if it is one; else the text.
Value value_of(const std::string& text) {
  std::int64_t integer = 0;
  const char* end = text.data() + text.size();
  if (const auto r = std::from_chars(text.data(), end, integer);
      r.ec == std::errc{} && r.ptr == end) {
    return Value(integer);
  }
  double number = 0;
  if (const auto r = std::from_chars(text.data(), end, number);
      r.ec == std::errc{} && r.ptr == end) {
    return Value(number);
  }
  if (text == "true" || text == "false") return Value(text == "true");
  return Value(text);
}

/// Whether `name` is the axis' path, or whole parts at its end.
bool is_called(const std::string& axis, const std::string& name) {
  return axis == name || (axis.size() > name.size() && axis.ends_with(name) &&
                          axis[axis.size() - name.size() - 1] == '.');
}

class FilterParser {
 public:
  FilterParser(Lexer& lexer, const std::vector<AxisWords>& axes) : lexer_(lexer), axes_(axes) {}

  Ptr any() {
    std::vector<Ptr> parts{all()};
    while (lexer_.take("or")) parts.push_back(all());
    return joined(Filter::Kind::any_of, std::move(parts));
  }

 private:
  Ptr all() {
    std::vector<Ptr> parts{one()};
    while (lexer_.take("and")) parts.push_back(one());
    return joined(Filter::Kind::all_of, std::move(parts));
  }

  Ptr one() {
    if (++depth_ > deepest) throw ExprError(lexer_.token().at, "nested too deeply");
    Ptr filter = lexer_.take("not") ? joined(Filter::Kind::none_of, {one()})
                 : lexer_.take("(") ? bracketed()
                                    : test();
    --depth_;
    return filter;
  }

  Ptr bracketed() {
    Ptr inner = any();
    if (!lexer_.take(")")) throw ExprError(lexer_.token().at, "expected \")\"");
    return inner;
  }

  Ptr test() {
    const Token name = lexer_.token();
    if (name.kind != Token::Kind::name) {
      throw ExprError(name.at, "expected the name of an axis, as in `retries = -1`");
    }
    Filter filter;
    filter.axis = axis_called(name);
    lexer_.advance();
    const Token op = lexer_.token();
    if (!compare_of(op, filter.compare)) {
      throw ExprError(op.at, "expected =, !=, <, <=, > or >= after the axis");
    }
    filter.value = value_of(lexer_.raw_value());
    const bool order = filter.compare != Compare::equal && filter.compare != Compare::unequal;
    for (const Value& value : axes_[filter.axis].values) {
      if (!order || comparable(value, filter.value)) continue;
      throw ExprError(op.at, axes_[filter.axis].name + " takes the value " + value.text() +
                                 ", which has no order with " + filter.value.text());
    }
    return std::make_shared<const Filter>(std::move(filter));
  }

  std::size_t axis_called(const Token& name) const {
    std::vector<std::size_t> found;
    std::vector<std::string> known;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      known.push_back(axes_[i].name);
      if (is_called(axes_[i].name, name.text)) found.push_back(i);
      if (axes_[i].name == name.text) return i;
    }
    if (found.size() == 1) return found.front();
    if (found.empty()) throw ExprError(name.at, unknown_axis(name.text, known));
    throw ExprError(name.at, "\"" + name.text + "\" may be " + known[found[0]] + " or " +
                                 known[found[1]] + "; write more of it");
  }

  static std::string unknown_axis(const std::string& name, std::vector<std::string> known) {
    const std::string message = "no axis of the sweep is called \"" + name + "\"";
    if (known.empty()) return message + "; there are no axes";
    // A slip in a short name is found among short names.
    std::vector<std::string> words = known;
    for (const std::string& axis : known) words.push_back(axis.substr(axis.rfind('.') + 1));
    const std::string guess = did_you_mean(name, words);
    return message + (guess.empty() ? suggestion(name, known) : suggestion(name, {guess}));
  }

  static constexpr int deepest = 100;

  Lexer& lexer_;
  const std::vector<AxisWords>& axes_;
  int depth_ = 0;
};

}  // namespace

bool compare_of(const Token& token, Compare& compare) {
  struct Row {
    const char* symbol;
    Compare compare;
  };
  constexpr Row rows[] = {{"=", Compare::equal},    {"==", Compare::equal},
                          {"!=", Compare::unequal}, {"<", Compare::less},
                          {"<=", Compare::at_most}, {">", Compare::more},
                          {">=", Compare::at_least}};
  for (const Row& row : rows) {
    if (token.kind != Token::Kind::symbol || token.text != row.symbol) continue;
    compare = row.compare;
    return true;
  }
  return false;
}

std::shared_ptr<const Filter> read_filter(Lexer& lexer, const std::vector<AxisWords>& axes) {
  return FilterParser(lexer, axes).any();
}

std::shared_ptr<const Filter> parse_filter(std::string_view text,
                                           const std::vector<AxisWords>& axes) {
  Lexer lexer(text);
  auto filter = read_filter(lexer, axes);
  if (lexer.token().kind != Token::Kind::end) {
    throw ExprError(lexer.token().at, "expected \"and\", \"or\" or the end of the filter");
  }
  return filter;
}

}  // namespace brink
