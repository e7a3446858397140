// Numbers with units: sizes, durations, probabilities. Whole numbers of the smallest unit, exact,
// so that "0.1 s" is the same on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "brink/params.hpp"

namespace brink {

struct Unit {
  const char* name;
  std::uint64_t size;  ///< in the smallest unit
};

/// What a value came to as a number of the smallest unit.
struct Measure {
  enum class State : std::uint8_t {
    whole,  ///< `amount` of the smallest unit
    negative,
    huge,        ///< beyond 64 bits
    fraction,    ///< not a whole number of the smallest unit
    malformed,   ///< a string, but no number with one of the units
    wrong_kind,  ///< neither a string nor an integer that may stand alone
  };
  State state = State::malformed;
  std::uint64_t amount = 0;
  std::string hint{};  ///< the unit that may have been meant, for a message
};

/// A kind of quantity: its units, smallest first.
struct Quantity {
  const char* wanted;    ///< "a size (…)", for messages
  const char* smallest;  ///< "bytes"
  std::span<const Unit> units;
  std::uint64_t bare;  ///< the size of an integer's unit; 0 if a unit must be written

  Measure measure(const Value& value) const;
  /// In the largest unit that leaves no remainder: "64 MiB".
  std::string text(std::uint64_t amount) const;
  /// "1 MiB … 4 GiB"; "from 1 MiB" if there is no upper bound.
  std::string range(std::uint64_t low, std::uint64_t high) const;
};

const Quantity& size_quantity();
const Quantity& duration_quantity();
const Quantity& probability_quantity();

}  // namespace brink
