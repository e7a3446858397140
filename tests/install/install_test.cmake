# Installs the build into an empty place, then builds and runs consumer.cpp against nothing but
# that: with find_package(brink), and with pkg-config where there is one.
# Called with BUILD, SOURCE, CXX and FLAGS.

set(work ${BUILD}/install_test)
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed: ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_greeting)
  if(NOT output MATCHES "GFP_NOFS may fail")
    message(FATAL_ERROR "the consumer printed: ${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
foreach(file include/brink/brink.hpp share/doc/brink/LICENSE)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

run(${CMAKE_COMMAND} -S ${SOURCE}/tests/install -B ${work}/build -G Ninja
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${FLAGS})
run(${CMAKE_COMMAND} --build ${work}/build)
run(${work}/build/consumer)
expect_greeting()

find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  file(GLOB_RECURSE pc ${prefix}/*/brink.pc)
  cmake_path(GET pc PARENT_PATH directory)
  run(${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${directory} ${PKG_CONFIG} --cflags --libs brink)
  separate_arguments(flags UNIX_COMMAND "${FLAGS} ${output}")
  run(${CXX} ${SOURCE}/tests/install/consumer.cpp ${flags} -o ${work}/consumer)
  run(${work}/consumer)
  expect_greeting()
endif()
