# SPDX-License-Identifier: BSD-2-Clause
#
# Finds the LLVM that the pass is built for.
#
#   find_package(OtraceLLVM REQUIRED)
#
# gives the target OtraceLLVM::headers (include folders, definitions, RTTI and exceptions as LLVM was
# built; a pass plugin links no LLVM library, the compiler that loads it has them all), and
#   OtraceLLVM_VERSION, OtraceLLVM_TOOLS_DIR   19.1.7, /usr/lib/llvm-19/bin
#   OtraceLLVM_CLANG, OtraceLLVM_CLANGXX, OtraceLLVM_FILECHECK, OtraceLLVM_LIT   programs, or …-NOTFOUND
#
# LLVM's own version file accepts nothing but an exact major.minor, so find_package(LLVM 19) fails
# against 19.1: ask without a version and compare here.

find_package(LLVM CONFIG QUIET
  HINTS /usr/lib/llvm-${OTRACE_LLVM_MAJOR}/lib/cmake/llvm)

if(NOT LLVM_FOUND)
  set(why "LLVM ${OTRACE_LLVM_MAJOR} was not found. On Debian: apt-get install llvm-${OTRACE_LLVM_MAJOR}-dev (or make deps). \
Elsewhere: point LLVM_DIR at the folder of LLVMConfig.cmake. Without the pass: -DOTRACE_BUILD_PASS=OFF.")
elseif(NOT LLVM_VERSION_MAJOR EQUAL OTRACE_LLVM_MAJOR)
  set(why "LLVM ${LLVM_PACKAGE_VERSION} was found in ${LLVM_DIR}, but otrace is built for LLVM ${OTRACE_LLVM_MAJOR}: \
a plugin works in the compiler of its own major version only. Point LLVM_DIR at LLVM ${OTRACE_LLVM_MAJOR}'s CMake files.")
endif()

if(NOT why)
  set(OtraceLLVM_VERSION ${LLVM_PACKAGE_VERSION})
  set(OtraceLLVM_TOOLS_DIR ${LLVM_TOOLS_BINARY_DIR})
  foreach(tool IN ITEMS clang:CLANG clang++:CLANGXX FileCheck:FILECHECK)
    string(REPLACE ":" ";" tool "${tool}")
    list(GET tool 0 name)
    list(GET tool 1 variable)
    find_program(OtraceLLVM_${variable} NAMES ${name}-${OTRACE_LLVM_MAJOR} ${name}
      HINTS ${LLVM_TOOLS_BINARY_DIR} NO_CACHE)
  endforeach()
  # Debian packs lit as a script only, far from the other tools.
  find_program(OtraceLLVM_LIT NAMES llvm-lit-${OTRACE_LLVM_MAJOR} llvm-lit lit lit.py
    HINTS ${LLVM_TOOLS_BINARY_DIR} ${LLVM_TOOLS_BINARY_DIR}/../build/utils/lit NO_CACHE)

  if(NOT TARGET OtraceLLVM::headers)
    add_library(OtraceLLVM::headers INTERFACE IMPORTED)
    # One string with blanks in it, not a list.
    separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
    target_include_directories(OtraceLLVM::headers SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
    target_compile_options(OtraceLLVM::headers INTERFACE ${definitions}
      $<$<NOT:$<BOOL:${LLVM_ENABLE_RTTI}>>:-fno-rtti>
      $<$<NOT:$<BOOL:${LLVM_ENABLE_EH}>>:-fno-exceptions>)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OtraceLLVM
  REQUIRED_VARS OtraceLLVM_VERSION OtraceLLVM_TOOLS_DIR
  VERSION_VAR OtraceLLVM_VERSION
  REASON_FAILURE_MESSAGE "${why}")
unset(why)
