// SPDX-License-Identifier: BSD-2-Clause
//
// A wrapper, in C:
//
//   R wrapper(struct otrace_probe *probe /* static chain register */, args...)
//   {
//     struct { struct otrace_frame head; args...; R result; } frame;
//     store args to frame;
//     target = __otrace_hooks.enter(&frame, probe);
//     if (target)
//       frame.result = target(args loaded from frame);
//     __otrace_hooks.leave(&frame, probe);
//     return frame.result;
//   }
//
// The signature is the wrapped function's own, so the compiler does all of the
// calling convention. What travels in a whole general register is an i64 and
// what travels in a vector register by itself a double: all bits are kept, and
// functions that differ in nothing else share a wrapper. Without debug
// information debuggers step over it.
#include "Wrapper.h"

#include "Frame.h"
#include "Mark.h"
#include "otrace/abi.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MD5.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace otrace;

//===-- what makes two signatures different -----------------------------===//

// Attributes that decide where an argument or a result travels. All others are
// promises about one function, which a wrapper shared by many must not make.
static const Attribute::AttrKind ABIKinds[] = {
    Attribute::ZExt,      Attribute::SExt,          Attribute::InReg,
    Attribute::ByVal,     Attribute::StructRet,     Attribute::ByRef,
    Attribute::Alignment, Attribute::StackAlignment};

static AttributeSet abiAttributes(LLVMContext &C, AttributeSet All) {
  AttrBuilder Kept(C);
  for (Attribute::AttrKind Kind : ABIKinds)
    if (All.hasAttribute(Kind))
      Kept.addAttribute(All.getAttribute(Kind));
  // An alignment of the pointee only matters for what is passed in memory.
  if (!All.hasAttribute(Attribute::ByVal))
    Kept.removeAttribute(Attribute::Alignment);
  return AttributeSet::get(C, Kept);
}

namespace {

/// How a function is called, without what makes no difference in registers.
struct Signature {
  Type *Return;
  AttributeSet ReturnAttrs;
  SmallVector<Type *, 8> Params;
  SmallVector<AttributeSet, 8> ParamAttrs;
  CallingConv::ID Convention;

  explicit Signature(const Function &F);
  FunctionType *type(ArrayRef<Type *> Before) const {
    SmallVector<Type *, 8> All(Before);
    All.append(Params);
    return FunctionType::get(Return, All, /*isVarArg=*/false);
  }
  AttributeList attributes(LLVMContext &C, unsigned ParamShift) const {
    SmallVector<AttributeSet, 8> All(ParamShift);
    All.append(ParamAttrs);
    return AttributeList::get(C, AttributeSet(), ReturnAttrs, All);
  }
};

} // namespace

/// The type of the whole register in which \p T travels. Nothing comes back in
/// one too, and sret says no more than that its address does.
static Type *registerType(Type *T) {
  LLVMContext &C = T->getContext();
  if (T->isPointerTy() || T->isVoidTy() ||
      (T->isIntegerTy() && T->getIntegerBitWidth() <= 64))
    return Type::getInt64Ty(C);
  return T->isFloatTy() ? Type::getDoubleTy(C) : T;
}

Signature::Signature(const Function &F)
    : Return(registerType(F.getReturnType())), Convention(F.getCallingConv()) {
  // The same on x86-64 without -mllvm -tailcallopt, which only lld could be
  // given.
  if (Convention == CallingConv::Fast)
    Convention = CallingConv::C;
  LLVMContext &C = F.getContext();
  const AttributeList All = F.getAttributes();
  if (Return == F.getReturnType())
    ReturnAttrs = abiAttributes(C, All.getRetAttrs());
  for (const Argument &A : F.args()) {
    AttributeSet Attrs = abiAttributes(C, All.getParamAttrs(A.getArgNo()));
    Type *T = A.getType();
    if (!Attrs.hasAttribute(Attribute::ByVal) &&
        !Attrs.hasAttribute(Attribute::ByRef) &&
        !Attrs.hasAttribute(Attribute::InReg) &&
        !Attrs.hasAttribute(Attribute::StackAlignment)) {
      T = registerType(T);
      if (T != A.getType())
        Attrs = AttributeSet();
    }
    Params.push_back(T);
    ParamAttrs.push_back(Attrs);
  }
}

// Printed without names of structs: a byval type matters by its size.
static void describe(raw_ostream &Out, AttributeSet Attrs,
                     const DataLayout &DL) {
  for (Attribute A : Attrs) {
    if (A.isTypeAttribute() && A.getValueAsType())
      Out << ' ' << Attribute::getNameFromAttrKind(A.getKindAsEnum()) << '('
          << DL.getTypeAllocSize(A.getValueAsType()).getFixedValue() << ':'
          << DL.getABITypeAlign(A.getValueAsType()).value() << ')';
    else
      Out << ' ' << A.getAsString();
  }
}

static bool isWideVector(const Type *T) {
  if (auto *S = dyn_cast<StructType>(T))
    return any_of(S->elements(), isWideVector);
  if (auto *A = dyn_cast<ArrayType>(T))
    return isWideVector(A->getElementType());
  auto *V = dyn_cast<FixedVectorType>(T);
  if (!V)
    return false;
  const Type *Element = V->getElementType();
  return V->getPrimitiveSizeInBits().getFixedValue() > 128 ||
         Element->isIntegerTy(1) || Element->isHalfTy() ||
         Element->isBFloatTy();
}

static bool needsWideVectors(const Function &F) {
  return isWideVector(F.getReturnType()) ||
         any_of(F.getFunctionType()->params(), isWideVector);
}

/// Features that change how values travel, or how an indirect call has to be
/// made, and so must not fall back to the baseline.
static std::string neededFeatures(const Function &F) {
  static const char *const Needed[] = {
      "-x87",  "-mmx",       "-sse",      "-sse2",  "+soft-float",
      "+lvi-", "+retpoline", "+harden-s", "+seses", "+ssbd"};
  const StringRef All = F.getFnAttribute("target-features").getValueAsString();
  if (needsWideVectors(F))
    return All.str();
  std::string Kept;
  for (StringRef Feature : split(All, ','))
    if (any_of(Needed, [&](StringRef N) {
          return N.starts_with("-") ? Feature == N : Feature.starts_with(N);
        }))
      Kept += (Kept.empty() ? "" : ",") + Feature.str();
  return Kept;
}

// Function attributes that the wrapper has from the function it wraps.
static const char *const InheritedStrings[] = {
    "frame-pointer",      "indirect-tls-seg-refs", "use-soft-float",
    "patchable-function", "no-realign-stack",      "stackrealign"};
static const char *const VectorStrings[] = {
    "target-cpu", "min-legal-vector-width", "prefer-vector-width"};
static const Attribute::AttrKind InheritedKinds[] = {
    Attribute::NoRedZone, Attribute::NoCfCheck, Attribute::UWTable,
    Attribute::ShadowCallStack};

static AttrBuilder inheritedAttributes(const Function &F) {
  AttrBuilder Result(F.getContext());
  for (Attribute::AttrKind Kind : InheritedKinds)
    if (F.hasFnAttribute(Kind))
      Result.addAttribute(F.getFnAttribute(Kind));
  auto copyString = [&](const char *Name) {
    if (F.hasFnAttribute(Name))
      Result.addAttribute(F.getFnAttribute(Name));
  };
  for_each(InheritedStrings, copyString);
  // Named even where it is the default: without it the wrapper would get the
  // features of its file and then be chosen for files that have fewer.
  Result.addAttribute("target-cpu", "x86-64");
  Result.addAttribute("tune-cpu", "generic");
  if (needsWideVectors(F))
    for_each(VectorStrings, copyString);
  Result.addAttribute("target-features", neededFeatures(F));
  return Result;
}

static void addModuleFlags(raw_ostream &Out, const Module &M) {
  for (const char *Name :
       {"cf-protection-branch", "cf-protection-return", "ibt-seal"})
    if (auto *Flag =
            mdconst::extract_or_null<ConstantInt>(M.getModuleFlag(Name)))
      Out << Name << '=' << Flag->getZExtValue() << ';';
  // Absolute or far addressing would not fit where a small one is expected.
  if (auto Model = M.getCodeModel())
    Out << "model=" << unsigned(*Model) << ';';
}

std::string WrapperMaker::keyOf(const Function &F) const {
  std::string Key;
  raw_string_ostream Out(Key);
  const Signature S(F);
  const DataLayout &DL = M.getDataLayout();
  Out << OTRACE_ABI_VERSION << ';' << S.Convention << ';'
      << canonicalName(S.Return);
  describe(Out, S.ReturnAttrs, DL);
  for (unsigned I = 0; I != S.Params.size(); ++I) {
    Out << ';' << canonicalName(S.Params[I]);
    describe(Out, S.ParamAttrs[I], DL);
  }
  Out << ";;";
  const AttrBuilder Inherited = inheritedAttributes(F);
  for (Attribute A : Inherited.attrs())
    Out << A.getAsString() << ';';
  addModuleFlags(Out, M);
  if (!F.doesNotThrow())
    Out << "throws " << Personality;
  return Key;
}

//===-- making it -------------------------------------------------------===//

GlobalVariable *otrace::getHooks(Module &M) {
  if (GlobalVariable *Hooks = M.getNamedGlobal(OTRACE_SYMBOL_HOOKS))
    return Hooks;
  auto *Type = ArrayType::get(PointerType::get(M.getContext(), 0),
                              sizeof(otrace_hooks) / sizeof(void *));
  auto *Hooks = new GlobalVariable(
      M, Type, /*isConstant=*/false, GlobalValue::LinkOnceODRLinkage,
      ConstantAggregateZero::get(Type), OTRACE_SYMBOL_HOOKS);
  Hooks->setVisibility(GlobalValue::HiddenVisibility);
  Hooks->setDSOLocal(true);
  Hooks->setComdat(M.getOrInsertComdat(OTRACE_SYMBOL_HOOKS));
  Hooks->setAlignment(Align(16));
  GlobalValue::SanitizerMetadata Unsanitized;
  Unsanitized.NoAddress = Unsanitized.NoHWAddress = true;
  Hooks->setSanitizerMetadata(Unsanitized);
  return Hooks;
}

// Any personality that runs cleanups will do. One that the module uses already
// costs nothing; which one must not depend on debug information.
WrapperMaker::WrapperMaker(Module &M) : M(M) {
  for (Function &F : M)
    if (F.hasPersonalityFn()) {
      Personality = F.getPersonalityFn()->stripPointerCasts()->getName();
      return;
    }
  Personality = "__gcc_personality_v0";
}

static std::string hashOf(StringRef Key) {
  MD5 Hash;
  Hash.update(Key);
  MD5::MD5Result Result;
  Hash.final(Result);
  return toHex(ArrayRef<uint8_t>(Result.data(), 8), /*LowerCase=*/true);
}

Function *WrapperMaker::get(Function &F) {
  std::string Name = OTRACE_PREFIX "w_" + hashOf(keyOf(F));
  // Symbols of this convention get @@ and a number, which linkers of shared
  // objects take for a version.
  if (F.getCallingConv() == CallingConv::X86_VectorCall)
    Name.insert(0, 1, '\1');
  if (Function *Made = M.getFunction(Name))
    return Made;
  return build(F, Name);
}

namespace {

/// The body of one wrapper.
class BodyBuilder {
  Module &M;
  Function &W;
  const Signature &S;
  const FrameLayout Layout;
  IRBuilder<> B;
  Value *Frame = nullptr;

public:
  BodyBuilder(Function &W, const Signature &S)
      : M(*W.getParent()), W(W), S(S), Layout(S.type({}), M.getDataLayout()),
        B(BasicBlock::Create(W.getContext(), "", &W)) {}

  void run() {
    buildFrame();
    BasicBlock *Call = newBlock(), *Leave = newBlock();
    Value *Target = callHook(offsetof(otrace_hooks, enter), B.getPtrTy());
    B.CreateCondBr(B.CreateIsNull(Target), Leave, Call);

    B.SetInsertPoint(Call);
    callTarget(Target);
    B.CreateBr(Leave);

    B.SetInsertPoint(Leave);
    callHook(offsetof(otrace_hooks, leave), B.getVoidTy());
    B.CreateRet(B.CreateAlignedLoad(W.getReturnType(), at(Layout.RetOffset),
                                    MaybeAlign()));
  }

private:
  BasicBlock *newBlock() { return BasicBlock::Create(W.getContext(), "", &W); }
  Value *at(uint64_t Offset) {
    return B.CreateConstInBoundsGEP1_64(B.getInt8Ty(), Frame, Offset);
  }

  void buildFrame() {
    auto *Space =
        B.CreateAlloca(ArrayType::get(B.getInt8Ty(), Layout.FrameBytes));
    Space->setAlignment(Align(Layout.Align));
    Frame = Space;
    for (unsigned I = 0; I != Layout.Slots.size(); ++I)
      B.CreateAlignedStore(W.getArg(I + 1), at(Layout.Slots[I]), MaybeAlign());
  }

  CallInst *callHook(uint64_t Offset, Type *Return,
                     ArrayRef<Value *> More = {}) {
    Value *Slot =
        B.CreateConstInBoundsGEP1_64(B.getInt8Ty(), getHooks(M), Offset);
    Value *Hook = B.CreateLoad(B.getPtrTy(), Slot);
    SmallVector<Value *, 3> Args = {Frame, W.getArg(0)};
    Args.append(More.begin(), More.end());
    SmallVector<llvm::Type *, 3> Types(Args.size(), B.getPtrTy());
    CallInst *Call =
        B.CreateCall(FunctionType::get(Return, Types, false), Hook, Args);
    Call->setDoesNotThrow();
    return Call;
  }

  void callTarget(Value *Target) {
    SmallVector<Value *, 8> Args;
    for (unsigned I = 0; I != Layout.Slots.size(); ++I)
      Args.push_back(B.CreateAlignedLoad(W.getArg(I + 1)->getType(),
                                         at(Layout.Slots[I]), MaybeAlign()));
    CallBase *Call;
    if (W.doesNotThrow()) {
      Call = B.CreateCall(S.type({}), Target, Args);
      Call->setDoesNotThrow();
    } else {
      BasicBlock *Next = newBlock();
      Call = B.CreateInvoke(S.type({}), Target, Next, buildLandingPad(), Args);
      B.SetInsertPoint(Next);
    }
    Call->setCallingConv(S.Convention);
    AttributeList Attrs = S.attributes(W.getContext(), 0);
    if (W.doesNotThrow())
      Attrs = Attrs.addFnAttribute(W.getContext(), Attribute::NoUnwind);
    Call->setAttributes(Attrs);
    B.CreateAlignedStore(Call, at(Layout.RetOffset), MaybeAlign());
  }

  /// Tells the runtime that an exception passes, and lets it pass.
  BasicBlock *buildLandingPad() {
    IRBuilder<>::InsertPointGuard Guard(B);
    BasicBlock *Pad = newBlock();
    B.SetInsertPoint(Pad);
    auto *Type = StructType::get(B.getPtrTy(), B.getInt32Ty());
    LandingPadInst *Landing = B.CreateLandingPad(Type, 0);
    Landing->setCleanup(true);
    callHook(offsetof(otrace_hooks, unwind), B.getVoidTy(),
             B.CreateExtractValue(Landing, 0));
    B.CreateResume(Landing);
    return Pad;
  }
};

} // namespace

Function *WrapperMaker::build(const Function &Model, StringRef Name) {
  const Signature S(Model);
  Function *W = Function::Create(S.type({PointerType::get(M.getContext(), 0)}),
                                 GlobalValue::LinkOnceODRLinkage, Name, M);
  W->setVisibility(GlobalValue::HiddenVisibility);
  W->setDSOLocal(true);
  W->setComdat(M.getOrInsertComdat(GlobalValue::dropLLVMManglingEscape(Name)));
  W->setSection(OTRACE_SECTION_WRAPPER);
  W->setCallingConv(S.Convention);
  W->setAttributes(S.attributes(M.getContext(), /*ParamShift=*/1));
  W->addParamAttr(0, Attribute::Nest);
  W->addFnAttrs(inheritedAttributes(Model));
  // Never into a caller, whatever runs after this pass.
  W->addFnAttr(Attribute::NoInline);
  // Not aligned, no bytes given for speed.
  W->addFnAttr(Attribute::OptimizeForSize);
  if (Model.doesNotThrow())
    W->setDoesNotThrow();
  else
    W->setPersonalityFn(cast<Constant>(
        M.getOrInsertFunction(
             Personality, FunctionType::get(Type::getInt32Ty(M.getContext()),
                                            /*isVarArg=*/true))
            .getCallee()));
  BodyBuilder(*W, S).run();
  return W;
}
