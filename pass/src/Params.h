// SPDX-License-Identifier: BSD-2-Clause
//
// Finds out, in code as clang makes it, which IR argument carries which part of
// which declared parameter.
#ifndef OTRACE_PASS_PARAMS_H
#define OTRACE_PASS_PARAMS_H

#include "Mark.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"

namespace llvm {
class AllocaInst;
class DataLayout;
class DbgVariableRecord;
class DIType;
class Metadata;
class Value;
} // namespace llvm

namespace otrace {

class ParamFinder {
  llvm::Function &F;
  const llvm::DataLayout &DL;
  llvm::SmallVector<llvm::DILocalVariable *, 8> Vars;
  /// Allocas that hold a parameter, and ones that hold a pointer to it.
  llvm::DenseMap<const llvm::Value *, unsigned> Storage, PointerStorage;
  /// Arguments that are a parameter, and ones that point to it.
  llvm::DenseMap<const llvm::Argument *, unsigned> Direct, Indirect;

  struct Place {
    const llvm::AllocaInst *Alloca;
    uint64_t Offset;
  };

public:
  explicit ParamFinder(llvm::Function &F);

  /// The declared parameters in order; null where debug information is silent.
  llvm::ArrayRef<llvm::DILocalVariable *> params() const { return Vars; }
  std::optional<ValuePart> partOf(const llvm::Argument &A) const;
  /// Offset in the declared result at which the IR result lies.
  uint32_t returnOffset() const;
  /// Bits of the parameters and the result that are a _BitInt of fewer than its
  /// bytes have, which debug information does not say.
  llvm::SmallVector<BitIntWidth, 0> bitWidths() const;

private:
  void readDebugRecords();
  const llvm::Value *storageOf(const llvm::DbgVariableRecord &R) const;
  std::optional<Place> placeOf(const llvm::Value *Pointer) const;
  std::optional<ValuePart> partStored(const llvm::Value *V,
                                      otrace_piece_kind Kind) const;
  std::optional<ValuePart> partLoaded(const llvm::Argument &A) const;
  unsigned resultBits() const;
  std::optional<ValuePart> partAt(Place P, uint64_t Size,
                                  otrace_piece_kind Kind, unsigned Hops) const;
  std::optional<ValuePart> partCopied(const llvm::Value *User, Place P,
                                      uint64_t Size, otrace_piece_kind Kind,
                                      unsigned Hops) const;
  std::optional<ValuePart> clipped(unsigned Param, uint64_t Offset,
                                   uint64_t Size, otrace_piece_kind Kind) const;
};

/// Size in bytes of a type of the source, through typedefs and qualifiers.
uint64_t sizeOf(const llvm::Metadata *Type);

/// Size in bytes of an _Atomic of something: clang rounds it up to what the
/// processor can do at once, and debug information does not say so.
uint64_t atomicSize(uint64_t Size);

/// Whether a type is nullptr_t, whose size debug information does not say.
bool isNullPointerType(const llvm::DIType *Type);

/// Size in bytes of what the source says is returned; UINT32_MAX = unknown.
uint64_t resultSize(const llvm::DISubprogram *SP);

} // namespace otrace

#endif
