// Colour, where there is a terminal that wants it.
#pragma once

#include <string>

namespace brink {

struct Paint {
  bool colour = false;

  std::string strong(const std::string& text) const { return wrapped("1", text); }
  std::string bad(const std::string& text) const { return wrapped("1;31", text); }
  std::string good(const std::string& text) const { return wrapped("32", text); }

 private:
  std::string wrapped(const char* code, const std::string& text) const {
    if (!colour) return text;
    return std::string("\x1b[") + code + "m" + text + "\x1b[0m";
  }
};

}  // namespace brink
