// SPDX-License-Identifier: BSD-2-Clause
//
// Registration: where in LLVM's pipelines the two passes run.
#include "LLVMCompat.h"
#include "Passes.h"

#include <cstdio>

// Part of LLVM's C interface since 16; weak, so that an older host says so
// instead of dying of an unresolved symbol.
extern "C" __attribute__((weak)) void
LLVMGetVersion(unsigned *Major, unsigned *Minor, unsigned *Patch);

using namespace llvm;
using namespace otrace;

namespace {

void addEmit(ModulePassManager &MPM, OptimizationLevel Level) {
  MPM.addPass(EmitPass(Level == OptimizationLevel::O0 ? EmitPass::Unoptimized
                                                      : EmitPass::Optimized));
}

void addEmitAtLink(ModulePassManager &MPM, OptimizationLevel) {
  MPM.addPass(EmitPass(EmitPass::FullLinkTime));
}

bool parsePipeline(StringRef Name, ModulePassManager &MPM,
                   ArrayRef<PassBuilder::PipelineElement>) {
  const bool Mark = Name == "otrace" || Name == "otrace-mark";
  const bool Emit = Name == "otrace" || Name == "otrace-emit";
  if (Mark)
    MPM.addPass(MarkPass());
  if (Emit)
    MPM.addPass(EmitPass(EmitPass::Unoptimized));
  return Mark || Emit;
}

void registerPasses(PassBuilder &PB) {
  compat::atPipelineStart(PB, [](ModulePassManager &MPM, OptimizationLevel) {
    MPM.addPass(MarkPass());
  });
  compat::atOptimizerLast(PB, addEmit);
  compat::atFullLinkTimeLast(PB, addEmitAtLink);
  PB.registerPipelineParsingCallback(parsePipeline);
}

/// Whether the program that loads this plugin has the LLVM it was built for.
/// Must not touch anything of LLVM's C++ before that is known.
bool hostFits() {
  unsigned Major = 0, Minor = 0, Patch = 0;
  if (LLVMGetVersion)
    LLVMGetVersion(&Major, &Minor, &Patch);
  if (Major == compat::BuiltForMajor)
    return true;
  if (Major)
    std::fprintf(stderr,
                 "otrace: this plugin is built for LLVM %u, the compiler that "
                 "loads it is LLVM %u.%u.%u: use clang-%u\n",
                 compat::BuiltForMajor, Major, Minor, Patch,
                 compat::BuiltForMajor);
  else
    std::fprintf(stderr,
                 "otrace: this plugin is built for LLVM %u, the compiler that "
                 "loads it is older than LLVM 16: use clang-%u\n",
                 compat::BuiltForMajor, compat::BuiltForMajor);
  return false;
}

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK
    __attribute__((visibility("default"))) PassPluginLibraryInfo
    llvmGetPassPluginInfo() {
  // API version 0 makes the host refuse the plugin with its own message.
  if (!hostFits())
    return {0, "otrace", "wrong LLVM", nullptr};
  return {LLVM_PLUGIN_API_VERSION, "otrace", LLVM_VERSION_STRING,
          registerPasses};
}
