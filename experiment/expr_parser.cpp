// Expressions by recursive descent: or, and, not, comparison, sum, product, sign, primary.

#include "experiment/expr_calls.hpp"
#include "experiment/expr_types.hpp"
#include "experiment/filter_parser.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

using Op = Expr::Op;
using Type = Expr::Type;

struct UnitRow {
  const char* name;
  double factor;
  Type type;
};

constexpr UnitRow units[] = {
    {"ns", 1e-9, Type::time},  {"us", 1e-6, Type::time},    {"ms", 1e-3, Type::time},
    {"s", 1, Type::time},      {"min", 60, Type::time},     {"h", 3600, Type::time},
    {"%", 0.01, Type::number}, {"ppm", 1e-6, Type::number},
};

/// How deep parentheses, signs and `not` may nest.
constexpr int deepest = 100;

class Parser {
 public:
  Parser(std::string_view text, const std::vector<AxisWords>& axes) : lexer_(text), axes_(axes) {}

  Expr condition() {
    const std::size_t at = lexer_.token().at;
    Expr expr = either();
    expect_truth(expr, at);
    finish();
    return expr;
  }

  Expr amount() {
    const std::size_t at = lexer_.token().at;
    Expr expr = either();
    expect_amount(expr, at);
    finish();
    return expr;
  }

  Expr comparison_with(Expr left) {
    Compare compare = Compare::equal;
    const std::size_t at = lexer_.token().at;
    if (compare_of(lexer_.token(), compare)) lexer_.advance();
    Expr expr = make_comparison_at(std::move(left), compare, sum(), at);
    finish();
    return expr;
  }

 private:
  void finish() const {
    if (lexer_.token().kind == Token::Kind::end) return;
    const bool filter = lexer_.token().text == "|";
    throw ExprError(
        lexer_.token().at,
        filter ? "a filter stands inside of parentheses, as in `rate(lockups | retries = 0)`"
               : "expected an operator or the end");
  }

  Expr join(Op op, Expr left, std::size_t at, Expr right, std::size_t right_at) {
    expect_truth(left, at);
    expect_truth(right, right_at);
    Expr expr;
    expr.op = op;
    expr.type = Type::truth;
    expr.parts = {std::move(left), std::move(right)};
    return expr;
  }

  Expr either() {
    const std::size_t at = lexer_.token().at;
    Expr expr = both();
    while (lexer_.take("or")) {
      const std::size_t right = lexer_.token().at;
      expr = join(Op::either, std::move(expr), at, both(), right);
    }
    return expr;
  }

  Expr both() {
    const std::size_t at = lexer_.token().at;
    Expr expr = inverse();
    while (lexer_.take("and")) {
      const std::size_t right = lexer_.token().at;
      expr = join(Op::both, std::move(expr), at, inverse(), right);
    }
    return expr;
  }

  Expr inverse() {
    if (!lexer_.take("not")) return comparison();
    deeper();
    const std::size_t at = lexer_.token().at;
    Expr expr;
    expr.op = Op::inverse;
    expr.type = Type::truth;
    expr.parts = {inverse()};
    expect_truth(expr.parts[0], at);
    --depth_;
    return expr;
  }

  Expr comparison() {
    Expr expr = sum();
    Compare compare = Compare::equal;
    const std::size_t at = lexer_.token().at;
    if (!compare_of(lexer_.token(), compare)) return expr;
    lexer_.advance();
    expr = make_comparison_at(std::move(expr), compare, sum(), at);
    if (compare_of(lexer_.token(), compare)) {
      throw ExprError(lexer_.token().at, "comparisons do not chain; join them with `and`");
    }
    return expr;
  }

  Expr sum() {
    Expr expr = product();
    while (lexer_.is("+") || lexer_.is("-")) {
      const Op op = lexer_.is("+") ? Op::add : Op::subtract;
      const std::size_t at = lexer_.token().at;
      lexer_.advance();
      expr = make_arithmetic(std::move(expr), op, product(), at);
    }
    return expr;
  }

  Expr product() {
    Expr expr = sign();
    while (lexer_.is("*") || lexer_.is("/")) {
      const Op op = lexer_.is("*") ? Op::multiply : Op::divide;
      const std::size_t at = lexer_.token().at;
      lexer_.advance();
      expr = make_arithmetic(std::move(expr), op, sign(), at);
    }
    return expr;
  }

  Expr sign() {
    const std::size_t at = lexer_.token().at;
    if (!lexer_.take("-")) return primary();
    deeper();
    Expr expr;
    expr.op = Op::negate;
    expr.parts = {sign()};
    --depth_;
    expect_amount(expr.parts[0], at);
    expr.type = expr.parts[0].type == Type::time ? Type::time : Type::number;
    return expr;
  }

  Expr primary() {
    const Token token = lexer_.token();
    if (token.kind == Token::Kind::number) return literal();
    if (lexer_.take("(")) {
      Expr expr = bracketed();
      close(token.at);
      return expr;
    }
    if (token.kind != Token::Kind::name)
      throw ExprError(token.at, "expected a number, a metric or \"(\"");
    lexer_.advance();
    if (!lexer_.is("(")) return metric(token);
    return call(token);
  }

  Expr literal() {
    Expr expr;
    expr.number = lexer_.token().number;
    lexer_.advance();
    const Token& unit = lexer_.token();
    if (unit.kind != Token::Kind::name || unit.text == "and" || unit.text == "or") return expr;
    for (const UnitRow& row : units) {
      if (unit.text != row.name) continue;
      expr.number *= row.factor;
      expr.type = row.type;
      lexer_.advance();
      return expr;
    }
    throw ExprError(unit.at, "unknown unit \"" + unit.text + "\"" +
                                 suggestion(unit.text, names_of(std::span<const UnitRow>(units))));
  }

  /// What stands inside of parentheses, the filter included.
  Expr bracketed() {
    deeper();
    Expr expr = either();
    if (lexer_.take("|")) expr = with_filter(std::move(expr), read_filter(lexer_, axes_));
    --depth_;
    return expr;
  }

  static Expr with_filter(Expr inner, std::shared_ptr<const Filter> filter) {
    Expr expr;
    expr.op = Op::filtered;
    expr.type = inner.type;
    expr.filter = std::move(filter);
    expr.parts = {std::move(inner)};
    return expr;
  }

  void close(std::size_t opened) {
    if (lexer_.take(")")) return;
    throw ExprError(lexer_.token().at,
                    "expected \")\" for the \"(\" at character " + std::to_string(opened + 1));
  }

  void deeper() {
    if (++depth_ > deepest) throw ExprError(lexer_.token().at, "nested too deeply");
  }

  static Expr metric(const Token& token) {
    Expr expr;
    expr.op = Op::metric;
    std::string why;
    if (!find_metric(token.text, expr.metric, why)) throw ExprError(token.at, why);
    if (expr.metric.kind() == MetricKind::time) expr.type = Type::time;
    return expr;
  }

  Expr call(const Token& name) {
    const FunctionRow* function = find_function(name.text);
    if (function == nullptr) throw ExprError(name.at, unknown_function(name.text));
    const std::size_t open = lexer_.token().at;
    lexer_.advance();
    const std::size_t at = lexer_.token().at;
    Expr argument = either();
    double q = name.text == "median" ? 0.5 : 0;
    if (name.text == "quantile") q = second_argument();
    std::shared_ptr<const Filter> filter;
    if (lexer_.take("|")) filter = read_filter(lexer_, axes_);
    close(open);
    Expr expr = make_call(*function, std::move(argument), q, at);
    return filter ? with_filter(std::move(expr), std::move(filter)) : expr;
  }

  double second_argument() {
    if (!lexer_.take(","))
      throw ExprError(lexer_.token().at, "expected \", Q\": quantile(metric, 0.9)");
    const std::size_t at = lexer_.token().at;
    if (lexer_.token().kind != Token::Kind::number)
      throw ExprError(at, "expected a number from 0 to 1");
    const Expr q = literal();
    if (q.number < 0 || q.number > 1) throw ExprError(at, "expected a number from 0 to 1");
    return q.number;
  }

  Lexer lexer_;
  const std::vector<AxisWords>& axes_;
  int depth_ = 0;
};

}  // namespace

Expr parse_condition(std::string_view text, const std::vector<AxisWords>& axes) {
  return Parser(text, axes).condition();
}

Expr parse_amount(std::string_view text, const std::vector<AxisWords>& axes) {
  return Parser(text, axes).amount();
}

Expr parse_comparison(const Expr& left, std::string_view text, const std::vector<AxisWords>& axes) {
  return Parser(text, axes).comparison_with(left);
}

}  // namespace brink
