// Reading files: what is wrong with them is said with its place, and nothing overflows.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include "experiment/document.hpp"

namespace brink {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_document(text, "f.toml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string read_error(const std::string& path) {
  try {
    read_document(path);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(TomlReader, EveryKindOfValueArrivesWithItsPlace) {
  const Document document = parse_document(
      "a = 1\nb = [true, 'x']\n[c]\nd.e = 2.5\n[[f]]\n[[f]]\ng = { h = -3 }\n", "f.toml");
  const Table& root = *document.root.table();
  EXPECT_EQ(*root.at("a").get<std::int64_t>(), 1);
  EXPECT_EQ(root.at("b").where().column, 5u);
  EXPECT_EQ((*root.at("b").list())[1].where().column, 12u);
  const Value& e = root.at("c").table()->at("d").table()->at("e");
  EXPECT_EQ(*e.get<double>(), 2.5);
  EXPECT_EQ(e.where().line, 4u);
  EXPECT_EQ(e.where().column, 7u);
  EXPECT_EQ(e.key_where().column, 3u);
  EXPECT_EQ(root.at("f").list()->size(), 2u);
  EXPECT_EQ((*root.at("f").list())[1].table()->at("g").table()->at("h").where().line, 7u);
}

TEST(TomlReader, KeysComeInTheOrderOfTheFile) {
  const Document document = parse_document("z = 1\na = 2\n\"m.n\" = 3\nb = 4\n", "f.toml");
  const std::vector<std::string> expected = {"z", "a", "m.n", "b"};
  EXPECT_EQ(keys_in_file_order(*document.root.table()), expected);
}

TEST(TomlReader, MistakesAreNamedWithLineAndColumn) {
  EXPECT_EQ(error_of("x = 1\nx = 2\n"),
            "f.toml:2:5: error: cannot redefine existing integer 'x' (while reading a key-value "
            "pair)");
  EXPECT_EQ(error_of("x = 1\ny = 1979-05-27\n"),
            "f.toml:2:5: error: dates and times have no meaning here");
  const std::string unclosed = error_of("x = \"abc\ny = 1\n");
  EXPECT_TRUE(unclosed.starts_with("f.toml:1:9: error: ")) << unclosed;
  EXPECT_NE(unclosed.find("is a closing quote missing on this line?"), std::string::npos);
}

TEST(TomlReader, AByteOrderMarkIsNoColumn) {
  const Document document = parse_document("\xEF\xBB\xBFx = 1\n", "f.toml");
  EXPECT_EQ(document.root.table()->at("x").where().column, 5u);
}

TEST(TomlReader, ColumnsCountCharacters) {
  EXPECT_TRUE(error_of("x = 'é' 5\n").starts_with("f.toml:1:9: ")) << error_of("x = 'é' 5\n");
}

TEST(TomlReader, DeepNestingIsRefusedBeforeItOverflows) {
  EXPECT_EQ(error_of("x = " + repeated("[", 100'000) + "\n"),
            "f.toml:1:69: error: nested deeper than 64 brackets");
  EXPECT_EQ(error_of("x = " + repeated("{ a = ", 100'000)),
            "f.toml:1:389: error: nested deeper than 64 brackets");
  EXPECT_EQ(error_of(repeated("a.", 1'000'000) + "a = 1\n"),
            "f.toml:1:64: error: a key of more than 32 parts");
  // Quotes before the closing three must not hide what follows.
  EXPECT_EQ(error_of("x = [\"\"\"a\"\"\"\", " + repeated("[", 100'000) + "\n"),
            "f.toml:1:79: error: nested deeper than 64 brackets");
}

TEST(TomlReader, BracketsAndDotsInStringsAndCommentsAreText) {
  const std::string many = repeated("[.", 1000);
  EXPECT_EQ(error_of("x = \"" + many + "\" # " + many + "\ny = '''\n" + many + "\n'''\n"), "");
}

TEST(TomlReader, BinaryFilesAreRefused) {
  EXPECT_EQ(error_of(std::string("\x7f"
                                 "ELF\x02\x01",
                                 6)),
            "f.toml:1:5: error: is not a text file: it holds a control character");
  EXPECT_EQ(error_of(std::string("x = 1\n\0", 7)),
            "f.toml:2:1: error: is not a text file: it holds a NUL byte");
}

TEST(TomlReader, FilesThatCannotBeReadAreNamed) {
  EXPECT_EQ(read_error("/no/such.toml"),
            "/no/such.toml: error: cannot be opened: No such file or directory");
  EXPECT_EQ(read_error("/tmp"), "/tmp: error: is a directory, not a file");
  // Opens, and then fails to read.
  EXPECT_TRUE(read_error("/proc/self/mem").starts_with("/proc/self/mem: error: cannot be read: "));
  EXPECT_EQ(read_error("/dev/zero"), "/dev/zero: error: is larger than 16 MiB");
}

}  // namespace
}  // namespace brink
