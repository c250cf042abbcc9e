# SPDX-License-Identifier: BSD-2-Clause
#
# The switches of the build, and the INTERFACE targets that carry compiler flags. Every target of ours
# links ot_warnings, which brings the sanitizers along when they are asked for; what is loaded into other
# people's programs links ot_warnings_only.

# The LLVM that the pass is built for; every script and message takes the number from here.
set(OTRACE_LLVM_MAJOR 19)

option(OTRACE_BUILD_PASS  "Build the compiler plugin (needs LLVM ${OTRACE_LLVM_MAJOR})" ON)
option(OTRACE_BUILD_SHELL "Build the otrace command" ON)
option(OTRACE_BUILD_TESTS "Build the tests" ON)
option(OTRACE_WERROR      "Treat compiler warnings as errors" ON)
set(OTRACE_SANITIZE "" CACHE STRING "Sanitizers to build with: address, undefined, thread, or several with commas")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(ot_sanitize INTERFACE)
if(OTRACE_SANITIZE)
  set(sanitize -fsanitize=${OTRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(ot_sanitize INTERFACE ${sanitize})
  target_link_options(ot_sanitize INTERFACE ${sanitize})
endif()

add_library(ot_warnings_only INTERFACE)
add_library(ot_warnings INTERFACE)
target_link_libraries(ot_warnings INTERFACE ot_warnings_only ot_sanitize)
target_compile_options(ot_warnings_only INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wundef
                              -Wformat=2 -Wno-unused-parameter>
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
                          -Wunused-parameter -Wvla -Werror=implicit-fallthrough>)
if(OTRACE_WERROR)
  target_compile_options(ot_warnings_only INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:-Werror>)
endif()
