// An experiment file as written: a tree of values that know their places, and how its parts are
// named by path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "brink/params.hpp"

namespace brink {

/// A file as read. `root` is a table.
struct Document {
  std::string file;
  std::string text;
  Value root{Table{}};
};

/// Reads a file, at most 16 MiB of text. Throws ConfigError at the first thing that is wrong with
/// it: missing, a directory, unreadable, binary, not TOML, nested deeper than 64.
Document read_document(const std::string& path);

/// Reads TOML from memory; `file` is what messages call it.
Document parse_document(std::string text, std::string file);

/// The keys of a path: `task.anon_hog.args.size`. A part with dots is quoted: `mount."/a.b".size`.
using Path = std::vector<std::string>;

/// Throws ConfigError at `where` for an empty path or part, or an unclosed quote.
Path parse_path(std::string_view text, const Where& where);

/// As parse_path() reads it.
std::string path_text(const Path& path);

/// The value at a path below `root`. A part that meets a list of tables is an index from 0, or what
/// its element is called: its `name`, `program` or `at`. Throws ConfigError at `where`, with a
/// suggestion, if there is no such value or several of that name.
const Value& value_at(const Value& root, const Path& path, const Where& where);

/// The path with an index in the place of every name of an element: two paths are the same key
/// exactly if these are equal.
Path resolved_path(const Value& root, const Path& path, const Where& where);

/// The document with another value at that path. What is not on the path is shared. The last part
/// may be a new key of a table if `may_add`; otherwise it must be there.
Value with_value(const Value& root, const Path& path, const Value& value, const Where& where,
                 bool may_add = false);

/// One `--set key=value`: the document with it applied. A value that is no TOML is taken as a
/// string, and so is a float in the place of a string (`machine.kernel=4.0`). Throws ConfigError.
Value with_override(const Value& root, const std::string& assignment);

/// The place of a character of a string (or quoted key) that begins at `start` in the document:
/// `offset` counts bytes of the string's value.
Where place_in_string(const Document& document, const Where& start, std::string_view value,
                      std::size_t offset);

/// The keys of a table in the order of the file, overrides last in theirs.
std::vector<std::string> keys_in_file_order(const Table& table);

}  // namespace brink
