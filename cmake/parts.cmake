# How folders become libraries and programs.

# Remembers which sources some target compiles, for brink_list_sources().
function(brink_compiles)
  set_property(GLOBAL APPEND PROPERTY BRINK_SOURCES ${ARGN})
endfunction()

# brink_part(FOLDER USES TARGET…): the library brink_FOLDER (slashes become underscores) of all
# sources below the folder; of sim itself only those beside its folders. A folder without sources is
# a part too, so that whoever uses it still gets what it uses.
function(brink_part folder)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  string(REPLACE "/" "_" name brink_${folder})
  if(folder STREQUAL "sim")
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  else()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  endif()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_USES})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC brink_settings ${ARG_USES})
  target_compile_options(${name} PRIVATE ${brink_lto_compile})
  set_property(GLOBAL APPEND PROPERTY BRINK_PARTS ${name})
  brink_compiles(${sources})
endfunction()

# brink_program(TARGET SOURCE… [NAME name] USES TARGET…): a program of the sources (globs), if there
# are any.
function(brink_program target)
  cmake_parse_arguments(ARG "" "NAME" "USES" ${ARGN})
  list(TRANSFORM ARG_UNPARSED_ARGUMENTS PREPEND ${PROJECT_SOURCE_DIR}/)
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_UNPARSED_ARGUMENTS})
  if(NOT sources)
    return()
  endif()
  if(ARG_USES MATCHES "CLI11")
    find_package(CLI11 REQUIRED)
  endif()
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE brink_settings ${ARG_USES})
  if(ARG_NAME)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${ARG_NAME})
  endif()
  brink_compiles(${sources})
endfunction()

# The library that others link: brink::brink, all parts in one archive.
function(brink_library)
  get_property(parts GLOBAL PROPERTY BRINK_PARTS)
  set(objects "")
  foreach(part ${parts})
    list(APPEND objects $<TARGET_OBJECTS:${part}>)
  endforeach()
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/brink/*.hpp)
  add_library(brink_library STATIC ${objects})
  add_library(brink::brink ALIAS brink_library)
  set_target_properties(brink_library PROPERTIES
    LINKER_LANGUAGE CXX OUTPUT_NAME brink EXPORT_NAME brink)
  target_sources(brink_library PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  target_compile_features(brink_library PUBLIC cxx_std_20)
  target_link_libraries(brink_library PRIVATE Boost::fiber Boost::context fmt::fmt
    tomlplusplus::tomlplusplus zstd::libzstd_shared Threads::Threads)
endfunction()

# Writes the list of all compiled sources, one a line, for tests/tidy_test.
function(brink_list_sources)
  get_property(sources GLOBAL PROPERTY BRINK_SOURCES)
  list(SORT sources)
  string(REPLACE ";" "\n" lines "${sources}")
  file(WRITE ${PROJECT_BINARY_DIR}/sources.txt "${lines}\n")
endfunction()
