// Reading [expect], its shorthand included, and judging it. The shorthand is compiled to the same
// expressions that are written out, so there is one evaluator.

#include "experiment/expect.hpp"

#include <optional>

#include "experiment/suggest.hpp"

namespace brink {
namespace {

constexpr std::string_view ratio_suffix = "_ratio_to";

class ExpectReader {
  // First, because its result type is deduced.
  /// Runs a parser; what it throws gets the place inside of the string at `start`.
  template <class Parse>
  auto at(const Where& start, const std::string& text, Parse parse) const {
    try {
      return parse();
    } catch (const ExprError& error) {
      throw ConfigError(place_in_string(document_, start, text, error.offset()),
                        std::string(error.what()) + ", in \"" + text + "\"");
    }
  }

 public:
  ExpectReader(const Document& document, const std::vector<AxisWords>& axes)
      : document_(document), axes_(axes) {}

  std::vector<ExpectLine> read(const Table& table) {
    for (const std::string& key : keys_in_file_order(table)) {
      const Value& value = table.at(key);
      ExpectLine line;
      line.where = value.key_where();
      line.filter_text = key;
      if (key != "all") {
        line.selection =
            narrowed({}, at(value.key_where(), key, [&] { return parse_filter(key, axes_); }));
      }
      read_value(line, value);
    }
    return std::move(lines_);
  }

 private:
  [[noreturn]] static void refuse(const Value& value, const std::string& key, const char* wanted) {
    throw ConfigError(value.where(),
                      "expect: \"" + key + "\": expected " + wanted + ", found " + a_kind(value));
  }

  void read_value(const ExpectLine& line, const Value& value) {
    if (value.get<std::string>() != nullptr) {
      add_condition(line, value);
    } else if (const List* list = value.list()) {
      for (const Value& element : *list) {
        if (element.get<std::string>() == nullptr) refuse(element, line.filter_text, "a condition");
        add_condition(line, element);
      }
    } else if (const Table* table = value.table()) {
      read_shorthand(line, *table);
    } else {
      refuse(value, line.filter_text, "a condition, a list of conditions, or a table");
    }
  }

  void add_condition(ExpectLine line, const Value& value) {
    const std::string& text = *value.get<std::string>();
    line.where = value.where();
    line.says = text;
    line.condition = at(value.where(), text, [&] { return parse_condition(text, axes_); });
    lines_.push_back(std::move(line));
  }

  void read_shorthand(ExpectLine line, const Table& table) {
    const auto empty = table.find("may_be_empty");
    if (empty != table.end()) {
      const bool* truth = empty->second.get<bool>();
      if (truth == nullptr) refuse(empty->second, "may_be_empty", "true or false");
      line.may_be_empty = *truth;
    }
    bool ratio = false;
    for (const std::string& key : keys_in_file_order(table)) {
      if (key.ends_with(ratio_suffix)) {
        add_ratio(line, table, key);
        ratio = true;
      } else if (!is_option(key)) {
        add_metric(line, key, table.at(key));
      }
    }
    for (const char* key : {"below", "above", "apart"}) {
      const auto found = table.find(key);
      if (found == table.end() || ratio) continue;
      throw ConfigError(found->second.key_where(),
                        std::string("\"") + key + "\" belongs to a METRIC_ratio_to");
    }
  }

  static bool is_option(const std::string& key) {
    return key == "may_be_empty" || key == "below" || key == "above" || key == "apart";
  }

  /// `lockups = "> 0"`, `enomem = 0`, `"median(page_touches)" = ">= 80_000"`.
  void add_metric(ExpectLine line, const std::string& key, const Value& value) {
    const Expr left = at(value.key_where(), key, [&] { return parse_amount(key, axes_); });
    line.where = value.key_where();
    if (const std::string* text = value.get<std::string>()) {
      line.says = key + " " + *text;
      line.condition =
          at(value.where(), *text, [&] { return parse_comparison(left, *text, axes_); });
    } else {
      const std::optional<double> number = number_of(value);
      if (!number) refuse(value, key, "a number, or a comparison as \"> 0\"");
      Expr right;
      right.number = *number;
      line.says = key + " = " + value.text();
      line.condition = at(value.where(), line.says,
                          [&] { return make_comparison(left, Compare::equal, right); });
    }
    lines_.push_back(std::move(line));
  }

  static std::optional<double> number_of(const Value& value) {
    if (const auto* integer = value.get<std::int64_t>()) return static_cast<double>(*integer);
    if (const auto* number = value.get<double>()) return *number;
    return std::nullopt;
  }

  /// `lockup_ratio_to = "retries = -1"`: rates for what a run is or is not, means for counts.
  void add_ratio(const ExpectLine& line, const Table& table, const std::string& key) {
    const Value& value = table.at(key);
    const std::string* filter = value.get<std::string>();
    if (filter == nullptr) refuse(value, key, "a filter, as \"retries = -1\"");
    const Expr here = ratio_side(key, value);
    Expr there;
    there.op = Expr::Op::filtered;
    there.type = here.type;
    there.filter = at(value.where(), *filter, [&] { return parse_filter(*filter, axes_); });
    there.parts = {here};
    bool judged = add_bound(line, table, "below", Compare::less, here, there, key);
    judged |= add_bound(line, table, "above", Compare::more, here, there, key);
    judged |= add_apart(line, table, here, there, key);
    if (judged) return;
    throw ConfigError(value.key_where(), "\"" + key +
                                             "\" needs one of below = NUMBER, above = NUMBER, "
                                             "apart = true beside it");
  }

  Expr ratio_side(const std::string& key, const Value& value) const {
    const std::string stem = key.substr(0, key.size() - ratio_suffix.size());
    Metric metric;
    std::string why, other;
    if (!find_metric(stem, metric, why) && !find_metric(stem + "s", metric, other)) {
      throw ConfigError(value.key_where(), why);
    }
    Expr expr;
    expr.metric = metric;
    const bool indicator = metric.kind() == MetricKind::indicator;
    expr.op = indicator ? Expr::Op::rate : Expr::Op::mean;
    expr.type = indicator ? Expr::Type::rate : Expr::Type::number;
    if (metric.kind() == MetricKind::time) expr.type = Expr::Type::time;
    return expr;
  }

  bool add_bound(ExpectLine line, const Table& table, const char* key, Compare compare,
                 const Expr& here, const Expr& there, const std::string& ratio_key) {
    const auto found = table.find(key);
    if (found == table.end()) return false;
    const std::optional<double> number = number_of(found->second);
    if (!number) refuse(found->second, key, "a number");
    Expr ratio, bound;
    ratio.op = Expr::Op::divide;
    ratio.parts = {here, there};
    bound.number = *number;
    line.where = table.at(ratio_key).key_where();
    line.says = ratio_key + " \"" + *table.at(ratio_key).get<std::string>() + "\" " + key + " " +
                found->second.text();
    line.condition = make_comparison(ratio, compare, bound);
    lines_.push_back(std::move(line));
    return true;
  }

  /// The intervals do not touch: this one lies below the other, or above it if the line has
  /// `above`.
  bool add_apart(ExpectLine line, const Table& table, const Expr& here, const Expr& there,
                 const std::string& ratio_key) {
    const auto found = table.find("apart");
    if (found == table.end()) return false;
    const bool* truth = found->second.get<bool>();
    if (truth == nullptr) refuse(found->second, "apart", "true or false");
    if (!*truth) return false;
    if (here.type != Expr::Type::rate) {
      throw ConfigError(found->second.key_where(),
                        "apart is for what a run is or is not: counts have no interval");
    }
    const bool larger = table.find("above") != table.end();
    Expr near, far;
    near.op = larger ? Expr::Op::lower : Expr::Op::upper;
    near.parts = {here};
    far.op = larger ? Expr::Op::upper : Expr::Op::lower;
    far.parts = {there};
    line.where = table.at(ratio_key).key_where();
    line.says = ratio_key + " \"" + *table.at(ratio_key).get<std::string>() +
                "\": " + (larger ? "larger" : "smaller") + ", and the 95 % intervals are apart";
    line.condition = make_comparison(near, larger ? Compare::more : Compare::less, far);
    lines_.push_back(std::move(line));
    return true;
  }

  const Document& document_;
  const std::vector<AxisWords>& axes_;
  std::vector<ExpectLine> lines_;
};

}  // namespace

std::vector<ExpectLine> read_expectations(const Document& document,
                                          const std::vector<AxisWords>& axes) {
  const auto found = document.root.table()->find("expect");
  if (found == document.root.table()->end()) return {};
  const Table* table = found->second.table();
  if (table == nullptr) {
    throw ConfigError(found->second.where(),
                      std::string("expect: expected a table, found ") + a_kind(found->second));
  }
  return ExpectReader(document, axes).read(*table);
}

bool speaks_of_runs(const ExpectLine& line, const std::vector<Axes>& points) {
  return has_points(line.condition, points, line.selection);
}

Expectation judge(const ExpectLine& line, const std::vector<const PointStatistics*>& points) {
  const Answer answer = evaluate(line.condition, points, line.selection);
  Expectation judged;
  judged.where = line.filter_text;
  judged.says = line.says;
  judged.found = answer.text;
  judged.vacuous = answer.no_runs;
  judged.ok = answer.no_runs ? line.may_be_empty : answer.defined && answer.truth;
  return judged;
}

}  // namespace brink
