// Starting the program, and collecting what it says.

#include "tests/cli/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace brink {

const char* const small_text = R"([experiment]
name = "small"
question = "Does a machine with enough memory make a few directories?"

[machine]
kernel = "4.0+knob"
memory = "64 MiB"

[policy.alloc]
retries = 0

[[mount]]
at = "/"
fs = "ext4"

[[task]]
program = "mkdir_loop"
args = { dir = "/srv", count = 3 }

[sweep]
"policy.alloc.retries" = [0, -1]
seeds = 2

[expect]
all = { completed = "= runs" }
)";

std::string changed(const std::string& from, const std::string& to) {
  std::string text = small_text;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

namespace {

/// Where all folders of this process are; gone when it ends.
struct Folders {
  const std::string path = testing::TempDir() + "/brink_cli_" + std::to_string(::getpid());
  std::atomic<int> made{0};
  ~Folders() { std::filesystem::remove_all(path); }
};

}  // namespace

std::string fresh_folder() {
  static Folders folders;
  const std::filesystem::path folder = folders.path + "/" + std::to_string(folders.made++);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  write_file(folder / "small.toml", small_text);
  return folder;
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

namespace {

void become(const std::string& folder, const Words& arguments, const Words& environment) {
  if (::chdir(folder.c_str()) != 0) ::_exit(120);
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    ::setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
  }
  std::string program = BRINK_BINARY_DIR "/brink";
  Words words = arguments;
  std::vector<char*> pointers = {program.data()};
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  ::_exit(121);
}

void redirect(int descriptor, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(122);
}

}  // namespace

Running::Running(const std::string& folder, const Words& arguments, const Words& environment)
    : folder_(folder) {
  static std::atomic<int> number{0};
  // Outside of the folder, so that tests see there what brink leaves behind, and nothing else.
  tag_ = fresh_folder() + "/" + std::to_string(number++);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::unsetenv("NO_COLOR");
  redirect(STDOUT_FILENO, tag_ + ".out");
  redirect(STDERR_FILENO, tag_ + ".err");
  become(folder, arguments, environment);
}

void Running::kill(int signal) const { ::kill(pid_, signal); }

bool Running::ended() const {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == pid_;
}

Ended Running::wait() {
  int status = 0;
  EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
  Ended ended;
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.out = contents(tag_ + ".out");
  ended.err = contents(tag_ + ".err");
  std::filesystem::remove(tag_ + ".out");
  std::filesystem::remove(tag_ + ".err");
  return ended;
}

Ended run_brink(const std::string& folder, const Words& arguments) {
  return Running(folder, arguments).wait();
}

std::string on_a_terminal(const std::string& folder, const Words& arguments,
                          const Words& environment) {
  winsize size{};
  size.ws_row = 25;
  size.ws_col = 100;
  int screen = -1;
  const pid_t pid = ::forkpty(&screen, nullptr, nullptr, &size);
  if (pid == 0) {
    ::unsetenv("NO_COLOR");
    become(folder, arguments, environment);
  }
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(screen, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(screen);
  ::waitpid(pid, nullptr, 0);
  return text;
}

}  // namespace brink
