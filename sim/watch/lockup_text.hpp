// A lockup for people: who loops for memory, which lock it holds, who waits for that, since when, and
// why each supplier ran out.
#pragma once

#include <string>

#include "brink/outcome.hpp"

namespace brink {

/// Several lines, each ended by a newline.
std::string lockup_text(Verdict verdict, const Lockup& lockup);

}  // namespace brink
