// Reading the tree, and telling code from comments and strings.

#include "tests/tidy/source.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace brink::tidy {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Walks through C++ text and copies only code; all else but newlines becomes spaces.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("//")) return blank_to(rest.find('\n'));
    if (rest.starts_with("/*")) return blank_past("*/", 2);
    if (rest.starts_with("R\"") && !after_word()) return raw_string();
    if (rest.front() == '"') return literal('"');
    if (rest.front() == '\'' && !after_word()) return literal('\'');
    out_ += rest.front();
    ++at_;
  }

  /// True inside a word or number: then ' separates digits, and R is no prefix.
  bool after_word() const { return at_ > 0 && is_word(text_[at_ - 1]); }

  void blank(std::size_t count) {
    for (; count > 0 && at_ < text_.size(); --count, ++at_) {
      out_ += text_[at_] == '\n' ? '\n' : ' ';
    }
  }

  void blank_to(std::size_t length) { blank(std::min(length, text_.size() - at_)); }

  void blank_past(std::string_view end, std::size_t skip) {
    const std::size_t found = text_.find(end, at_ + skip);
    blank_to(found == std::string_view::npos ? found : found + end.size() - at_);
  }

  void raw_string() {
    const std::size_t open = std::min(text_.find('(', at_), text_.size());
    const std::string end = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
    blank_past(end, open - at_);
  }

  void literal(char quote) {
    std::size_t length = 1;
    while (at_ + length < text_.size() && text_[at_ + length] != quote &&
           text_[at_ + length] != '\n') {
      length += text_[at_ + length] == '\\' ? 2 : 1;
    }
    blank(length + 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string extension(std::string_view path) {
  return std::filesystem::path(path).extension().string();
}

bool is_text(const std::filesystem::path& path) {
  constexpr std::array kinds = {".cpp", ".hpp", ".md", ".toml", ".sh", ".cmake", ".in"};
  return std::find(kinds.begin(), kinds.end(), path.extension()) != kinds.end() ||
         path.filename() == "CMakeLists.txt" || path.filename() == "dev";
}

}  // namespace

Source source(std::string path, std::string_view text) {
  Source result{std::move(path), split(text), {}};
  result.code = is_cpp(result) ? split(Blanker(text).run()) : result.lines;
  result.code.resize(result.lines.size());
  return result;
}

Tree read_tree(const std::string& root) {
  namespace fs = std::filesystem;
  Tree tree;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.') || (entry.depth() == 0 && name == "build")) {
      entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file() || !is_text(entry->path())) continue;
    std::ifstream file(entry->path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    tree.push_back(source(fs::relative(entry->path(), root).generic_string(), text));
  }
  std::sort(tree.begin(), tree.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return tree;
}

std::vector<const Source*> below(const Tree& tree, std::string_view folder) {
  std::vector<const Source*> found;
  for (const Source& source : tree) {
    if (!is_cpp(source)) continue;
    if (folder.empty() || in_any(source, {folder})) found.push_back(&source);
  }
  return found;
}

const Source* find(const Tree& tree, std::string_view path) {
  for (const Source& source : tree) {
    if (source.path == path) return &source;
  }
  return nullptr;
}

bool is_cpp(const Source& source) {
  const std::string kind = extension(source.path);
  return kind == ".cpp" || kind == ".hpp";
}

bool is_baseline(const Source& source) {
  return source.path.starts_with("bench/") && source.path.find("/baseline/") != std::string::npos;
}

bool in_any(const Source& source, const std::vector<std::string_view>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](std::string_view folder) {
    return source.path.starts_with(std::string(folder) + "/");
  });
}

std::string stem(std::string_view path) { return std::filesystem::path(path).stem().string(); }

std::string folder_of(std::string_view path) {
  return std::filesystem::path(path).parent_path().generic_string();
}

void complain(Violations& out, const Source& source, std::size_t line, const std::string& what) {
  out.push_back(source.path + ":" + std::to_string(line + 1) + ": " + what);
}

}  // namespace brink::tidy
