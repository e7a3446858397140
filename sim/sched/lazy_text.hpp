// A description that is made only when somebody wants to read it: hot paths carry two pointers and
// build no string.
#pragma once

#include <string>

namespace brink {

class LazyText {
 public:
  /// Says `text(subject)`. `subject` must outlive this.
  using Text = std::string (*)(const void* subject);

  LazyText() = default;
  /// A literal.
  LazyText(const char* text) : text_(constant), subject_(text) {}
  LazyText(Text text, const void* subject) : text_(text), subject_(subject) {}

  std::string str() const { return text_ != nullptr ? text_(subject_) : std::string(); }

 private:
  static std::string constant(const void* text) { return static_cast<const char*>(text); }

  Text text_ = nullptr;
  const void* subject_ = nullptr;
};

}  // namespace brink
