// What a stretch of code costs: CPU time, and instructions where the host lets them be counted.
#pragma once

#include <cstdint>

namespace brink::bench {

struct Cost {
  double ns = 0;
  double instructions = 0;  ///< 0 if nobody counts them
};

class Meter {
 public:
  Meter();
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  bool counts_instructions() const { return fd_ >= 0; }
  void begin();
  Cost end();

 private:
  std::uint64_t counted() const;

  int fd_ = -1;
  double began_ = 0;
  std::uint64_t began_at_ = 0;
};

/// Resident memory of this process, in bytes.
std::uint64_t resident();

}  // namespace brink::bench
