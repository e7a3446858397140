// The rules of the house, one function each. Every rule adds what breaks it to `out`; the
// self-tests beside this file show that it bites.
#pragma once

#include <string>

#include "tests/tidy/source.hpp"

namespace brink::tidy {

// --- include_rules.cpp: who may include what.

/// Each folder includes its own files, brink/ and what lies below it, and nothing else.
void include_arrows(const Tree& tree, Violations& out);
/// Included files of ours exist.
void includes_exist(const Tree& tree, Violations& out);
/// Boost.Fiber, toml++ and CLI11 stay where they are wrapped.
void libraries_stay_at_home(const Tree& tree, Violations& out);
/// At most fourteen includes (brink.hpp, which is nothing else, apart).
void few_includes(const Tree& tree, Violations& out);

// --- code_rules.cpp: what the simulation may not do.

/// Nothing reads a clock, sleeps for real or draws luck but from brink::Random.
void no_clocks_and_no_foreign_luck(const Tree& tree, Violations& out);
void no_floating_point(const Tree& tree, Violations& out);
/// Unordered containers only where a comment on the line says that they are never iterated, and no
/// container ordered by pointers.
void no_order_by_address(const Tree& tree, Violations& out);
/// No mutable statics; thread_local only for what the core knows of its thread, for the pools that
/// a thread keeps between worlds, and where assertions find their run.
void no_globals(const Tree& tree, Violations& out);
/// `catch (...)` would swallow the end of a world.
void no_catch_all(const Tree& tree, Violations& out);
/// sim/ does not know what plug-ins are called.
void mechanism_names_no_choice(const Tree& tree, Violations& out);
void no_disabled_tests(const Tree& tree, Violations& out);
/// No Manager, Helper, Util, Base, Impl or Handler.
void names_say_something(const Tree& tree, Violations& out);

// --- layout_rules.cpp: sizes.

/// At most 300 lines a file, 100 columns a line (tables under `clang-format off` apart).
void short_files_and_lines(const Tree& tree, Violations& out);
/// At most 70 lines a function.
void short_functions(const Tree& tree, Violations& out);
/// Every file begins by saying what it is; headers then are included once.
void first_words(const Tree& tree, Violations& out);

// --- tree_rules.cpp: what must be there.

/// A plug-in (a .cpp without a header of its own) has a row in its folder's table and a test.
void plug_ins_have_rows_and_tests(const Tree& tree, Violations& out);
/// A scheduler strategy is included by somebody, as the table of strategies, and has a test.
void strategies_are_used_and_tested(const Tree& tree, Violations& out);
/// Each part of the report has a test of its own, or one that includes a header that it implements.
void reports_have_tests(const Tree& tree, Violations& out);
/// Every .cpp is in `compiled`, the list that CMake wrote: absolute paths, one a line.
void sources_are_compiled(const Tree& tree, const std::string& root, const std::string& compiled,
                          Violations& out);
/// Experiments that ship have kebab-case names and state what they expect.
void experiments_expect(const Tree& tree, Violations& out);
/// Relative links in documents lead somewhere.
void links_exist(const Tree& tree, const std::string& root, Violations& out);
/// CONTRIBUTING.md is there and at most 60 lines long.
void contributing_is_short(const Tree& tree, Violations& out);

}  // namespace brink::tidy
