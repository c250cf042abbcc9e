// SPDX-License-Identifier: BSD-2-Clause
//
// What differs between LLVM versions. No other file of the pass may ask for a
// version.
#ifndef OTRACE_PASS_LLVMCOMPAT_H
#define OTRACE_PASS_LLVMCOMPAT_H

#include "llvm/Config/llvm-config.h"
#include "llvm/IR/DebugProgramInstruction.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"

// The plugin header moved with LLVM 22.
#if __has_include("llvm/Plugins/PassPlugin.h")
#include "llvm/Plugins/PassPlugin.h"
#else
#include "llvm/Passes/PassPlugin.h"
#endif

namespace otrace {
namespace compat {

/// The LLVM this plugin is compiled for.
constexpr unsigned BuiltForMajor = LLVM_VERSION_MAJOR;

/// Runs \p Add with the pass manager at the start of every pipeline. The
/// callbacks of later versions have a third parameter, which generic lambdas
/// swallow.
template <class Callable>
void atPipelineStart(llvm::PassBuilder &PB, Callable Add) {
  PB.registerPipelineStartEPCallback([Add](llvm::ModulePassManager &MPM,
                                           llvm::OptimizationLevel Level,
                                           auto &&...) { Add(MPM, Level); });
}

template <class Callable>
void atOptimizerLast(llvm::PassBuilder &PB, Callable Add) {
  PB.registerOptimizerLastEPCallback([Add](llvm::ModulePassManager &MPM,
                                           llvm::OptimizationLevel Level,
                                           auto &&...) { Add(MPM, Level); });
}

template <class Callable>
void atFullLinkTimeLast(llvm::PassBuilder &PB, Callable Add) {
  PB.registerFullLinkTimeOptimizationLastEPCallback(
      [Add](llvm::ModulePassManager &MPM, llvm::OptimizationLevel Level,
            auto &&...) { Add(MPM, Level); });
}

/// While it lives, debug information is kept as records, not as calls.
class DebugRecords {
  llvm::ScopedDbgInfoFormatSetter<llvm::Module> Setter;

public:
  explicit DebugRecords(llvm::Module &M) : Setter(M, true) {}
};

/// The 64-bit MMX type, which LLVM 20 gave up.
inline bool isMMX(const llvm::Type &T) {
#if LLVM_VERSION_MAJOR < 20
  return T.isX86_MMXTy();
#else
  return false;
#endif
}

} // namespace compat
} // namespace otrace

#endif
