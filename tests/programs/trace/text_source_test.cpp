// Lines out of plain and compressed files, and out of what is neither.

#include <gtest/gtest.h>
#include <zstd.h>

#include <fstream>
#include <sstream>

#include "programs/trace/text_source.hpp"

namespace brink {
namespace {

std::string compressed(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::vector<std::string> lines(const std::string& bytes) {
  TextSource source(std::make_unique<std::istringstream>(bytes), "f");
  std::vector<std::string> list;
  std::string_view line;
  while (source.next(line)) {
    list.emplace_back(line);
    EXPECT_EQ(source.line(), list.size());
  }
  EXPECT_FALSE(source.next(line));
  return list;
}

std::string refusal(const std::string& bytes) {
  try {
    lines(bytes);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

using Lines = std::vector<std::string>;

TEST(TextSource, ReadsLinesPlainAndCompressed) {
  const std::string text = "one\n\n three \r\nlast without an end";
  const Lines expected = {"one", "", " three ", "last without an end"};
  EXPECT_EQ(lines(text), expected);
  EXPECT_EQ(lines(compressed(text)), expected);
  EXPECT_EQ(lines(compressed("one\n") + compressed("two\n")), (Lines{"one", "two"}));
  EXPECT_EQ(lines(""), Lines{});
  EXPECT_EQ(lines("\n"), Lines{""});
  EXPECT_EQ(lines(compressed("")), Lines{});
}

TEST(TextSource, ReadsAcrossItsBuffersEdges) {
  std::string text;
  Lines expected;
  for (int i = 0; i < 40'000; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i % 97), 'a') + std::to_string(i));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(lines(text), expected);
  EXPECT_EQ(lines(compressed(text)), expected);
}

TEST(TextSource, RefusesACutOrBrokenCompressedStream) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += std::to_string(i * 7919 % 65'537) + "\n";
  const std::string whole = compressed(text);
  EXPECT_NE(refusal(whole.substr(0, whole.size() / 2)).find("cut off"), std::string::npos);
  EXPECT_NE(refusal(whole.substr(0, whole.size() - 1)).find("cut off"), std::string::npos);
  EXPECT_NE(refusal(whole.substr(0, 5)).find("cut off"), std::string::npos);
  EXPECT_NE(refusal(whole + "garbage").find("zstd"), std::string::npos);
  std::string broken = whole;
  for (std::size_t i = 20; i < 60; ++i) broken[i] = static_cast<char>(broken[i] ^ 0x5a);
  EXPECT_NE(refusal(broken).find("broken zstd stream"), std::string::npos);
}

TEST(TextSource, RefusesBinaryDataAndGiganticLines) {
  EXPECT_EQ(refusal(std::string("ab\nc\0d\n", 7)),
            "f:2:2: error: binary data; this is no text of a trace");
  std::string longest(TextSource::longest_line, 'x');
  longest.push_back('\n');
  EXPECT_EQ(refusal(longest), "");
  longest.insert(0, "\nx");
  EXPECT_EQ(refusal(longest), "f:2: error: the line is longer than 64 KiB; this is no trace");
  EXPECT_NE(refusal(compressed(std::string(50'000'000, 'x'))).find("longer"), std::string::npos);
}

TEST(TextSource, KnowsTheFilesThatPeopleTakeForATrace) {
  EXPECT_NE(refusal(std::string("\x17\x08\x44tracing6\0", 12)).find("trace-cmd report"),
            std::string::npos);
  EXPECT_NE(refusal("PERFILE2xxxx").find("perf script"), std::string::npos);
  EXPECT_NE(refusal("\x1f\x8b\x08").find("gzip"), std::string::npos);
  EXPECT_NE(refusal("\xfd"
                    "7zXZ")
                .find("xz"),
            std::string::npos);
}

TEST(TextSource, RefusesAFileThatIsNotThereOrEmptyOrADirectory) {
  const auto opened = [](const std::string& path) -> std::string {
    try {
      TextSource::open(path);
    } catch (const ConfigError& error) {
      return error.message();
    }
    return {};
  };
  const std::string empty = testing::TempDir() + "/brink_empty_trace.txt";
  std::ofstream(empty).close();
  EXPECT_EQ(opened("/no/such/file"), "the file cannot be read");
  EXPECT_EQ(opened(testing::TempDir()), "the file cannot be read");
  EXPECT_EQ(opened(empty), "the file is empty");
}

}  // namespace
}  // namespace brink
