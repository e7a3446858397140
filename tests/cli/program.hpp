// The program itself, run as people run it: arguments in; exit code, both outputs and files out.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace brink {

using Words = std::vector<std::string>;

struct Ended {
  int code = -1;   ///< what it exited with; -1 if a signal ended it
  int signal = 0;  ///< which
  std::string out, err;
};

/// A folder of this test alone, empty at first.
std::string fresh_folder();

std::string contents(const std::string& path);
void write_file(const std::string& path, const std::string& text);

/// brink under way in a folder.
class Running {
 public:
  Running(const std::string& folder, const Words& arguments, const Words& environment = {});
  void kill(int signal) const;
  bool ended() const;
  Ended wait();

 private:
  std::string folder_, tag_;
  pid_t pid_ = 0;
};

/// Runs brink to its end.
Ended run_brink(const std::string& folder, const Words& arguments);

/// What brink writes to a terminal of 100 columns, both outputs together.
std::string on_a_terminal(const std::string& folder, const Words& arguments,
                          const Words& environment = {"TERM=xterm"});

/// An experiment of 2 points × 2 seeds that takes milliseconds; called small.toml. Everything in
/// it completes.
extern const char* const small_text;

/// That text with one piece in the place of another, which must be there.
std::string changed(const std::string& from, const std::string& to);

}  // namespace brink
