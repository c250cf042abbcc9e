// SPDX-License-Identifier: BSD-2-Clause
#include "Select.h"

#include "LLVMCompat.h"
#include "Mark.h"

#include "llvm/IR/CallingConv.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalIFunc.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace otrace;

static const char EntryInlined[] = "instrument-function-entry-inlined";
static const char BareHook[] = "__cyg_profile_func_enter_bare";
static const char SkipAnnotation[] = "otrace_skip";

//===-- what the source asks for ----------------------------------------===//

static bool hasBareHook(const Function &F) {
  return F.getFnAttribute(EntryInlined).getValueAsString() == BareHook;
}

static StringRef annotationText(const Value *V) {
  auto *Text = dyn_cast<GlobalVariable>(V->stripPointerCasts());
  if (!Text || !Text->hasInitializer())
    return "";
  auto *Data = dyn_cast<ConstantDataSequential>(Text->getInitializer());
  return Data && Data->isCString() ? Data->getAsCString() : "";
}

InstrumentChoice::InstrumentChoice(Module &M) : M(M) {
  EntryBare = any_of(M, hasBareHook);
  auto *Annotations = M.getNamedGlobal("llvm.global.annotations");
  if (!Annotations || !Annotations->hasInitializer())
    return;
  for (const Use &U : Annotations->getInitializer()->operands()) {
    auto *Entry = dyn_cast<ConstantStruct>(U.get());
    if (!Entry || annotationText(Entry->getOperand(1)) != SkipAnnotation)
      continue;
    if (auto *F = dyn_cast<Function>(Entry->getOperand(0)->stripPointerCasts()))
      Annotated.insert(F);
  }
}

bool InstrumentChoice::isExcluded(const Function &F) const {
  return Annotated.count(&F) || (EntryBare && !hasBareHook(F));
}

void InstrumentChoice::consume() {
  for (Function &F : M)
    if (hasBareHook(F))
      F.removeFnAttr(EntryInlined);
}

//===-- what can be wrapped ---------------------------------------------===//

bool otrace::isOurBusiness(const Function &F) {
  return !F.isDeclaration() && !F.hasAvailableExternallyLinkage() &&
         !F.getName().starts_with(OTRACE_PREFIX) && !F.isIntrinsic();
}

Selector::Selector(Module &M) {
  for (GlobalIFunc &I : M.ifuncs())
    Resolvers.insert(I.getResolverFunction());
  for (Function &F : M)
    for (Instruction &I : instructions(F)) {
      auto *Call = dyn_cast<CallInst>(&I);
      if (!Call || !Call->isMustTailCall())
        continue;
      MustTail.insert(&F);
      if (Function *Callee = Call->getCalledFunction())
        MustTail.insert(Callee);
    }
}

// The static chain register is free for the probe in these alone. regcall puts
// it elsewhere; preserve_most, preserve_all and no_caller_saved_registers keep
// r10 alive for the caller.
static bool isConventionAllowed(const Function &F) {
  if (F.hasFnAttribute("no_caller_saved_registers"))
    return false;
  switch (F.getCallingConv()) {
  case CallingConv::C:
  case CallingConv::Fast:
  case CallingConv::Cold:
  case CallingConv::Tail:
  case CallingConv::X86_64_SysV:
    return true;
  case CallingConv::Win64:
  case CallingConv::X86_VectorCall:
    // The runtime's trampoline knows the System V frame only.
    return !F.isVarArg();
  default:
    return false;
  }
}

static bool hasOddType(const Type *T) {
  return T->isX86_AMXTy() || compat::isMMX(*T) || T->isTokenTy() ||
         T->isMetadataTy() || T->isTargetExtTy() || T->isScalableTy() ||
         T->isLabelTy();
}

static otrace_skip_reason reasonInArguments(const Function &F) {
  for (const Argument &A : F.args()) {
    if (A.hasNestAttr())
      return OTRACE_SKIP_NEST;
    if (A.hasInAllocaAttr() || A.hasPreallocatedAttr())
      return OTRACE_SKIP_INALLOCA;
    if (A.hasSwiftErrorAttr() || A.hasAttribute(Attribute::SwiftSelf) ||
        A.hasAttribute(Attribute::SwiftAsync) || hasOddType(A.getType()))
      return OTRACE_SKIP_OTHER;
  }
  return hasOddType(F.getReturnType()) ? OTRACE_SKIP_OTHER : OTRACE_SKIP_NONE;
}

otrace_skip_reason Selector::reasonToSkip(const Function &F) const {
  if (F.hasFnAttribute(Attribute::Naked))
    return OTRACE_SKIP_NAKED;
  if (Resolvers.count(&F))
    return OTRACE_SKIP_IFUNC_RESOLVER;
  if (F.hasFnAttribute(Attribute::ReturnsTwice))
    return OTRACE_SKIP_RETURNS_TWICE;
  if (auto Mark = getMark(F); Mark && Mark->NoInstrument)
    return OTRACE_SKIP_NO_INSTRUMENT;
  if (F.hasPrologueData())
    return OTRACE_SKIP_PROLOGUE_DATA;
  if (!isConventionAllowed(F))
    return OTRACE_SKIP_CALLING_CONVENTION;
  return reasonInArguments(F);
}

StringRef otrace::textOf(otrace_skip_reason Reason) {
  static const char *const Texts[] = {
#define OTRACE_X(name, text) text,
      OTRACE_SKIP_REASONS(OTRACE_X)
#undef OTRACE_X
  };
  return Texts[Reason];
}
