// SPDX-License-Identifier: BSD-2-Clause
#include "Mark.h"

#include "LLVMCompat.h"
#include "Params.h"
#include "Passes.h"
#include "Phase.h"
#include "Select.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace otrace;

static const char ArgumentAttribute[] = "otrace-arg";
static const char FunctionAttribute[] = "otrace-fn";
static const char DeclaredMetadata[] = "otrace.functions";

std::string otrace::canonicalName(const Type *T) {
  std::string Text;
  raw_string_ostream Out(Text);
  if (auto *S = dyn_cast<StructType>(T)) {
    Out << (S->isPacked() ? "<{" : "{");
    for (const Type *Element : S->elements())
      Out << canonicalName(Element) << ',';
    Out << (S->isPacked() ? "}>" : "}");
  } else if (auto *A = dyn_cast<ArrayType>(T)) {
    Out << '[' << A->getNumElements() << 'x'
        << canonicalName(A->getElementType()) << ']';
  } else {
    T->print(Out, /*IsForDebug=*/false, /*NoDetails=*/true);
  }
  return Out.str();
}

//===-- marks as attributes ---------------------------------------------===//

std::optional<ArgumentMark> otrace::getMark(const Argument &A) {
  const Attribute Attr = A.getParent()->getAttributes().getParamAttr(
      A.getArgNo(), ArgumentAttribute);
  if (!Attr.isStringAttribute())
    return std::nullopt;
  SmallVector<StringRef, 6> Words;
  Attr.getValueAsString().split(Words, '|');
  ArgumentMark Mark;
  if (Words.size() < 2 || Words[0].getAsInteger(10, Mark.Index))
    return std::nullopt;
  Mark.TypeName = Words[1].str();
  ValuePart Part;
  unsigned Kind;
  if (Words.size() == 6 && !Words[2].getAsInteger(10, Part.Param) &&
      !Words[3].getAsInteger(10, Part.Offset) &&
      !Words[4].getAsInteger(10, Part.Size) &&
      !Words[5].getAsInteger(10, Kind)) {
    Part.Kind = static_cast<otrace_piece_kind>(Kind);
    Mark.Part = Part;
  }
  return Mark;
}

void otrace::setMark(Argument &A, const ArgumentMark &Mark) {
  std::string Text;
  raw_string_ostream Out(Text);
  Out << Mark.Index << '|' << Mark.TypeName;
  if (const auto &P = Mark.Part)
    Out << '|' << P->Param << '|' << P->Offset << '|' << P->Size << '|'
        << unsigned(P->Kind);
  A.addAttr(Attribute::get(A.getContext(), ArgumentAttribute, Out.str()));
}

std::optional<FunctionMark> otrace::getMark(const Function &F) {
  const Attribute Attr = F.getFnAttribute(FunctionAttribute);
  if (!Attr.isStringAttribute())
    return std::nullopt;
  SmallVector<StringRef, 6> Words;
  Attr.getValueAsString().split(Words, '|');
  FunctionMark Mark;
  unsigned Bits;
  if (Words.size() < 5 || Words[0].getAsInteger(10, Mark.NrArgs) ||
      Words[2].getAsInteger(10, Mark.ReturnOffset) ||
      Words[3].getAsInteger(10, Mark.MemoryEffects) ||
      Words[4].getAsInteger(10, Bits))
    return std::nullopt;
  Mark.ReturnTypeName = Words[1].str();
  Mark.NoReturn = Bits & 1;
  Mark.NoThrow = Bits & 2;
  Mark.CalledHere = Bits & 4;
  Mark.ResultKnown = Bits & 8;
  Mark.NoInstrument = Bits & 16;
  for (StringRef Word : ArrayRef<StringRef>(Words).drop_front(5)) {
    BitIntWidth Width;
    const auto [Param, Number] = Word.split(':');
    if (!Param.getAsInteger(10, Width.Param) &&
        !Number.getAsInteger(10, Width.Bits))
      Mark.BitWidths.push_back(Width);
  }
  return Mark;
}

unsigned FunctionMark::bitsOf(unsigned Param) const {
  for (const BitIntWidth &Width : BitWidths)
    if (Width.Param == Param)
      return Width.Bits;
  return 0;
}

void otrace::setMark(Function &F, const FunctionMark &Mark) {
  const unsigned Bits = Mark.NoReturn | Mark.NoThrow << 1 |
                        Mark.CalledHere << 2 | Mark.ResultKnown << 3 |
                        Mark.NoInstrument << 4;
  std::string Text;
  raw_string_ostream Out(Text);
  Out << Mark.NrArgs << '|' << Mark.ReturnTypeName << '|' << Mark.ReturnOffset
      << '|' << Mark.MemoryEffects << '|' << Bits;
  for (const BitIntWidth &Width : Mark.BitWidths)
    Out << '|' << Width.Param << ':' << Width.Bits;
  F.addFnAttr(FunctionAttribute, Out.str());
}

void otrace::removeMarks(Function &F) {
  F.removeFnAttr(FunctionAttribute);
  for (unsigned I = 0; I != F.arg_size(); ++I)
    F.removeParamAttr(I, ArgumentAttribute);
}

bool otrace::isResultKnown(const Function &F) {
  const AttributeSet Result = F.getAttributes().getRetAttrs();
  return Result.hasAttribute(Attribute::NonNull) ||
         Result.hasAttribute(Attribute::Range) ||
         Result.hasAttribute(Attribute::NoAlias) ||
         Result.hasAttribute(Attribute::Dereferenceable) ||
         Result.hasAttribute(Attribute::Alignment);
}

bool otrace::isCalledDirectly(const Function &F) {
  return any_of(F.users(), [&](const User *U) {
    auto *Call = dyn_cast<CallBase>(U);
    return Call && Call->getCalledOperand() == &F;
  });
}

//===-- declared functions as metadata ----------------------------------===//

void otrace::declareFunction(Module &M, const DeclaredFunction &D) {
  LLVMContext &C = M.getContext();
  auto *Line = ConstantInt::get(Type::getInt32Ty(C), D.LineEnd);
  SmallVector<Metadata *, 8> Operands{D.Subprogram,
                                      ConstantAsMetadata::get(Line),
                                      MDString::get(C, M.getSourceFileName())};
  Operands.append(D.Params.begin(), D.Params.end());
  M.getOrInsertNamedMetadata(DeclaredMetadata)
      ->addOperand(MDNode::get(C, Operands));
}

SmallVector<DeclaredFunction, 0> otrace::declaredFunctions(Module &M) {
  SmallVector<DeclaredFunction, 0> Result;
  NamedMDNode *Node = M.getNamedMetadata(DeclaredMetadata);
  if (!Node)
    return Result;
  const bool MayImport = isForThinLTO(M);
  for (const MDNode *Entry : Node->operands()) {
    auto *SP = dyn_cast_or_null<DISubprogram>(Entry->getOperand(0));
    auto *Line = mdconst::dyn_extract<ConstantInt>(Entry->getOperand(1));
    auto *File = dyn_cast<MDString>(Entry->getOperand(2));
    if (!SP || !Line || !File)
      continue;
    // ThinLTO brings along the entries of modules that it imports from; those
    // speak for themselves.
    if (MayImport && File->getString() != M.getSourceFileName())
      continue;
    DeclaredFunction &D = Result.emplace_back();
    D.Subprogram = SP;
    D.LineEnd = Line->getZExtValue();
    for (const MDOperand &Var : drop_begin(Entry->operands(), 3))
      D.Params.push_back(dyn_cast_or_null<DILocalVariable>(Var));
  }
  return Result;
}

void otrace::removeDeclaredFunctions(Module &M) {
  if (NamedMDNode *Node = M.getNamedMetadata(DeclaredMetadata))
    Node->eraseFromParent();
}

//===-- the pass --------------------------------------------------------===//

static unsigned lastLine(const Function &F) {
  const DISubprogram *SP = F.getSubprogram();
  unsigned Last = SP->getLine();
  for (const Instruction &I : instructions(F)) {
    const DILocation *At = I.getDebugLoc();
    if (At && !At->getInlinedAt() && At->getFile() == SP->getFile())
      Last = std::max(Last, At->getLine());
  }
  return Last;
}

static void markFunction(Function &F, const InstrumentChoice &Choice) {
  const ParamFinder Finder(F);
  const bool HasDebugInfo = F.getSubprogram();
  for (Argument &A : F.args()) {
    ArgumentMark Mark{A.getArgNo(), canonicalName(A.getType()), {}};
    if (HasDebugInfo || A.hasStructRetAttr())
      Mark.Part = Finder.partOf(A);
    setMark(A, Mark);
  }
  FunctionMark Mark;
  Mark.NrArgs = F.arg_size();
  Mark.ReturnTypeName = canonicalName(F.getReturnType());
  Mark.ReturnOffset = Finder.returnOffset();
  Mark.BitWidths = Finder.bitWidths();
  Mark.MemoryEffects = F.getMemoryEffects().toIntValue();
  Mark.NoReturn = F.doesNotReturn();
  Mark.NoThrow = F.doesNotThrow();
  Mark.CalledHere = isCalledDirectly(F);
  Mark.ResultKnown = isResultKnown(F);
  Mark.NoInstrument = Choice.isExcluded(F);
  setMark(F, Mark);
  if (HasDebugInfo) {
    DeclaredFunction D{F.getSubprogram(), lastLine(F), {}};
    D.Params.append(Finder.params().begin(), Finder.params().end());
    declareFunction(*F.getParent(), D);
  }
}

PreservedAnalyses MarkPass::run(Module &M, ModuleAnalysisManager &) {
  if (getPhase(M) != Phase::Untouched)
    return PreservedAnalyses::all();
  compat::DebugRecords Records(M);
  InstrumentChoice Choice(M);
  for (Function &F : M)
    if (!F.isDeclaration() && !F.hasAvailableExternallyLinkage())
      markFunction(F, Choice);
  Choice.consume();
  setPhase(M, Phase::Marked);
  return PreservedAnalyses::all();
}
