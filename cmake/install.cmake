# Headers, both libraries, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY fivetuple/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fivetuple
  FILES_MATCHING PATTERN "*.h")
install(TARGETS fivetuple_static fivetuple_shared EXPORT fivetuple
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(FT_BUILD_TOOLS)
  install(TARGETS ft RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fivetuple)
install(EXPORT fivetuple NAMESPACE fivetuple:: FILE fivetuple-targets.cmake
  DESTINATION ${package_dir})
configure_package_config_file(cmake/fivetuple-config.cmake.in fivetuple-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(fivetuple-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/fivetuple-config.cmake
  ${PROJECT_BINARY_DIR}/fivetuple-config-version.cmake DESTINATION ${package_dir})

configure_file(cmake/fivetuple.pc.in fivetuple.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/fivetuple.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
