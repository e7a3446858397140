// soak_teardown COUNT: takes so many locked-up worlds down and counts what their frames owned; made
// to be run under a sanitizer or memcheck (teardown.sh).
// soak_teardown dropped: takes one down in the wrong way; whoever watches the heap must notice.

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

#include "tests/soak/teardown/worlds.hpp"

// Sanitizers have it; nobody else does.
extern "C" [[gnu::weak]] void __lsan_do_leak_check();

namespace brink::soak {
namespace {

/// Lockups of whole machines cost a hundred times as much: every tenth world is one.
const Shape& shape_of(std::uint64_t number) {
  const auto cheap = lock_shapes(), whole = machine_shapes();
  if (number % 10 == 9) return whole[number / 10 % whole.size()];
  return cheap[number % cheap.size()];
}

bool is_right(const Shape& shape, const Ended& ended, std::uint64_t number) {
  if (ended.verdict != shape.verdict) {
    std::fprintf(stderr, "world %llu (%s): %s: %s\n", static_cast<unsigned long long>(number),
                 shape.name, name(ended.verdict), ended.reason.c_str());
  } else if (ended.held == 0) {
    std::fprintf(stderr, "world %llu (%s): no baggage in blocked frames\n",
                 static_cast<unsigned long long>(number), shape.name);
  } else if (Baggage::alive != 0) {
    std::fprintf(stderr, "world %llu (%s): %llu of %llu frames did not unwind\n",
                 static_cast<unsigned long long>(number), shape.name,
                 static_cast<unsigned long long>(Baggage::alive),
                 static_cast<unsigned long long>(ended.held));
  } else {
    return true;
  }
  return false;
}

int take_down(std::uint64_t count) {
  std::uint64_t held = 0;
  for (std::uint64_t number = 0; number < count; ++number) {
    const Shape& shape = shape_of(number);
    const Ended ended = shape.run(number + 1);
    if (!is_right(shape, ended, number)) return 1;
    held += ended.held;
  }
  std::printf("%llu locked-up worlds of %zu shapes, %llu frames with heap objects, all unwound\n",
              static_cast<unsigned long long>(count),
              lock_shapes().size() + machine_shapes().size(),
              static_cast<unsigned long long>(held));
  return 0;
}

int drop() {
  const Ended ended = dropped_world();
  std::printf("%llu frames with heap objects dropped\n",
              static_cast<unsigned long long>(ended.held));
  std::fflush(stdout);
  if (__lsan_do_leak_check != nullptr) __lsan_do_leak_check();
  // Nothing must run on those stacks any more, the end of this thread's fibers included.
  _exit(ended.verdict == Verdict::deadlock && ended.held > 0 ? 0 : 1);
}

}  // namespace
}  // namespace brink::soak

int main(int count, char** arguments) {
  if (count == 2 && std::strcmp(arguments[1], "dropped") == 0) return brink::soak::drop();
  std::uint64_t worlds = 0;
  const char* const text = count == 2 ? arguments[1] : "";
  const auto read = std::from_chars(text, text + std::strlen(text), worlds);
  if (worlds == 0 || *read.ptr != '\0') {
    std::fprintf(stderr, "soak_teardown: COUNT, or dropped\n");
    return 2;
  }
  return brink::soak::take_down(worlds);
}
