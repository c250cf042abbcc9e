// SPDX-License-Identifier: BSD-2-Clause
//
// Records of functions.
#ifndef OTRACE_PASS_FUNCTIONTABLE_H
#define OTRACE_PASS_FUNCTIONTABLE_H

#include "Inlined.h"
#include "Mark.h"
#include "Select.h"
#include "Stub.h"
#include "Tables.h"
#include "Types.h"

#include <map>
#include <tuple>

namespace otrace {

class FunctionTable {
  llvm::Module &M;
  BlobSet &Blobs;
  SharedPool &Pool;
  TypeTable &Types;
  const Selector &Select;
  InlinedCopies Copies;
  llvm::SmallVector<DeclaredFunction, 0> Declared;
  llvm::DenseMap<const llvm::DISubprogram *, const DeclaredFunction *>
      DeclaredBySubprogram;
  using Place = std::tuple<const llvm::DIFile *, unsigned, std::string>;
  std::map<Place, const DeclaredFunction *> DeclaredByPlace;
  llvm::DenseSet<const llvm::DISubprogram *> Described;
  llvm::SmallVector<const llvm::DISubprogram *, 0> Vanished;
  /// Numbers of descriptions, and how many there are going to be.
  llvm::DenseMap<const llvm::Function *, unsigned> Numbers;
  unsigned NrDescriptions = 0;
  int64_t LineBefore = 0; // of the description before

public:
  FunctionTable(llvm::Module &M, BlobSet &Blobs, SharedPool &Pool,
                TypeTable &Types, const Selector &Select);

  /// Says which functions are going to be added, in this order.
  void setOrder(llvm::ArrayRef<llvm::Function *> Functions);
  /// Describes \p F, which has a stub at \p Stub unless \p Reason says why not.
  void add(llvm::Function &F, otrace_skip_reason Reason, StubPlace Stub,
           llvm::Function *Wrapper);
  /// Describes the functions that the source defines and of which nothing is
  /// left.
  void addVanished();

private:
  struct Draft;
  static Place placeOf(const llvm::DISubprogram *SP);
  const DeclaredFunction *declaredAs(const llvm::DISubprogram *SP) const;
  void describeSource(Draft &D, const llvm::DISubprogram *SP);
  void describeName(Draft &D);
  void describeSignature(Draft &D);
  void describeMachineSignature(Draft &D);
  void describePieces(Draft &D);
  unsigned callerNumber(const llvm::Function &Holder);
  void writeFrame(Stream &Out, const Draft &D);
  void writeParams(Stream &Out, const Draft &D, bool HasPieces);
  void writeInlined(Stream &Out, const Draft &D);
  void finish(Draft &D);
};

/// enum otrace_assume_flag: what the callers of \p F may have been compiled to
/// take for granted.
uint32_t callerAssumptions(const llvm::Function &F);

/// Whether \p F may have been called, at some time, by code that was optimised
/// together with it. Such a caller passes anything for an argument that is not
/// looked at.
bool hasKnowingCallers(const llvm::Function &F);

/// Whether the result that the IR returns is the declared one.
bool returnsItsResult(const llvm::Function &F, const FunctionMark &Mark);

} // namespace otrace

#endif
