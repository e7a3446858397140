# The tests: a program for each folder of tests/, which mirrors the tree.
enable_testing()
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)

# GoogleTest's header is compiled once for all of them. What they test is optimised, they need not be.
set(brink_test_definitions BRINK_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  BRINK_BINARY_DIR="${PROJECT_BINARY_DIR}")
file(CONFIGURE OUTPUT gtest_header.cpp CONTENT "// The target of the precompiled header.\n")
add_library(brink_gtest_header OBJECT ${CMAKE_CURRENT_BINARY_DIR}/gtest_header.cpp)
set_target_properties(brink_gtest_header PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_compile_options(brink_gtest_header PRIVATE $<$<CONFIG:Release>:-O1>)
target_compile_definitions(brink_gtest_header PRIVATE ${brink_test_definitions})
target_link_libraries(brink_gtest_header PUBLIC brink_settings Threads::Threads GTest::gtest_main
  rapidcheck rapidcheck_gtest)
target_precompile_headers(brink_gtest_header PRIVATE <gtest/gtest.h> <rapidcheck/gtest.h>)

# brink_tests(FOLDER USES TARGET…): the program test_FOLDER of all sources below tests/FOLDER; of
# tests/sim only those beside its folders.
function(brink_tests folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  string(REPLACE "/" "_" name test_${folder})
  set(sources ${ARG_SOURCES})
  if(NOT sources AND folder STREQUAL "sim")
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.cpp)
  elseif(NOT sources)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.cpp)
  endif()
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE ${brink_test_definitions})
  target_precompile_headers(${name} REUSE_FROM brink_gtest_header)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_link_libraries(${name} PRIVATE brink_settings ${ARG_USES} GTest::gtest_main rapidcheck
    rapidcheck_gtest)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  brink_compiles(${sources})
endfunction()

brink_tests(api USES brink_api)
brink_tests(sim/sched USES brink_sim_sched)
brink_tests(sim/locking USES brink_sim_locking)
brink_tests(sim/mm USES brink_sim_mm brink_policies)
brink_tests(sim/block USES brink_sim_block brink_policies)
brink_tests(sim/vfs USES brink_sim_kernel brink_policies)
brink_tests(sim/fs USES brink_sim_kernel brink_policies)
brink_tests(sim/kernel USES brink_sim_kernel brink_policies)
brink_tests(sim/watch USES brink_sim_watch brink_policies)
brink_tests(sim USES brink_experiment)
brink_tests(policies USES brink_policies)
brink_tests(faults USES brink_faults)
brink_tests(programs USES brink_programs)
brink_tests(experiment USES brink_experiment brink_report)
brink_tests(report USES brink_report)
brink_tests(cli USES brink_experiment brink_report)
brink_tests(examples USES brink::brink)

# Beside the folders: tidy_test, which needs nothing of brink, and tests of the whole.
file(GLOB tidy_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/tidy_test.cpp
  ${PROJECT_SOURCE_DIR}/tests/tidy/*.cpp)
brink_tests(tidy SOURCES ${tidy_sources})
file(GLOB tree_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*.cpp)
list(FILTER tree_sources EXCLUDE REGEX tidy_test)
if(tree_sources)
  brink_tests(tree SOURCES ${tree_sources} USES brink_experiment brink_report)
endif()

# Tests may run the program itself.
foreach(test test_cli test_tree test_experiment test_sim)
  if(TARGET ${test} AND TARGET brink_cli)
    add_dependencies(${test} brink_cli)
  endif()
endforeach()

# What is put between the program and the C library, with LD_PRELOAD: libpreload_NAME.so.
file(GLOB preloads CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/preload/*.cpp)
foreach(preload ${preloads})
  cmake_path(GET preload STEM name)
  add_library(preload_${name} MODULE ${preload})
  target_link_libraries(preload_${name} PRIVATE brink_settings ${CMAKE_DL_LIBS})
  brink_compiles(${preload})
endforeach()

# What the clock test must see reading clocks: Boost.Fiber as its manual shows it.
if(TARGET test_sim AND TARGET preload_clocks)
  add_executable(clock_control ${PROJECT_SOURCE_DIR}/bench/core/baseline/b_canon.cpp)
  target_compile_options(clock_control PRIVATE -w)
  target_link_libraries(clock_control PRIVATE Boost::fiber Boost::context Threads::Threads)
  add_dependencies(test_sim clock_control preload_clocks)
endif()

# The public headers one by one, so that each is known to include what it needs.
file(GLOB headers RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/include/brink/*.hpp)
set(header_sources "")
foreach(header ${headers})
  string(REPLACE ".hpp" ".cpp" source headers/${header})
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND header_sources ${CMAKE_CURRENT_BINARY_DIR}/${source})
endforeach()
add_library(brink_headers OBJECT ${header_sources})
target_link_libraries(brink_headers PRIVATE brink_settings)

# What is installed is enough to build a program with: find_package and pkg-config.
add_test(NAME install_test COMMAND ${CMAKE_COMMAND}
  -DBUILD=${PROJECT_BINARY_DIR} -DSOURCE=${PROJECT_SOURCE_DIR} -DCXX=${CMAKE_CXX_COMPILER}
  -DFLAGS=${CMAKE_CXX_FLAGS} -P ${PROJECT_SOURCE_DIR}/tests/install/install_test.cmake)
set_tests_properties(install_test PROPERTIES TIMEOUT 300)

# Campaigns, for `./dev soak NAME`: tests/soak/NAME.cpp with tests/soak/NAME/*.cpp is the program
# soak_NAME, which is built when it is asked for.
file(GLOB soaks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/soak/*.cpp)
foreach(soak ${soaks})
  cmake_path(GET soak STEM name)
  brink_program(soak_${name} tests/soak/${name}.cpp tests/soak/${name}/*.cpp
    USES brink_experiment brink_report)
  target_compile_definitions(soak_${name} PRIVATE ${brink_test_definitions})
  set_target_properties(soak_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
endforeach()
