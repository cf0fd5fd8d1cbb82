# Headers, both libraries, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The backends behind the seam are nobody's to include.
install(DIRECTORY fivetuple/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fivetuple
  FILES_MATCHING PATTERN "*.h" PATTERN backends EXCLUDE)
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

# The file finds the rest from where it stands, however deep that is, unless told otherwise.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
  set(pc_libdir ${CMAKE_INSTALL_FULL_LIBDIR})
  set(pc_includedir ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH way_up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" way_up ${way_up})
  set(pc_prefix "\${pcfiledir}/${way_up}")
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
# As FT_COROUTINE_FLAGS; clang knows the word, and does so by itself.
set(pc_flags "-std=c++23 -pthread -foptimize-sibling-calls")
configure_file(cmake/fivetuple.pc.in fivetuple.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/fivetuple.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
