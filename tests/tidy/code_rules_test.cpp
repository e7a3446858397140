// Each thing that the simulation may not do is seen where it must not be, and only there.

#include "tests/tidy/bites.hpp"

namespace brink::tidy {
namespace {

bool bites(Rule rule, const std::string& line, const std::string& path = "sim/mm/x.cpp") {
  return count(rule, path, line + "\n") != 0;
}

TEST(TidyCode, ClocksAreSeen) {
  constexpr Rule rule = no_clocks_and_no_foreign_luck;
  for (const char* line : {"auto t = std::chrono::steady_clock::now();", "#include <chrono>",
                           "clock_gettime(CLOCK_MONOTONIC, &ts);", "x = time(nullptr);",
                           "x = std::time(0);", "auto c = clock();", "gettimeofday(&tv, 0);",
                           "std::this_thread::sleep_for(std::chrono::seconds(1));"}) {
    EXPECT_TRUE(bites(rule, line)) << line;
    EXPECT_TRUE(bites(rule, line, "policies/oom/x.cpp")) << line;
    EXPECT_FALSE(bites(rule, line, "experiment/x.cpp")) << line;
  }
  for (const char* line :
       {"core.charge(costs.syscall);", "Nanos virtual_time(0);", "// time(0)", "sleep(duration);",
        "core_.sleep_until(when);", "cpu.clock += ns;", "say(\"steady_clock::now\");"}) {
    EXPECT_FALSE(bites(rule, line)) << line;
  }
}

TEST(TidyCode, ForeignLuckIsSeen) {
  constexpr Rule rule = no_clocks_and_no_foreign_luck;
  for (const char* line :
       {"int x = rand();", "srand(1);", "std::random_device device;", "std::mt19937_64 engine;",
        "#include <random>", "std::uniform_int_distribution<int> d;", "getenv(\"SEED\")"}) {
    EXPECT_TRUE(bites(rule, line, "faults/x.cpp")) << line;
  }
  EXPECT_FALSE(bites(rule, "const auto n = sys.random().below(7);"));
  EXPECT_FALSE(bites(rule, "int operand(int);"));
}

TEST(TidyCode, FloatingPointIsSeen) {
  EXPECT_TRUE(bites(no_floating_point, "double rate = 0;"));
  EXPECT_TRUE(bites(no_floating_point, "std::vector<float> rates;", "programs/x.cpp"));
  EXPECT_FALSE(bites(no_floating_point, "void free_twice();  // a double free"));
  EXPECT_FALSE(bites(no_floating_point, "bool double_free = true;"));
  EXPECT_FALSE(bites(no_floating_point, "double rate = 0;", "experiment/x.cpp"));
}

TEST(TidyCode, OrderByAddressIsSeen) {
  constexpr Rule rule = no_order_by_address;
  EXPECT_TRUE(bites(rule, "std::unordered_map<int, int> m;"));
  EXPECT_TRUE(bites(rule, "std::unordered_multiset<int> s;", "faults/x.hpp"));
  EXPECT_FALSE(bites(rule, "std::unordered_map<int, int> m;  // never iterated"));
  EXPECT_TRUE(bites(rule, "std::map<Task*, int> m;"));
  EXPECT_TRUE(bites(rule, "std::set<const Task*> s;"));
  EXPECT_TRUE(bites(rule, "std::hash<void*>{}(p);"));
  EXPECT_FALSE(bites(rule, "std::map<TaskId, Task*> m;"));
  EXPECT_FALSE(bites(rule, "std::vector<Task*> v;"));
}

TEST(TidyCode, GlobalsAreSeen) {
  EXPECT_TRUE(bites(no_globals, "static int counter = 0;"));
  EXPECT_TRUE(bites(no_globals, "  static std::vector<int> cache;", "policies/x.cpp"));
  EXPECT_TRUE(bites(no_globals, "thread_local int depth;", "sim/vfs/x.cpp"));
  EXPECT_FALSE(bites(no_globals, "static thread_local Pool pool;", "sim/sched/x.cpp"));
  EXPECT_FALSE(bites(no_globals, "static constexpr int limit = 3;"));
  EXPECT_FALSE(bites(no_globals, "static const std::string name = \"x\";"));
  EXPECT_FALSE(bites(no_globals, "static Params describe();"));
  EXPECT_FALSE(bites(no_globals, "  static void run(void* self) { go(); }"));
  EXPECT_FALSE(bites(no_globals, "static_assert(sizeof(int) == 4);"));
}

TEST(TidyCode, CatchAllIsSeen) {
  EXPECT_TRUE(bites(no_catch_all, "} catch (...) {", "programs/x.cpp"));
  EXPECT_TRUE(bites(no_catch_all, "catch(...)"));
  EXPECT_FALSE(bites(no_catch_all, "} catch (const WorldAbort&) {"));
  EXPECT_FALSE(bites(no_catch_all, "} catch (...) {", "experiment/x.cpp"));
}

TEST(TidyCode, NamesOfPlugInsAreSeenInMechanism) {
  const auto broken = [](const std::string& line) {
    const Tree tree = tree_of({{"policies/bounded_retry.cpp", ""},
                               {"policies/oom/none.cpp", ""},
                               {"sim/mm/x.cpp", line + "\n"}});
    return !found(mechanism_names_no_choice, tree).empty();
  };
  EXPECT_TRUE(broken("if (policy == \"bounded_retry\") return;"));
  EXPECT_TRUE(broken("make(bounded_retry);"));
  EXPECT_FALSE(broken("retry(bounded);  // as bounded_retry does"));
  EXPECT_FALSE(broken("return OomResult::none;"));
}

TEST(TidyCode, TestsThatDoNotRunAreSeen) {
  EXPECT_TRUE(bites(no_disabled_tests, "TEST(A, DISABLED_B) {}", "tests/api/x_test.cpp"));
  EXPECT_TRUE(bites(no_disabled_tests, "GTEST_SKIP();", "tests/api/x_test.cpp"));
  EXPECT_FALSE(bites(no_disabled_tests, "TEST(A, B) {}", "tests/api/x_test.cpp"));
}

TEST(TidyCode, NamesThatSayNothingAreSeen) {
  EXPECT_TRUE(bites(names_say_something, "class LockManager {"));
  EXPECT_TRUE(bites(names_say_something, "struct FaultImpl;", "include/brink/x.hpp"));
  EXPECT_TRUE(bites(names_say_something, "namespace detail {"));
  EXPECT_FALSE(bites(names_say_something, "class Database {"));
  EXPECT_FALSE(bites(names_say_something, "struct Baseline {"));
}

}  // namespace
}  // namespace brink::tidy
