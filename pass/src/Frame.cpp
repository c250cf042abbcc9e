// SPDX-License-Identifier: BSD-2-Clause
#include "Frame.h"

#include "otrace/abi.h"

#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace otrace;

FrameLayout::FrameLayout(const FunctionType *T, const DataLayout &DL)
    : ArgsOffset(sizeof(otrace_frame)), ArgsBytes(0), RetOffset(0), RetBytes(0),
      FrameBytes(0), Align(16) {
  uint64_t End = sizeof(otrace_frame);
  auto place = [&](Type *Value) {
    const uint64_t SlotAlign =
        std::max<uint64_t>(8, DL.getABITypeAlign(Value).value());
    Align = std::max(Align, SlotAlign);
    const uint64_t Offset = alignTo(End, SlotAlign);
    End = alignTo(Offset + DL.getTypeAllocSize(Value).getFixedValue(), 8);
    return Offset;
  };
  for (Type *Param : T->params())
    Slots.push_back(place(Param));
  if (!Slots.empty()) {
    ArgsOffset = Slots.front();
    ArgsBytes = End - ArgsOffset;
  }
  Type *Return = T->getReturnType();
  RetOffset = End;
  if (!Return->isVoidTy()) {
    RetOffset = place(Return);
    RetBytes = DL.getTypeStoreSize(Return).getFixedValue();
  } else {
    End += 8; // wrappers are shared with functions that return a word
  }
  FrameBytes = End;
}

namespace {

/// Hands out the registers and stack places of one call.
class SystemV {
  const DataLayout &DL;
  unsigned Gp = 0, Xmm = 0, Stack = 0;

public:
  explicit SystemV(const DataLayout &DL) : DL(DL) {}

  VarargsLayout::Parts argument(const Argument &A) {
    Type *T = A.getType();
    if (A.hasByValAttr())
      return onStack(DL.getTypeAllocSize(A.getParamByValType()),
                     A.getParamAlign().valueOrOne().value());
    const uint64_t Size = DL.getTypeStoreSize(T);
    if (T->isPointerTy() || (T->isIntegerTy() && Size <= 16)) {
      const unsigned Words = Size > 8 ? 2 : 1;
      if (Gp + Words > 6)
        return onStack(Size, DL.getABITypeAlign(T).value());
      VarargsPart Part{uint32_t(offsetof(otrace_varargs_frame, gp) + 8 * Gp), 0,
                       uint32_t(Size), false};
      Gp += Words;
      return {Part};
    }
    if ((T->isFloatTy() || T->isDoubleTy() || T->isHalfTy() ||
         T->isBFloatTy() || T->isFP128Ty() || T->isVectorTy()) &&
        Size <= 16) {
      if (Xmm == 8)
        return onStack(Size, DL.getABITypeAlign(T).value());
      return {VarargsPart{
          uint32_t(offsetof(otrace_varargs_frame, xmm) + 16 * Xmm++), 0,
          uint32_t(Size), false}};
    }
    if (T->isX86_FP80Ty())
      return onStack(16, 16);
    // Nothing that clang makes, and all that follows would be guesswork.
    Gp = 6, Xmm = 8, Lost = true;
    return {};
  }

private:
  bool Lost = false;

  VarargsLayout::Parts onStack(uint64_t Size, uint64_t Align) {
    if (Lost)
      return {};
    Stack = alignTo(Stack, std::max<uint64_t>(8, Align));
    VarargsPart Part{Stack, 0, uint32_t(Size), true};
    Stack = alignTo(Stack + Size, 8);
    return {Part};
  }
};

} // namespace

/// Registers in which a result comes back.
static VarargsLayout::Parts resultParts(Type *T, const DataLayout &DL) {
  VarargsLayout::Parts Parts;
  SmallVector<std::pair<Type *, uint64_t>, 2> Fields;
  if (auto *S = dyn_cast<StructType>(T)) {
    const StructLayout *Layout = DL.getStructLayout(S);
    for (unsigned I = 0; I != S->getNumElements(); ++I)
      Fields.push_back({S->getElementType(I), Layout->getElementOffset(I)});
  } else if (!T->isVoidTy()) {
    Fields.push_back({T, 0});
  }
  unsigned Gp = 0, Xmm = 0, X87 = 0;
  for (auto [Field, Offset] : Fields) {
    const uint64_t Size = DL.getTypeStoreSize(Field);
    uint64_t Place;
    if (Field->isPointerTy() || (Field->isIntegerTy() && Size <= 16)) {
      Place = offsetof(otrace_varargs_frame, ret_gp) + 8 * Gp;
      Gp += Size > 8 ? 2 : 1;
    } else if (Field->isX86_FP80Ty()) {
      Place = offsetof(otrace_varargs_frame, ret_x87);
      ++X87;
    } else if (Size <= 16 &&
               (Field->isFloatingPointTy() || Field->isVectorTy())) {
      Place = offsetof(otrace_varargs_frame, ret_xmm) + 16 * Xmm++;
    } else {
      return {};
    }
    if (Gp > 2 || Xmm > 2 || X87 > 1)
      return {};
    Parts.push_back({uint32_t(Place), uint32_t(Offset), uint32_t(Size), false});
  }
  return Parts;
}

VarargsLayout::VarargsLayout(const Function &F) {
  const DataLayout &DL = F.getParent()->getDataLayout();
  SystemV Registers(DL);
  for (const Argument &A : F.args())
    Args.push_back(Registers.argument(A));
  Result = resultParts(F.getReturnType(), DL);
}
