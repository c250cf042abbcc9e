# SPDX-License-Identifier: BSD-2-Clause
# ruff: noqa: F821  (lit defines config and lit_config)
"""Tests of the pass: what it makes of IR and of C.

Substitutions:
  %plugin           the pass
  %clang, %clangxx  the compiler, with the plugin        %plain_clang, %plain_clangxx  without
  %opt              opt, with the plugin loaded          %llvm                         folder of LLVM's programs
  %cc, %cxx         otrace cc, otrace c++                %otrace                       the otrace command
FileCheck, not, count, llvm-readelf and so on are called by their own names.
"""
import os

import lit.formats

config.name = "otrace"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".ll", ".c", ".cpp", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.otrace_build, "tests", "lit")

plugin = os.path.join(config.otrace_build, "lib", "otrace.so")
otrace = os.path.join(config.otrace_build, "bin", "otrace")
opt = os.path.join(config.llvm_tools, "opt")

# Longer names first: lit replaces by plain text.
config.substitutions += [
    ("%plain_clangxx", config.clangxx),
    ("%plain_clang", config.clang),
    ("%clangxx", f"{config.clangxx} -fpass-plugin={plugin}"),
    ("%clang", f"{config.clang} -fpass-plugin={plugin}"),
    ("%cxx", f"{otrace} c++"),
    ("%cc", f"{otrace} cc"),
    ("%opt", f"{opt} -load-pass-plugin={plugin}"),
    ("%otrace", otrace),
    ("%plugin", plugin),
    ("%llvm", config.llvm_tools),
    ("%source", config.otrace_source),
]

config.environment["PATH"] = os.pathsep.join([config.llvm_tools, config.environment["PATH"]])
# What a developer has set for their own builds must not change the results.
for name in ("OTRACE_CC", "OTRACE_CXX", "OTRACE_PLUGIN", "OTRACE_DROP_DEBUG", "OTRACE"):
    config.environment.pop(name, None)
