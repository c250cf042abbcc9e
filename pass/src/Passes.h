// SPDX-License-Identifier: BSD-2-Clause
//
// The two passes. MarkPass notes at the start of the pipeline what the source
// declares, in attributes that live and die with what they stand on; EmitPass
// adds stubs, wrappers and tables at its end, believing only marks that are
// still there.
#ifndef OTRACE_PASS_PASSES_H
#define OTRACE_PASS_PASSES_H

#include "llvm/IR/PassManager.h"

namespace otrace {

class MarkPass : public llvm::PassInfoMixin<MarkPass> {
public:
  llvm::PreservedAnalyses run(llvm::Module &M, llvm::ModuleAnalysisManager &);
  static bool isRequired() { return true; }
};

class EmitPass : public llvm::PassInfoMixin<EmitPass> {
public:
  /// The pipeline that it ends.
  enum Place {
    Unoptimized,  // -O0
    Optimized,    // a compile, or the link-time half of ThinLTO
    FullLinkTime, // the link of full LTO
  };
  explicit EmitPass(Place Where) : Where(Where) {}

private:
  Place Where;

public:
  llvm::PreservedAnalyses run(llvm::Module &M, llvm::ModuleAnalysisManager &);
  static bool isRequired() { return true; }
};

} // namespace otrace

#endif
