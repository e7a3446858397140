// Run ids as text. A value is written as TOML; a string stands without quotes wherever it would be
// read back as the same string.

#include "experiment/run_id.hpp"

#include <algorithm>
#include <charconv>

#include "experiment/document.hpp"

namespace brink {
namespace {

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._+/~^-").find(c) != std::string_view::npos;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (plain(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

/// The value as TOML, or, if it is none, the text itself.
Value read_value(const std::string& text) {
  if (text.find('\n') != std::string::npos) return Value(text);
  try {
    const Document document = parse_document("x = " + text, "run id");
    if (document.root.table()->size() == 1) return document.root.table()->at("x");
  } catch (const ConfigError&) {
    // No TOML: a word.
  }
  return Value(text);
}

std::string value_text(const Value& value) {
  const std::string* string = value.get<std::string>();
  if (string == nullptr) return encoded(value.text());
  const Value back = read_value(*string);
  const bool same = back.get<std::string>() != nullptr && *back.get<std::string>() == *string;
  return encoded(same ? *string : value.text());
}

std::string indices_text(const std::vector<std::size_t>& indices) {
  std::string text;
  for (const std::size_t index : indices) {
    text += (text.empty() ? "" : ",") + std::to_string(index);
  }
  return text.empty() ? "none" : text;
}

/// Reads an id from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ended() const { return at_ == text_.size(); }
  bool next_is(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  bool take(std::string_view word) {
    if (!next_is(word)) return false;
    at_ += word.size();
    return true;
  }

  void expect(std::string_view word, const char* what) {
    if (!take(word)) fail(std::string("expected \"") + std::string(word) + "\", " + what);
  }

  /// Up to one of the characters, decoded.
  std::string word(std::string_view ends) {
    std::string out;
    while (!ended() && ends.find(text_[at_]) == std::string_view::npos) {
      if (text_[at_] == '%') {
        out += escaped();
      } else if (plain(text_[at_])) {
        out += text_[at_++];
      } else {
        fail(std::string("unexpected \"") + text_[at_] + "\"");
      }
    }
    return out;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) fail("expected a number");
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  std::pair<std::string, Value> assignment(std::string_view ends) {
    std::string key = word("=:,@");
    if (key.empty()) fail("expected a name");
    expect("=", "and a value after it");
    return {std::move(key), read_value(word(ends))};
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw ConfigError({"run id", 1, static_cast<std::uint32_t>(at_ + 1)},
                      why + ", in \"" + std::string(text_) + "\"");
  }

 private:
  char escaped() {
    unsigned byte = 0;
    const char* begin = text_.data() + at_ + 1;
    const char* end = text_.data() + std::min(text_.size(), at_ + 3);
    const auto [stop, error] = std::from_chars(begin, end, byte, 16);
    if (error != std::errc{} || stop != begin + 2) fail("expected two hex digits after %");
    at_ += 3;
    return static_cast<char>(byte);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::vector<std::size_t> read_indices(Reader& reader) {
  std::vector<std::size_t> indices;
  if (reader.take("none")) return indices;
  do indices.push_back(static_cast<std::size_t>(reader.number()));
  while (reader.take(","));
  return indices;
}

RunId::PolicySwitch read_policy(Reader& reader) {
  RunId::PolicySwitch policy;
  policy.name = reader.word(",@:");
  if (policy.name.empty()) reader.fail("expected the name of a policy");
  while (reader.take(",")) policy.params.push_back(reader.assignment(",@:"));
  reader.expect("@", "and the number of a question after it");
  policy.question = reader.number();
  return policy;
}

RunId::Reschedule read_reschedule(Reader& reader) {
  RunId::Reschedule reschedule;
  reschedule.choice = reader.number();
  reader.expect("/", "and a seed after it");
  reschedule.seed = reader.number();
  return reschedule;
}

}  // namespace

std::string axes_text(const Axes& axes) {
  std::string text;
  for (const auto& [path, value] : axes) {
    text += (text.empty() ? "" : ",") + encoded(path) + "=" + value_text(value);
  }
  return text;
}

std::string run_id_text(const RunId& id) {
  std::string text = encoded(id.name) + "@" + id.digest;
  if (!id.axes.empty()) text += ":" + axes_text(id.axes);
  text += ":seed=" + std::to_string(id.seed);
  if (id.faults) text += ":faults=" + indices_text(*id.faults);
  if (!id.schedule.empty()) text += ":schedule=" + id.schedule;
  if (id.policy) {
    text += ":policy=" + encoded(id.policy->name);
    if (!id.policy->params.empty()) text += "," + axes_text(id.policy->params);
    text += "@" + std::to_string(id.policy->question);
  }
  if (id.reschedule) {
    text += ":resched=" + std::to_string(id.reschedule->choice) + "/" +
            std::to_string(id.reschedule->seed);
  }
  return text;
}

RunId parse_run_id(std::string_view text) {
  Reader reader(text);
  RunId id;
  id.name = reader.word("@:");
  if (id.name.empty()) reader.fail("expected the name of an experiment");
  reader.expect("@", "and the experiment's digest after it");
  id.digest = reader.word(":");
  reader.expect(":", "and the seed after it");
  if (!reader.next_is("seed=")) {
    do id.axes.push_back(reader.assignment(",:"));
    while (reader.take(","));
    reader.expect(":", "and the seed after it");
  }
  reader.expect("seed=", "the seed");
  id.seed = reader.number();
  if (reader.take(":faults=")) id.faults = read_indices(reader);
  if (reader.take(":schedule=")) id.schedule = reader.word(":");
  if (reader.take(":policy=")) id.policy = read_policy(reader);
  if (reader.take(":resched=")) id.reschedule = read_reschedule(reader);
  if (!reader.ended()) {
    reader.fail("expected faults=, schedule=, policy=, resched=, in this order, or the end");
  }
  return id;
}

}  // namespace brink
