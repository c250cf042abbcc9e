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

// A parameter reaches its variable through at most this many temporaries, and
// on the way is changed at most this many times.
static constexpr unsigned MaxHops = 3, MaxForms = 8;

uint64_t otrace::sizeOf(const Metadata *Type) {
  while (auto *Derived = dyn_cast_or_null<DIDerivedType>(Type)) {
    switch (Derived->getTag()) {
    case dwarf::DW_TAG_typedef:
    case dwarf::DW_TAG_const_type:
    case dwarf::DW_TAG_volatile_type:
    case dwarf::DW_TAG_restrict_type:
      if (Derived->getSizeInBits())
        return Derived->getSizeInBits() / 8;
      Type = Derived->getBaseType();
      continue;
    case dwarf::DW_TAG_atomic_type:
      return atomicSize(sizeOf(Derived->getBaseType()));
    default:
      return Derived->getSizeInBits() / 8;
    }
  }
  auto *T = dyn_cast_or_null<DIType>(Type);
  if (isNullPointerType(T))
    return sizeof(uint64_t);
  return T ? T->getSizeInBits() / 8 : 0;
}

uint64_t otrace::atomicSize(uint64_t Size) {
  return Size && Size <= 16 ? PowerOf2Ceil(Size) : Size;
}

bool otrace::isNullPointerType(const DIType *Type) {
  return Type && Type->getTag() == dwarf::DW_TAG_unspecified_type &&
         Type->getName() == "decltype(nullptr)";
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

// Registers hold fewer bits than memory, or other types.
static bool isChangedForStorage(const User *U) {
  return isa<TruncInst>(U) || isa<SExtInst>(U) || isa<ZExtInst>(U) ||
         isa<BitCastInst>(U) || isa<ShuffleVectorInst>(U);
}

/// Where \p V is stored, as it is or changed for it.
static SmallVector<const StoreInst *, 4> storesOf(const Value *V) {
  SmallVector<const StoreInst *, 4> Result;
  SmallVector<const Value *, 4> Forms{V};
  for (unsigned I = 0; I != Forms.size(); ++I)
    for (const User *U : Forms[I]->users()) {
      auto *Store = dyn_cast<StoreInst>(U);
      if (Store && Store->getValueOperand() == Forms[I])
        Result.push_back(Store);
      else if (isChangedForStorage(U) && Forms.size() != MaxForms)
        Forms.push_back(U);
    }
  return Result;
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
  // Changed on entry: _Bool and _BitInt come with as many bits as they have,
  // parameters of old-style definitions come promoted, vectors of three
  // elements are stored with four.
  for (const User *U : A.users()) {
    if (isa<FPTruncInst>(U) && A.getType()->isDoubleTy() &&
        U->getType()->isFloatTy())
      return partStored(U, OTRACE_PIECE_DOUBLE_TO_FLOAT);
    if (!isChangedForStorage(U))
      continue;
    auto Part = partStored(U, OTRACE_PIECE_DIRECT);
    if (Part && A.getType()->isVectorTy())
      Part->Size =
          std::min<uint64_t>(Part->Size, DL.getTypeStoreSize(A.getType()));
    if (Part)
      return Part;
  }
  return partLoaded(A);
}

// A vector or _BitInt that comes in memory is copied from there.
std::optional<ValuePart> ParamFinder::partLoaded(const Argument &A) const {
  for (const User *U : A.users())
    if (auto *Load = dyn_cast<LoadInst>(U))
      for (const StoreInst *Store : storesOf(Load))
        if (auto P = placeOf(Store->getPointerOperand()); P && !P->Offset)
          if (auto It = Storage.find(P->Alloca); It != Storage.end())
            return clipped(It->second, 0, UINT32_MAX, OTRACE_PIECE_INDIRECT);
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
    for (const StoreInst *Store : storesOf(Load)) {
      Type *Stored = Store->getValueOperand()->getType();
      const uint64_t CopySize =
          std::min(DL.getTypeStoreSize(Load->getType()).getFixedValue(),
                   DL.getTypeStoreSize(Stored).getFixedValue());
      if (auto Part = moved(Load->getPointerOperand(),
                            Store->getPointerOperand(), CopySize))
        return Part;
    }
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

//===-- how many bits a _BitInt has -------------------------------------===//

static bool isBitInt(const DIType *T) {
  while (auto *Derived = dyn_cast_or_null<DIDerivedType>(T)) {
    if (Derived->getTag() == dwarf::DW_TAG_pointer_type)
      return false;
    T = Derived->getBaseType();
  }
  return isa_and_nonnull<DIBasicType>(T) && T->getName().ends_with("_BitInt");
}

/// Bits of an integer before it was extended.
static unsigned bitsBefore(const Value *V) {
  if (isa<SExtInst>(V) || isa<ZExtInst>(V))
    V = cast<CastInst>(V)->getOperand(0);
  auto *Int = dyn_cast<IntegerType>(V->getType());
  return Int ? Int->getBitWidth() : 0;
}

unsigned ParamFinder::resultBits() const {
  for (const BasicBlock &B : F) {
    auto *Return = dyn_cast<ReturnInst>(B.getTerminator());
    if (!Return || !Return->getReturnValue())
      continue;
    const Value *V = Return->getReturnValue();
    if (auto *Load = dyn_cast<LoadInst>(V))
      if (auto P = placeOf(Load->getPointerOperand()))
        if (auto *Int = dyn_cast<IntegerType>(P->Alloca->getAllocatedType()))
          return Int->getBitWidth();
    return bitsBefore(V);
  }
  return 0;
}

SmallVector<BitIntWidth, 0> ParamFinder::bitWidths() const {
  SmallVector<BitIntWidth, 0> Result;
  const DISubprogram *SP = F.getSubprogram();
  auto add = [&](unsigned Param, unsigned Bits, uint64_t Size) {
    if (Bits && Bits < Size * 8)
      Result.push_back({Param, Bits});
  };
  for (auto [Alloca, Param] : Storage)
    if (isBitInt(Vars[Param]->getType()))
      for (const User *U : Alloca->users())
        if (auto *Store = dyn_cast<StoreInst>(U);
            Store && Store->getPointerOperand() == Alloca)
          add(Param, bitsBefore(Store->getValueOperand()),
              sizeOf(Vars[Param]->getType()));
  if (SP && SP->getType() && SP->getType()->getTypeArray().size() &&
      isBitInt(SP->getType()->getTypeArray()[0]))
    add(ValuePart::ReturnValue, resultBits(), resultSize(SP));
  sort(Result, [](const BitIntWidth &A, const BitIntWidth &B) {
    return std::tie(A.Param, A.Bits) < std::tie(B.Param, B.Bits);
  });
  Result.erase(std::unique(Result.begin(), Result.end(),
                           [](const BitIntWidth &A, const BitIntWidth &B) {
                             return A.Param == B.Param;
                           }),
               Result.end());
  return Result;
}
