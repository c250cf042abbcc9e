// SPDX-License-Identifier: BSD-2-Clause
//
// Marks: what the source declared, noted before any optimisation on things that
// the optimiser keeps honest by itself. A string attribute on an argument goes
// when the argument goes, and does not appear on an argument that a pass makes.
#ifndef OTRACE_PASS_MARK_H
#define OTRACE_PASS_MARK_H

#include "otrace/abi.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace llvm {
class Argument;
class DILocalVariable;
class DISubprogram;
class Function;
class Module;
class Type;
} // namespace llvm

namespace otrace {

/// Name of an IR type that does not depend on names of structs.
std::string canonicalName(const llvm::Type *T);

/// Which part of which declared value an IR argument carries.
struct ValuePart {
  /// Number of the declared parameter, from 0; ReturnValue for sret.
  unsigned Param;
  uint32_t Offset; // in the declared value
  uint32_t Size;
  otrace_piece_kind Kind;

  static constexpr unsigned ReturnValue = ~0u;
};

/// How many bits a _BitInt has.
struct BitIntWidth {
  unsigned Param; // number of the declared parameter, from 0, or ReturnValue
  unsigned Bits;
};

/// Mark on an IR argument.
struct ArgumentMark {
  unsigned Index;       // its place when the pipeline began
  std::string TypeName; // its type then
  std::optional<ValuePart> Part;
};

/// Mark on a function: how it began.
struct FunctionMark {
  unsigned NrArgs = 0;
  std::string ReturnTypeName;
  uint32_t ReturnOffset = 0; // where in the declared value the IR result lies
  uint32_t MemoryEffects = 0;
  bool NoReturn = false;
  bool NoThrow = false;
  bool CalledHere = false;  // directly, in its own module
  bool ResultKnown = false; // declared nonnull or the like
  bool NoInstrument = false;
  llvm::SmallVector<BitIntWidth, 0> BitWidths;

  /// 0 = all that its bytes have.
  unsigned bitsOf(unsigned Param) const;
};

std::optional<ArgumentMark> getMark(const llvm::Argument &A);
void setMark(llvm::Argument &A, const ArgumentMark &Mark);
std::optional<FunctionMark> getMark(const llvm::Function &F);
void setMark(llvm::Function &F, const FunctionMark &Mark);
void removeMarks(llvm::Function &F);

/// What attributes of the result tell callers about it without looking.
bool isResultKnown(const llvm::Function &F);
/// Whether something in its module calls \p F directly.
bool isCalledDirectly(const llvm::Function &F);

/// A function that the source defines, whether or not a copy is left.
struct DeclaredFunction {
  llvm::DISubprogram *Subprogram;
  unsigned LineEnd;
  llvm::SmallVector<llvm::DILocalVariable *, 8> Params; // null: not described
};

/// Notes a function in module metadata.
void declareFunction(llvm::Module &M, const DeclaredFunction &D);
llvm::SmallVector<DeclaredFunction, 0> declaredFunctions(llvm::Module &M);
void removeDeclaredFunctions(llvm::Module &M);

} // namespace otrace

#endif
