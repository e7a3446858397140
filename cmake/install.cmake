# `cmake --install`: library, headers, program, experiments, and the ways to find them again.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(brink_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/brink)
install(TARGETS brink_library EXPORT brinkTargets FILE_SET HEADERS)
install(EXPORT brinkTargets NAMESPACE brink:: DESTINATION ${brink_cmake_dir})
configure_package_config_file(cmake/brinkConfig.cmake.in brinkConfig.cmake
  INSTALL_DESTINATION ${brink_cmake_dir})
# Until 1.0 any minor version may break users.
write_basic_package_version_file(brinkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/brinkConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/brinkConfigVersion.cmake DESTINATION ${brink_cmake_dir})
file(RELATIVE_PATH brink_pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/brink.pc.in brink.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/brink.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET brink_cli)
  install(TARGETS brink_cli)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/configs)
  install(DIRECTORY configs DESTINATION ${CMAKE_INSTALL_DATADIR}/brink)
endif()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
