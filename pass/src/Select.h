// SPDX-License-Identifier: BSD-2-Clause
//
// Which functions get a stub, and why the others do not.
#ifndef OTRACE_PASS_SELECT_H
#define OTRACE_PASS_SELECT_H

#include "otrace/abi.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringRef.h"

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace otrace {

/// What the source asks for. clang drops no_instrument_function unless some
/// instrumentation is on; so with -finstrument-function-entry-bare (which this
/// class takes away again: no call is made) its absence on a function tells of
/// the attribute. annotate("otrace_skip") always works.
class InstrumentChoice {
  llvm::Module &M;
  bool EntryBare = false;
  llvm::SmallPtrSet<const llvm::Function *, 8> Annotated;

public:
  explicit InstrumentChoice(llvm::Module &M);
  bool isExcluded(const llvm::Function &F) const;
  /// Removes the attributes that were only there to be read here.
  void consume();
};

/// Functions with code that the tables describe: not ours, not copies that are
/// for inlining only.
bool isOurBusiness(const llvm::Function &F);

/// Decides for one module; to be asked after optimisation.
class Selector {
  llvm::SmallPtrSet<const llvm::Function *, 4> Resolvers;
  llvm::SmallPtrSet<const llvm::Function *, 8> MustTail;

public:
  explicit Selector(llvm::Module &M);
  /// OTRACE_SKIP_NONE: it gets a stub.
  otrace_skip_reason reasonToSkip(const llvm::Function &F) const;
  bool isMustTail(const llvm::Function &F) const { return MustTail.count(&F); }
};

/// Text of a reason, for remarks.
llvm::StringRef textOf(otrace_skip_reason Reason);

} // namespace otrace

#endif
