// SPDX-License-Identifier: BSD-2-Clause
#include "Params.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/DebugProgramInstruction.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace otrace;

// A parameter reaches its variable through at most this many temporaries.
static constexpr unsigned MaxHops = 3;

uint64_t otrace::sizeOf(const Metadata *Type) {
  while (auto *Derived = dyn_cast_or_null<DIDerivedType>(Type)) {
    switch (Derived->getTag()) {
    case dwarf::DW_TAG_typedef:
    case dwarf::DW_TAG_const_type:
    case dwarf::DW_TAG_volatile_type:
    case dwarf::DW_TAG_restrict_type:
    case dwarf::DW_TAG_atomic_type:
      // An _Atomic may be larger than what it is made of.
      if (Derived->getSizeInBits())
        return Derived->getSizeInBits() / 8;
      Type = Derived->getBaseType();
      continue;
    default:
      return Derived->getSizeInBits() / 8;
    }
  }
  auto *T = dyn_cast_or_null<DIType>(Type);
  return T ? T->getSizeInBits() / 8 : 0;
}

uint64_t otrace::resultSize(const DISubprogram *SP) {
  const DITypeRefArray Types =
      SP && SP->getType() ? SP->getType()->getTypeArray() : DITypeRefArray();
  return Types.size() ? sizeOf(Types[0]) : UINT32_MAX;
}

ParamFinder::ParamFinder(Function &F)
    : F(F), DL(F.getParent()->getDataLayout()) {
  if (F.getSubprogram())
    readDebugRecords();
}

static bool isEmpty(const DIExpression *E) { return E->getNumElements() == 0; }

static bool isDereference(const DIExpression *E) {
  return E->getNumElements() == 1 && E->getElement(0) == dwarf::DW_OP_deref;
}

// The address of an assignment is that of the part assigned to. Gives the
// variable's own storage, if it begins where the variable does.
const Value *ParamFinder::storageOf(const DbgVariableRecord &R) const {
  const DIExpression *Expr = R.getExpression();
  const auto Fragment = Expr->getFragmentInfo();
  const unsigned NrFragmentElements = Fragment ? 3 : 0;
  if (Expr->getNumElements() != NrFragmentElements || !R.getAddress())
    return nullptr;
  const auto P = placeOf(R.getAddress());
  const uint64_t Offset = Fragment ? Fragment->OffsetInBits / 8 : 0;
  return P && P->Offset == Offset ? P->Alloca : nullptr;
}

void ParamFinder::readDebugRecords() {
  auto note = [&](DILocalVariable *Var, const Value *At,
                  const DIExpression *Expr, bool IsAddress) {
    const unsigned Param = Var->getArg() - 1;
    if (Param >= Vars.size())
      Vars.resize(Param + 1);
    Vars[Param] = Var;
    auto *Arg = dyn_cast_or_null<Argument>(At);
    auto *Alloca = dyn_cast_or_null<AllocaInst>(At);
    if (!IsAddress && Arg && isEmpty(Expr))
      Direct.try_emplace(Arg, Param);
    else if (IsAddress && Arg && isEmpty(Expr))
      Indirect.try_emplace(Arg, Param);
    else if (IsAddress && Alloca && isEmpty(Expr))
      Storage.try_emplace(Alloca, Param);
    else if (IsAddress && Alloca && isDereference(Expr))
      PointerStorage.try_emplace(Alloca, Param);
  };
  for (Instruction &I : instructions(F))
    for (DbgVariableRecord &R : filterDbgVars(I.getDbgRecordRange())) {
      DILocalVariable *Var = R.getVariable();
      if (!Var->getArg() || R.getDebugLoc().getInlinedAt() ||
          Var->getScope()->getSubprogram() != F.getSubprogram())
        continue;
      if (R.isDbgAssign())
        note(Var, storageOf(R), R.getAddressExpression(), /*IsAddress=*/true);
      else
        note(Var,
             R.getNumVariableLocationOps() == 1 ? R.getVariableLocationOp(0)
                                                : nullptr,
             R.getExpression(), R.isDbgDeclare());
    }
}

std::optional<ValuePart> ParamFinder::partOf(const Argument &A) const {
  if (A.hasStructRetAttr())
    return ValuePart{ValuePart::ReturnValue, 0, 0, OTRACE_PIECE_INDIRECT};
  if (auto It = Indirect.find(&A); It != Indirect.end())
    return clipped(It->second, 0, UINT32_MAX, OTRACE_PIECE_INDIRECT);
  if (auto It = Direct.find(&A); It != Direct.end())
    return clipped(It->second, 0, DL.getTypeStoreSize(A.getType()),
                   OTRACE_PIECE_DIRECT);
  if (auto Part = partStored(&A, OTRACE_PIECE_DIRECT))
    return Part;
  // Narrowed on entry: _Bool comes as i1, parameters of old-style definitions
  // come promoted.
  for (const User *U : A.users()) {
    auto *Cast = dyn_cast<CastInst>(U);
    if (!Cast)
      continue;
    if (isa<FPTruncInst>(Cast) && A.getType()->isDoubleTy() &&
        Cast->getType()->isFloatTy())
      return partStored(Cast, OTRACE_PIECE_DOUBLE_TO_FLOAT);
    if (isa<TruncInst>(Cast) ||
        (isa<ZExtInst>(Cast) && A.getType()->isIntegerTy(1)))
      if (auto Part = partStored(Cast, OTRACE_PIECE_DIRECT))
        return Part;
  }
  return std::nullopt;
}

std::optional<ParamFinder::Place>
ParamFinder::placeOf(const Value *Pointer) const {
  APInt Offset(DL.getIndexTypeSizeInBits(Pointer->getType()), 0);
  const Value *Base = Pointer->stripAndAccumulateConstantOffsets(
      DL, Offset, /*AllowNonInbounds=*/true);
  auto *Alloca = dyn_cast<AllocaInst>(Base);
  if (!Alloca || Offset.isNegative())
    return std::nullopt;
  return Place{Alloca, Offset.getZExtValue()};
}

std::optional<ValuePart> ParamFinder::partStored(const Value *V,
                                                 otrace_piece_kind Kind) const {
  for (const User *U : V->users()) {
    auto *Store = dyn_cast<StoreInst>(U);
    if (!Store || Store->getValueOperand() != V)
      continue;
    auto P = placeOf(Store->getPointerOperand());
    if (!P)
      continue;
    if (auto Part = partAt(*P, DL.getTypeStoreSize(V->getType()), Kind, 0))
      return Part;
  }
  return std::nullopt;
}

std::optional<ValuePart> ParamFinder::partAt(Place P, uint64_t Size,
                                             otrace_piece_kind Kind,
                                             unsigned Hops) const {
  if (auto It = Storage.find(P.Alloca); It != Storage.end())
    return clipped(It->second, P.Offset, Size, Kind);
  if (auto It = PointerStorage.find(P.Alloca); It != PointerStorage.end())
    return P.Offset ? std::nullopt
                    : clipped(It->second, 0, UINT32_MAX, OTRACE_PIECE_INDIRECT);
  if (Hops == MaxHops)
    return std::nullopt;
  // A temporary: the value goes on from here by a copy.
  SmallVector<const Value *, 8> Pointers{P.Alloca};
  while (!Pointers.empty()) {
    const Value *Pointer = Pointers.pop_back_val();
    for (const User *U : Pointer->users()) {
      if (isa<GetElementPtrInst>(U))
        Pointers.push_back(U);
      else if (auto Part = partCopied(U, P, Size, Kind, Hops + 1))
        return Part;
    }
  }
  return std::nullopt;
}

std::optional<ValuePart> ParamFinder::partCopied(const Value *User, Place P,
                                                 uint64_t Size,
                                                 otrace_piece_kind Kind,
                                                 unsigned Hops) const {
  auto moved = [&](const Value *From, const Value *To,
                   uint64_t CopySize) -> std::optional<ValuePart> {
    auto FromPlace = placeOf(From), ToPlace = placeOf(To);
    if (!FromPlace || !ToPlace || FromPlace->Alloca != P.Alloca ||
        FromPlace->Offset > P.Offset ||
        P.Offset >= FromPlace->Offset + CopySize)
      return std::nullopt;
    const uint64_t Left = FromPlace->Offset + CopySize - P.Offset;
    ToPlace->Offset += P.Offset - FromPlace->Offset;
    return partAt(*ToPlace, std::min(Size, Left), Kind, Hops);
  };
  if (auto *Copy = dyn_cast<MemCpyInst>(User)) {
    auto *Length = dyn_cast<ConstantInt>(Copy->getLength());
    if (Length)
      return moved(Copy->getRawSource(), Copy->getRawDest(),
                   Length->getZExtValue());
  }
  if (auto *Load = dyn_cast<LoadInst>(User))
    for (const llvm::User *U : Load->users())
      if (auto *Store = dyn_cast<StoreInst>(U))
        if (Store->getValueOperand() == Load)
          if (auto Part =
                  moved(Load->getPointerOperand(), Store->getPointerOperand(),
                        DL.getTypeStoreSize(Load->getType())))
            return Part;
  return std::nullopt;
}

std::optional<ValuePart> ParamFinder::clipped(unsigned Param, uint64_t Offset,
                                              uint64_t Size,
                                              otrace_piece_kind Kind) const {
  const uint64_t Declared = sizeOf(Vars[Param]->getType());
  if (Offset >= Declared)
    return std::nullopt; // padding
  return ValuePart{Param, uint32_t(Offset),
                   uint32_t(std::min(Size, Declared - Offset)), Kind};
}

// A part of a struct is loaded from where it lies in there. What is as large
// as the declared result is all of it, wherever it was loaded from.
uint32_t ParamFinder::returnOffset() const {
  const uint64_t Declared =
      F.getSubprogram() ? resultSize(F.getSubprogram()) : 0;
  for (const BasicBlock &B : F) {
    auto *Return = dyn_cast<ReturnInst>(B.getTerminator());
    if (!Return || !Return->getReturnValue())
      continue;
    if (auto *Load = dyn_cast<LoadInst>(Return->getReturnValue()))
      if (auto P = placeOf(Load->getPointerOperand());
          P && P->Offset + DL.getTypeStoreSize(Load->getType()) <= Declared)
        return P->Offset;
  }
  return 0;
}
