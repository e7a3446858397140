// Paths into an experiment, overrides, and places inside of strings.

#include <rapidcheck/gtest.h>

#include <gtest/gtest.h>
#include "experiment/document.hpp"

namespace brink {
namespace {

const Where here{"f.toml", 9, 9};

Document example() {
  return parse_document(
      "[machine]\nmemory = \"64 MiB\"\nkernel = \"4.0+knob\"\n"
      "[[task]]\nprogram = \"hog\"\nargs = { size = 1 }\n"
      "[[task]]\nprogram = \"mkdir\"\ncount = 2\n"
      "[[fault]]\nname = \"slab\"\n[[fault]]\nname = \"slab\"\np = 7\n"
      "[[mount]]\nat = \"/a.b\"\nsize = 3\n",
      "f.toml");
}

std::string error_at(const std::string& path) {
  const Document document = example();
  try {
    value_at(document.root, parse_path(path, here), here);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string value_text(const std::string& path) {
  const Document document = example();
  return value_at(document.root, parse_path(path, here), here).text();
}

TEST(Path, ElementsAreNamedByIndexOrByWhatTheyAreCalled) {
  EXPECT_EQ(value_text("machine.memory"), "\"64 MiB\"");
  EXPECT_EQ(value_text("task.0.args.size"), "1");
  EXPECT_EQ(value_text("task.hog.args.size"), "1");
  EXPECT_EQ(value_text("task.mkdir.count"), "2");
  EXPECT_EQ(value_text("fault.1.p"), "7");
  EXPECT_EQ(value_text("mount.\"/a.b\".size"), "3");
}

TEST(Path, WhatIsMissingIsNamedWithASuggestion) {
  EXPECT_EQ(error_at("machine.memry"),
            "f.toml:9:9: error: machine sets no key \"memry\"; did you mean \"memory\"?");
  EXPECT_EQ(error_at("machne.memory"),
            "f.toml:9:9: error: the file sets no key \"machne\"; did you mean \"machine\"?");
  EXPECT_EQ(error_at("task.hug.count"),
            "f.toml:9:9: error: no element of task is called \"hug\"; did you mean \"hog\"?");
  EXPECT_EQ(error_at("task.2.count"),
            "f.toml:9:9: error: task has 2 elements, counted from 0; there is no 2");
  EXPECT_EQ(error_at("fault.slab.p"),
            "f.toml:9:9: error: several elements of fault are called \"slab\"; name one by its "
            "index, as fault.0");
  EXPECT_EQ(error_at("machine.memory.size"),
            "f.toml:9:9: error: machine.memory is \"64 MiB\", not a table: it has no \"size\"");
}

TEST(Path, ThatIsNoneIsRefused) {
  for (const char* path : {"", ".", "a.", ".a", "a..b", "\"a", "\"a\"b"}) {
    EXPECT_THROW(parse_path(path, here), ConfigError) << path;
  }
}

RC_GTEST_PROP(Path, IsReadBackAsItIsWritten, ()) {
  const auto part = rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("abzAZ09_-./ :=é%#"))));
  Path path = *rc::gen::nonEmpty(rc::gen::container<Path>(part));
  RC_ASSERT(parse_path(path_text(path), here) == path);
}

TEST(Path, ReplacingAValueLeavesTheOriginalAlone) {
  const Document document = example();
  const Value changed =
      with_value(document.root, parse_path("task.hog.args.size", here), Value(5), here);
  EXPECT_EQ(value_at(changed, {"task", "0", "args", "size"}, here).text(), "5");
  EXPECT_EQ(value_at(document.root, {"task", "0", "args", "size"}, here).text(), "1");
  EXPECT_THROW(with_value(document.root, {"machine", "swap"}, Value(5), here), ConfigError);
}

std::string set(const std::string& assignment, const std::string& path) {
  const Value changed = with_override(example().root, assignment);
  return value_at(changed, parse_path(path, here), here).text();
}

TEST(Override, ValuesAreTomlOrWords) {
  EXPECT_EQ(set("task.mkdir.count=5", "task.1.count"), "5");
  EXPECT_EQ(set("machine.memory=64MiB", "machine.memory"), "\"64MiB\"");
  EXPECT_EQ(set("machine.memory=\"1 GiB\"", "machine.memory"), "\"1 GiB\"");
  EXPECT_EQ(set("sweep.\"task.hog.count\"=[1, 2]", "sweep.\"task.hog.count\""), "[1, 2]");
}

TEST(Override, AFloatInThePlaceOfAStringIsAWord) {
  EXPECT_EQ(set("machine.kernel=4.0", "machine.kernel"), "\"4.0\"");
  EXPECT_EQ(set("machine.hz=2.5", "machine.hz"), "2.5");
}

TEST(Override, MayAddKeysAndKnowsItsPlace) {
  const Value changed = with_override(example().root, "machine.swap=-1");
  const Value& swap = value_at(changed, {"machine", "swap"}, here);
  EXPECT_EQ(swap.where().file, "--set machine.swap=-1");
  EXPECT_EQ(swap.where().column, 14u);
  EXPECT_THROW(with_override(example().root, "machine.swap"), ConfigError);
  EXPECT_THROW(with_override(example().root, "=1"), ConfigError);
}

std::pair<std::uint32_t, std::uint32_t> place(const std::string& text, std::size_t offset) {
  const Document document = parse_document(text, "f.toml");
  const Value& value = document.root.table()->at("x");
  const Where where = place_in_string(document, value.where(), *value.get<std::string>(), offset);
  return {where.line, where.column};
}

TEST(PlaceInString, CountsQuotesEscapesAndLines) {
  using Place = std::pair<std::uint32_t, std::uint32_t>;
  EXPECT_EQ(place("x = \"abc\"", 0), Place(1, 6));
  EXPECT_EQ(place("x = \"abc\"", 2), Place(1, 8));
  EXPECT_EQ(place("x = 'abc'", 2), Place(1, 8));
  EXPECT_EQ(place("x = \"a\\tc\"", 2), Place(1, 9));  // The escape takes two columns.
  EXPECT_EQ(place("x = \"éc\"", 2), Place(1, 7));     // Two bytes, one column.
  EXPECT_EQ(place("x = '''\nab\ncd'''", 4), Place(3, 2));
}

}  // namespace
}  // namespace brink
