// Where a broken invariant of brink itself ends: one line that names the run, then exit code 3.

#include "brink/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace brink {
namespace {

thread_local std::string run_id;

}  // namespace

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "brink: internal error: %s:%d: %s\n", file, line, expression);
  if (!run_id.empty()) std::fprintf(stderr, "brink: in run %s\n", run_id.c_str());
  std::fflush(stderr);
  std::_Exit(3);
}

void set_current_run(std::string id) { run_id = std::move(id); }

const std::string& current_run() { return run_id; }

}  // namespace brink
