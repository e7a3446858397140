# Benchmarks, for `./dev bench NAME`: the program bench_NAME, of bench/NAME.cpp or as
# bench/NAME/CMakeLists.txt says.
file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
foreach(bench ${benches})
  cmake_path(GET bench STEM name)
  brink_program(bench_${name} bench/${name}.cpp USES brink_experiment brink_report)
endforeach()
file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*/CMakeLists.txt)
foreach(bench ${benches})
  cmake_path(GET bench PARENT_PATH folder)
  add_subdirectory(${folder})
endforeach()
