// One run told: its story, what it ended in, and what could have saved it.
#pragma once

#include <string>

#include "brink/escapes.hpp"
#include "report/paint.hpp"

namespace brink {

std::string explain_text(const Explanation& explanation, const Paint& paint = {});

/// The closed set: who waits for what, since when, who holds it, and why no supplier of memory
/// could help. The watchers' own evidence, in words.
std::string closed_set_text(const Lockup& lockup, const Paint& paint = {});

/// Which numbers of retries escape, through what, and the runs that show it.
std::string escapes_text(const Escapes& escapes);

std::string no_return_text(const PointOfNoReturn& no_return);

}  // namespace brink
