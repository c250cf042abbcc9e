// SPDX-License-Identifier: BSD-2-Clause
//
// The shared wrappers: one function per distinct signature, through which a
// call goes while its probe is on.
#ifndef OTRACE_PASS_WRAPPER_H
#define OTRACE_PASS_WRAPPER_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace llvm {
class Function;
class GlobalVariable;
class Module;
} // namespace llvm

namespace otrace {

/// struct otrace_hooks of the module, made when first asked for.
llvm::GlobalVariable *getHooks(llvm::Module &M);

class WrapperMaker {
  llvm::Module &M;
  /// Personality for landing pads of functions without one of their own.
  std::string Personality;

public:
  explicit WrapperMaker(llvm::Module &M);
  /// The wrapper for \p F, which is neither varargs nor to be skipped.
  llvm::Function *get(llvm::Function &F);

private:
  std::string keyOf(const llvm::Function &F) const;
  llvm::Function *build(const llvm::Function &Model, llvm::StringRef Name);
};

} // namespace otrace

#endif
