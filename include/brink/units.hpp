// Units and identities that every folder shares. Virtual quantities only: nothing here ever comes
// from a real clock or a real address.
#pragma once

#include <cstdint>

namespace brink {

/// Virtual time since the machine was switched on, or a length of it, in nanoseconds.
using Nanos = std::uint64_t;

inline constexpr Nanos us = 1'000;
inline constexpr Nanos ms = 1'000 * us;
inline constexpr Nanos seconds = 1'000 * ms;
inline constexpr Nanos never = ~Nanos{0};

/// Index of a task in its machine, dense and in order of creation; not reused while the machine
/// lives.
using TaskId = std::uint32_t;
inline constexpr TaskId no_task = ~TaskId{0};

/// A number of 4 KiB pages.
using Pages = std::uint64_t;
inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t page_shift = 12;

inline constexpr std::uint64_t KiB = 1024;
inline constexpr std::uint64_t MiB = 1024 * KiB;
inline constexpr std::uint64_t GiB = 1024 * MiB;

}  // namespace brink
