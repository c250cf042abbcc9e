// SPDX-License-Identifier: BSD-2-Clause
//
// What callers in the same module may have been compiled to assume: the
// difference between how a function began and how it ended.
#include "FunctionTable.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

#include "Phase.h"

using namespace llvm;
using namespace otrace;

static SmallVector<const Value *, 4> returnedValues(const Function &F) {
  SmallVector<const Value *, 4> Values;
  for (const BasicBlock &B : F)
    if (auto *Return = dyn_cast<ReturnInst>(B.getTerminator()))
      if (Return->getReturnValue())
        Values.push_back(Return->getReturnValue());
  return Values;
}

bool otrace::returnsItsResult(const Function &F, const FunctionMark &Mark) {
  if (F.getReturnType()->isVoidTy() ||
      canonicalName(F.getReturnType()) != Mark.ReturnTypeName)
    return false;
  // Once callers know the value, the optimiser returns nothing in particular.
  const auto Values = returnedValues(F);
  return Values.empty() || !all_of(Values, [](const Value *V) {
           return isa<UndefValue>(V); // poison too
         });
}

static bool returnsOneConstant(const Function &F) {
  const auto Values = returnedValues(F);
  return !Values.empty() && isa<Constant>(Values.front()) &&
         !isa<UndefValue>(Values.front()) && all_equal(Values);
}

static uint32_t argumentAssumptions(const Function &F,
                                    const FunctionMark &Mark) {
  uint32_t Flags = 0;
  unsigned NrMarked = 0;
  for (const Argument &A : F.args()) {
    if (auto ArgMark = getMark(A)) {
      ++NrMarked;
      if (ArgMark->TypeName != canonicalName(A.getType()))
        Flags |= OTRACE_ASSUME_ARGUMENT_CHANGED;
      if (A.use_empty())
        Flags |= OTRACE_ASSUME_ARGUMENT_DROPPED;
    } else {
      Flags |= OTRACE_ASSUME_ARGUMENT_CHANGED;
    }
    if (A.hasReturnedAttr())
      Flags |= OTRACE_ASSUME_RESULT_IS_ARGUMENT;
  }
  if (NrMarked < Mark.NrArgs && !(Flags & OTRACE_ASSUME_ARGUMENT_CHANGED))
    Flags |= OTRACE_ASSUME_ARGUMENT_DROPPED;
  return Flags;
}

static uint32_t resultAssumptions(const Function &F, const FunctionMark &Mark) {
  if (Mark.ReturnTypeName == "void")
    return 0;
  uint32_t Flags = 0;
  if (!returnsItsResult(F, Mark))
    Flags |= OTRACE_ASSUME_RESULT_DROPPED;
  else if (returnsOneConstant(F))
    Flags |= OTRACE_ASSUME_RESULT_CONSTANT;
  if (isResultKnown(F) && !Mark.ResultKnown)
    Flags |= OTRACE_ASSUME_RESULT_KNOWN;
  return Flags;
}

static uint32_t memoryAssumptions(const Function &F, const FunctionMark &Mark) {
  const MemoryEffects Now = F.getMemoryEffects();
  if (Now == MemoryEffects::createFromIntValue(Mark.MemoryEffects))
    return 0;
  return Now.onlyReadsMemory() ? OTRACE_ASSUME_PURE
                               : OTRACE_ASSUME_MEMORY_KNOWN;
}

bool otrace::hasKnowingCallers(const Function &F) {
  // An unoptimised function is called as it is declared. Linked as a whole,
  // callers may be anywhere.
  auto Mark = getMark(F);
  return !F.hasOptNone() && (!Mark || Mark->CalledHere || isCalledDirectly(F) ||
                             isForLTO(*F.getParent()));
}

uint32_t otrace::callerAssumptions(const Function &F) {
  auto Mark = getMark(F);
  if (!Mark || !hasKnowingCallers(F))
    return 0;
  uint32_t Flags = argumentAssumptions(F, *Mark) | resultAssumptions(F, *Mark) |
                   memoryAssumptions(F, *Mark);
  if (F.doesNotReturn() && !Mark->NoReturn)
    Flags |= OTRACE_ASSUME_NORETURN_INFERRED;
  if (F.doesNotThrow() && !Mark->NoThrow)
    Flags |= OTRACE_ASSUME_NOTHROW_INFERRED;
  return Flags;
}
