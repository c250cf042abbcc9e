# SPDX-License-Identifier: BSD-2-Clause
#
# The install tree:
#   bin/otrace  lib/otrace.so  lib/libotrace.{so,a}  lib/liboshell.so  include/otrace/*.h  lib/cmake/otrace  lib/pkgconfig
# Each part installs what it builds; here is what belongs to none of them. Everything finds its neighbours by
# relative paths, so an installed tree can be moved.

include(CMakePackageConfigHelpers)

install(DIRECTORY runtime/include/otrace DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "experimental.h" EXCLUDE)

if(OTRACE_BUILD_SHELL)
  install(DIRECTORY shell/include/otrace DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
endif()

set(OTRACE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/otrace)
configure_package_config_file(cmake/otraceConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/otraceConfig.cmake
  INSTALL_DESTINATION ${OTRACE_CMAKE_DIR}
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/otraceConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/otraceConfig.cmake ${CMAKE_BINARY_DIR}/cmake/otraceConfigVersion.cmake
  DESTINATION ${OTRACE_CMAKE_DIR})

# The .pc files name their folders relative to themselves.
file(RELATIVE_PATH OTRACE_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" OTRACE_PC_TO_PREFIX "${OTRACE_PC_TO_PREFIX}")
set(pcs otrace otrace-static)
if(OTRACE_BUILD_SHELL)
  list(APPEND pcs otrace-shell)
endif()
foreach(pc IN LISTS pcs)
  configure_file(cmake/${pc}.pc.in ${CMAKE_BINARY_DIR}/cmake/${pc}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/cmake/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
