// What a person should know about a trace that was read: what the recorder lost, what the reader
// left.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "programs/trace/text_source.hpp"
#include "programs/trace/trace.hpp"

namespace brink {

/// Collected while reading.
class TraceRemarks {
 public:
  /// A comment or header.
  void remark(std::string_view text);
  /// A mark that events were lost.
  void lost(std::uint32_t line);
  /// A line that is none of a trace.
  void foreign(std::uint32_t line);

  /// The first line that is none of a trace.
  Where where_foreign(const TextSource& source) const;
  std::vector<std::string> warnings(const ReadingCounts& counts,
                                    const std::map<std::string, std::uint32_t>& flags) const;

 private:
  std::uint64_t lost_marks_ = 0;
  std::uint32_t first_lost_ = 0;
  std::uint32_t first_foreign_ = 0;
  std::uint64_t overwritten_ = 0;  ///< events, as the header tells
};

}  // namespace brink
