// SPDX-License-Identifier: BSD-2-Clause
#include "FunctionTable.h"

#include "Frame.h"
#include "Params.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/GlobalAlias.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace otrace;

/// A description in the making.
struct FunctionTable::Draft {
  Function *F; // null: nothing is left of it
  const DISubprogram *SP;
  const DeclaredFunction *Source = nullptr;
  uint32_t Flags = 0, Assumes = 0;
  otrace_skip_reason SkipReason = OTRACE_SKIP_NONE;
  unsigned LineBegin = 0, LineEnd = 0, Unit = 0;
  bool HasPad = false;
  std::string Name, LinkageName;
  Target Wrapper, File, ReturnType;
  uint64_t ReturnSize = 0;
  std::optional<FrameLayout> Frame; // of the wrapper
  ArrayRef<InlinedCopy> Inlined;
  // Of each declared parameter.
  SmallVector<std::string, 8> ParamNames;
  SmallVector<Target, 8> ParamTypes;
  SmallVector<uint64_t, 8> ParamSizes;
  SmallVector<SmallVector<otrace_piece, 2>, 8> Pieces;
  SmallVector<otrace_piece, 2> Result;

  Draft(Function *F, const DISubprogram *SP) : F(F), SP(SP) {}
  bool hasStub() const { return F && SkipReason == OTRACE_SKIP_NONE; }
};

FunctionTable::FunctionTable(Module &M, BlobSet &Blobs, SharedPool &Pool,
                             TypeTable &Types, const Selector &Select)
    : M(M), Blobs(Blobs), Pool(Pool), Types(Types), Select(Select), Copies(M),
      Declared(declaredFunctions(M)) {
  for (const DeclaredFunction &D : Declared) {
    DeclaredBySubprogram.try_emplace(D.Subprogram, &D);
    DeclaredByPlace.try_emplace(placeOf(D.Subprogram), &D);
  }
}

FunctionTable::Place FunctionTable::placeOf(const DISubprogram *SP) {
  return {SP->getFile(), SP->getLine(), SP->getName().str()};
}

/// What the source says of a function; a copy that the optimiser specialised
/// has a subprogram of its own.
const DeclaredFunction *
FunctionTable::declaredAs(const DISubprogram *SP) const {
  if (auto It = DeclaredBySubprogram.find(SP); It != DeclaredBySubprogram.end())
    return It->second;
  auto It = DeclaredByPlace.find(placeOf(SP));
  return It != DeclaredByPlace.end() ? It->second : nullptr;
}

//===-- flags and names -------------------------------------------------===//

static bool readsItsFrame(const Function &F) {
  for (const Instruction &I : instructions(F))
    if (auto *Call = dyn_cast<IntrinsicInst>(&I))
      switch (Call->getIntrinsicID()) {
      case Intrinsic::returnaddress:
      case Intrinsic::addressofreturnaddress:
      case Intrinsic::frameaddress:
      case Intrinsic::sponentry:
        return true;
      default:
        break;
      }
  return false;
}

static uint32_t codeFlags(const Function &F, const Selector &Select) {
  uint32_t Flags = 0;
  if (F.isVarArg())
    Flags |= OTRACE_FN_VARARGS;
  if (Select.isMustTail(F))
    Flags |= OTRACE_FN_MUSTTAIL;
  if (readsItsFrame(F))
    Flags |= OTRACE_FN_READS_FRAME;
  if (!F.doesNotThrow())
    Flags |= OTRACE_FN_MAY_THROW;
  if (F.doesNotReturn())
    Flags |= OTRACE_FN_NORETURN;
  if (F.isInterposable() || F.hasWeakLinkage() || F.hasLinkOnceLinkage())
    Flags |= OTRACE_FN_WEAK;
  if (any_of(F.args(), [](const Argument &A) { return A.hasStructRetAttr(); }))
    Flags |= OTRACE_FN_SRET;
  return Flags;
}

static uint32_t sourceFlags(const DISubprogram *SP) {
  uint32_t Flags = 0;
  if (SP->isLocalToUnit())
    Flags |= OTRACE_FN_STATIC;
  if (SP->getDeclaration() && SP->getDeclaration()->getScope() &&
      isa<DICompositeType>(SP->getDeclaration()->getScope()))
    Flags |= OTRACE_FN_METHOD;
  const auto Language =
      static_cast<dwarf::SourceLanguage>(SP->getUnit()->getSourceLanguage());
  if (!SP->isPrototyped() && dwarf::isC(Language))
    Flags |= OTRACE_FN_NO_PROTOTYPE;
  return Flags;
}

/// Without the ABI tags that demangling shows and no source has: f[abi:cxx11].
static std::string withoutAbiTags(std::string Name) {
  for (size_t At; (At = Name.find("[abi:")) != std::string::npos;) {
    const size_t End = Name.find(']', At);
    if (End == std::string::npos)
      break;
    Name.erase(At, End + 1 - At);
  }
  return Name;
}

/// Name without parameters of a mangled name; nothing if it is not one.
static std::string demangledName(StringRef Linkage) {
  if (!Linkage.starts_with("_Z"))
    return {};
  const std::string Mangled = Linkage.str(); // the demangler points into it
  ItaniumPartialDemangler Demangler;
  if (Demangler.partialDemangle(Mangled.c_str()) || !Demangler.isFunction())
    return {};
  char *Text = Demangler.getFunctionName(nullptr, nullptr);
  std::string Name = Text ? Text : "";
  std::free(Text);
  return withoutAbiTags(Name);
}

static StringRef linkageName(const Function *F, const DISubprogram *SP) {
  StringRef Linkage = F ? F->getName() : SP->getLinkageName();
  return Linkage.empty() ? SP->getName() : Linkage;
}

static std::string nameOf(const Function *F, const DISubprogram *SP) {
  const StringRef Linkage = linkageName(F, SP);
  std::string Name = demangledName(
      SP && !SP->getLinkageName().empty() ? SP->getLinkageName() : Linkage);
  if (!Name.empty())
    return Name;
  return SP ? qualifiedName(SP->getScope(), SP->getName()) : Linkage.str();
}

void FunctionTable::describeName(Draft &D) {
  D.Name = nameOf(D.F, D.SP);
  D.LinkageName = linkageName(D.F, D.SP).str();
  if (D.LinkageName == D.Name)
    D.LinkageName.clear();
}

//===-- what the source says --------------------------------------------===//

void FunctionTable::describeSource(Draft &D, const DISubprogram *SP) {
  D.Source = declaredAs(SP);
  D.Flags |= sourceFlags(SP);
  D.LineBegin = SP->getLine();
  D.LineEnd = D.Source ? D.Source->LineEnd : SP->getLine();
  D.File = Pool.file(SP->getFile());
  D.Unit = Pool.unit(SP->getUnit());
  describeSignature(D);
}

void FunctionTable::describeSignature(Draft &D) {
  const DITypeRefArray Signature =
      D.SP->getType() ? D.SP->getType()->getTypeArray() : DITypeRefArray();
  const auto Mark = D.F ? getMark(*D.F) : std::nullopt;
  auto typeOf = [&](const DIType *Type, unsigned Param) {
    const unsigned Bits = Mark ? Mark->bitsOf(Param) : 0;
    return Bits ? Types.getBitInt(Type, Bits) : Types.get(Type);
  };
  if (Signature.size()) {
    D.ReturnType = typeOf(Signature[0], ValuePart::ReturnValue);
    D.ReturnSize = sizeOf(Signature[0]);
  }
  size_t Nr = Signature.size() ? Signature.size() - 1 : 0;
  if (Nr && !Signature[Nr]) {
    if (D.SP->isPrototyped() && !D.F)
      D.Flags |= OTRACE_FN_VARARGS;
    --Nr; // "...", or no prototype
  }
  if (D.Source)
    Nr = std::max(Nr, D.Source->Params.size());
  for (size_t I = 0; I != Nr; ++I) {
    const DILocalVariable *Var =
        D.Source && I < D.Source->Params.size() ? D.Source->Params[I] : nullptr;
    const DIType *Type = Var                        ? Var->getType()
                         : I + 1 < Signature.size() ? Signature[I + 1]
                                                    : nullptr;
    D.ParamNames.push_back(Var ? Var->getName().str() : "");
    D.ParamTypes.push_back(typeOf(Type, I));
    D.ParamSizes.push_back(sizeOf(Type));
  }
  D.Pieces.resize(Nr);
}

/// Without debug information the IR arguments are the parameters.
void FunctionTable::describeMachineSignature(Draft &D) {
  D.Flags |= OTRACE_FN_NO_DEBUG_INFO;
  if (D.F->hasLocalLinkage())
    D.Flags |= OTRACE_FN_STATIC;
  D.Unit = Pool.unit(nullptr);
  const DataLayout &DL = M.getDataLayout();
  Type *Return = D.F->getReturnType();
  D.ReturnType = Types.getMachine(Return);
  if (D.ReturnType)
    D.ReturnSize = DL.getTypeAllocSize(Return);
  auto Mark = getMark(*D.F);
  const unsigned Nr = Mark ? Mark->NrArgs : D.F->arg_size();
  D.ParamNames.resize(Nr);
  D.ParamTypes.resize(Nr);
  D.ParamSizes.resize(Nr);
  D.Pieces.resize(Nr);
  for (const Argument &A : D.F->args())
    if (auto ArgMark = getMark(A)) {
      D.ParamTypes[ArgMark->Index] = Types.getMachine(A.getType());
      D.ParamSizes[ArgMark->Index] = DL.getTypeAllocSize(A.getType());
    }
}

//===-- where values lie ------------------------------------------------===//

/// Whether callers write what \p A points to: what the callee does not read,
/// they need not.
static bool isMemoryPassedOn(const Function &F, const Argument &A) {
  return !A.hasAttribute(Attribute::WriteOnly) &&
         !A.hasAttribute(Attribute::ReadNone) &&
         isRefSet(F.getMemoryEffects().getModRef(IRMemLocation::ArgMem));
}

/// The part of a declared value that \p A still carries, if any.
static std::optional<ValuePart> partLeft(const Argument &A, bool HasDebugInfo,
                                         const DataLayout &DL) {
  auto Mark = getMark(A);
  if (!Mark || (A.use_empty() && hasKnowingCallers(*A.getParent())) ||
      Mark->TypeName != canonicalName(A.getType()))
    return std::nullopt;
  if (!HasDebugInfo && !A.hasStructRetAttr())
    Mark->Part =
        ValuePart{Mark->Index, 0, uint32_t(DL.getTypeStoreSize(A.getType())),
                  OTRACE_PIECE_DIRECT};
  auto &Part = Mark->Part;
  if (!Part || Part->Param == ValuePart::ReturnValue ||
      !A.getType()->isPointerTy() || isMemoryPassedOn(*A.getParent(), A))
    return Part;
  if (Part->Kind == OTRACE_PIECE_INDIRECT)
    return std::nullopt;
  if (Part->Kind == OTRACE_PIECE_DIRECT && hasKnowingCallers(*A.getParent()))
    Part->Kind = OTRACE_PIECE_ADDRESS_ONLY;
  return Part;
}

static otrace_piece pieceOf(uint64_t FrameOffset, uint64_t ValueOffset,
                            uint64_t Size, unsigned Kind) {
  otrace_piece Piece = {};
  Piece.frame_offset = FrameOffset;
  Piece.value_offset = ValueOffset;
  Piece.size_bytes = Size;
  Piece.kind = Kind;
  return Piece;
}

namespace {

/// Places of IR values in the frame, for both kinds of frame.
class Places {
  std::optional<FrameLayout> Fixed;
  std::optional<VarargsLayout> Varargs;
  uint32_t RetBytes = 0;

public:
  explicit Places(const Function &F) {
    const DataLayout &DL = F.getParent()->getDataLayout();
    if (F.isVarArg())
      Varargs.emplace(F);
    else
      Fixed.emplace(F.getFunctionType(), DL);
    if (Fixed)
      RetBytes = Fixed->RetBytes;
    // Of an integer the whole register is there.
    if (F.getReturnType()->isIntegerTy())
      RetBytes = DL.getTypeAllocSize(F.getReturnType());
  }

  VarargsLayout::Parts argument(unsigned I, uint32_t Size) const {
    if (Varargs)
      return Varargs->argument(I);
    return {VarargsPart{uint32_t(Fixed->Slots[I]), 0, Size, false}};
  }
  VarargsLayout::Parts result() const {
    if (Varargs)
      return Varargs->result();
    return {VarargsPart{uint32_t(Fixed->RetOffset), 0, RetBytes, false}};
  }
};

} // namespace

static void addPieces(SmallVectorImpl<otrace_piece> &Out,
                      const VarargsLayout::Parts &At, const ValuePart &Part,
                      uint64_t DeclaredSize, bool IsByValOnStack) {
  for (const VarargsPart &P : At) {
    unsigned Kind = Part.Kind;
    uint32_t Size = Part.Size;
    // On the stack of a varargs call lies the value, not a pointer to it.
    if (P.OnStack && (Kind != OTRACE_PIECE_INDIRECT || IsByValOnStack))
      Kind = OTRACE_PIECE_STACK;
    else if (P.OnStack)
      continue;
    if (Part.Param == ValuePart::ReturnValue)
      Size = DeclaredSize;
    Out.push_back(pieceOf(P.FrameOffset, Part.Offset, Size, Kind));
  }
}

void FunctionTable::describePieces(Draft &D) {
  Function &F = *D.F;
  const Places Where(F);
  const DataLayout &DL = M.getDataLayout();
  auto Mark = getMark(F);
  for (const Argument &A : F.args()) {
    auto Part = partLeft(A, D.SP, DL);
    if (!Part)
      continue;
    const auto At =
        Where.argument(A.getArgNo(), DL.getTypeStoreSize(A.getType()));
    if (Part->Param == ValuePart::ReturnValue)
      addPieces(D.Result, At, *Part, resultSize(D.SP), false);
    else if (Part->Param < D.Pieces.size())
      addPieces(D.Pieces[Part->Param], At, *Part, 0, A.hasByValAttr());
  }
  if (!Mark || !returnsItsResult(F, *Mark))
    return;
  for (const VarargsPart &P : Where.result()) {
    const uint64_t Offset = Mark->ReturnOffset + P.ValueOffset;
    const uint64_t Declared = resultSize(D.SP);
    if (Offset < Declared)
      D.Result.push_back(pieceOf(P.FrameOffset, Offset,
                                 std::min<uint64_t>(P.Size, Declared - Offset),
                                 OTRACE_PIECE_DIRECT));
  }
}

//===-- bytes -----------------------------------------------------------===//

void FunctionTable::setOrder(ArrayRef<Function *> Functions) {
  for (const Function *F : Functions) {
    Numbers.try_emplace(F, Numbers.size());
    const DISubprogram *SP = F->getSubprogram();
    if (!SP)
      continue;
    Described.insert(SP);
    if (const DeclaredFunction *Source = declaredAs(SP))
      Described.insert(Source->Subprogram);
  }
  for (const DeclaredFunction &D : Declared)
    if (Described.insert(D.Subprogram).second)
      Vanished.push_back(D.Subprogram);
  NrDescriptions = Functions.size() + Vanished.size();
}

/// Whether the one piece is all of a value of \p Size bytes at \p Offset.
static bool isWhole(ArrayRef<otrace_piece> Pieces, uint64_t Offset,
                    uint64_t Size) {
  return Pieces.size() == 1 && Pieces[0].frame_offset == Offset &&
         !Pieces[0].value_offset && Pieces[0].size_bytes == Size &&
         Pieces[0].kind == OTRACE_PIECE_DIRECT;
}

static void writePieces(Stream &Out, ArrayRef<otrace_piece> Pieces) {
  for (const otrace_piece &P : Pieces)
    for (uint32_t Number :
         {P.frame_offset, P.value_offset, P.size_bytes, uint32_t(P.kind)})
      Out.varint(Number);
}

/// Whether the layout follows from two numbers, see abi.h.
static bool isUsual(const FrameLayout &L) {
  const uint64_t End = L.ArgsOffset + L.ArgsBytes;
  return L.ArgsOffset == sizeof(otrace_frame) && L.ArgsBytes % 8 == 0 &&
         L.RetBytes < 32 && L.RetOffset == End &&
         L.FrameBytes == End + std::max<uint64_t>(8, alignTo(L.RetBytes, 8));
}

void FunctionTable::writeFrame(Stream &Out, const Draft &D) {
  const FrameLayout &L = *D.Frame;
  if (isUsual(L)) {
    Out.varint(L.ArgsBytes / 8 * 32 + L.RetBytes);
    return;
  }
  for (uint64_t Number :
       {L.ArgsOffset, L.ArgsBytes, L.RetOffset, L.RetBytes, L.FrameBytes})
    Out.varint(Number);
}

void FunctionTable::writeParams(Stream &Out, const Draft &D, bool HasPieces) {
  uint64_t Slot = sizeof(otrace_frame);
  Out.varint(D.Pieces.size());
  for (size_t I = 0; I != D.Pieces.size(); ++I) {
    Out.varint(Pool.param(D.ParamTypes[I], D.ParamNames[I]));
    if (!HasPieces)
      continue;
    if (isWhole(D.Pieces[I], Slot, D.ParamSizes[I])) {
      Out.varint(1);
      Slot += 8;
      continue;
    }
    Out.varint(D.Pieces[I].empty() ? 0 : 1 + D.Pieces[I].size());
    writePieces(Out, D.Pieces[I]);
  }
}

/// Number of the description that has the name, else of the name itself.
unsigned FunctionTable::callerNumber(const Function &Holder) {
  const DISubprogram *SP = Holder.getSubprogram();
  const std::string Name = qualifiedName(SP->getScope(), SP->getName());
  auto It = Numbers.find(&Holder);
  if (It != Numbers.end() && nameOf(&Holder, SP) == Name)
    return It->second;
  return NrDescriptions + Pool.name(Name);
}

/// Whether a number takes fewer bits than a signed one.
static bool isShorter(int64_t Number, int64_t Signed) {
  const uint64_t Bits = Signed < 0 ? ~Signed : Signed;
  return Number >= 0 && uint64_t(Number) < 2 * Bits;
}

void FunctionTable::writeInlined(Stream &Out, const Draft &D) {
  int64_t Caller = 0, Line = D.LineBegin;
  Target File = D.File;
  Out.varint(D.Inlined.size());
  for (const InlinedCopy &Copy : D.Inlined) {
    const int64_t Number = callerNumber(*Copy.Holder);
    const Target CopyFile = Pool.file(Copy.File);
    const int64_t By = Number - Caller;
    const int64_t InCaller =
        Number < NrDescriptions
            ? int64_t(Copy.Line) - Copy.Holder->getSubprogram()->getLine()
            : -1;
    const otrace_call_place How = !(CopyFile == File) ? OTRACE_CALL_FILE
                                  : Copy.Line == Line ? OTRACE_CALL_SAME
                                  : isShorter(InCaller, Copy.Line - Line)
                                      ? OTRACE_CALL_IN_CALLER
                                      : OTRACE_CALL_LINE;
    Out.varint((uint64_t(By) << 1 ^ uint64_t(By >> 63)) << 2 | How);
    if (How == OTRACE_CALL_FILE)
      Out.varint(Pool.reference(CopyFile));
    if (How == OTRACE_CALL_IN_CALLER)
      Out.varint(InCaller);
    else if (How != OTRACE_CALL_SAME)
      Out.signedVarint(Copy.Line - Line);
    Caller = Number;
    Line = Copy.Line;
    File = CopyFile;
  }
}

/// Whether the pieces are what is assumed where nothing is said.
static bool areUsual(ArrayRef<SmallVector<otrace_piece, 2>> Pieces,
                     ArrayRef<uint64_t> Sizes, bool HasStub) {
  for (size_t I = 0; I != Pieces.size(); ++I)
    if (HasStub ? !isWhole(Pieces[I], sizeof(otrace_frame) + 8 * I, Sizes[I])
                : !Pieces[I].empty())
      return false;
  return true;
}

void FunctionTable::finish(Draft &D) {
  const bool HasWrapper = D.hasStub() && !D.F->isVarArg();
  if (HasWrapper)
    D.Frame.emplace(D.F->getFunctionType(), M.getDataLayout());
  const bool HasParamPieces = !areUsual(D.Pieces, D.ParamSizes, D.hasStub());
  const bool HasResultPieces =
      D.ReturnType && HasWrapper
          ? !isWhole(D.Result, D.Frame->RetOffset, D.ReturnSize)
          : !D.Result.empty();
  const bool HasX87 = D.hasStub() && D.F->getReturnType()->isX86_FP80Ty();
  if (!D.Inlined.empty())
    D.Assumes &= ~uint32_t(OTRACE_ASSUME_INLINED_COPIES); // goes without saying
  const bool HasFile = !(D.File == Pool.commonFile());
  const uint32_t Has =
      (D.LinkageName.empty() ? 0 : OTRACE_FN_HAS_LINKAGE_NAME) |
      (HasFile ? OTRACE_FN_HAS_FILE : 0) |
      (D.Assumes ? OTRACE_FN_HAS_ASSUMES : 0) |
      (D.Inlined.empty() ? 0 : OTRACE_FN_HAS_INLINED) |
      (HasParamPieces ? OTRACE_FN_HAS_PARAM_PIECES : 0) |
      (HasResultPieces ? OTRACE_FN_HAS_RESULT_PIECES : 0) |
      (D.HasPad ? OTRACE_FN_HAS_PAD : 0) |
      (HasX87 ? OTRACE_FN_HAS_X87_RESULT : 0) |
      (D.Frame && !isUsual(*D.Frame) ? OTRACE_FN_HAS_FRAME : 0) |
      (D.Unit ? OTRACE_FN_HAS_UNIT : 0);
  Stream Out;
  if (D.Assumes)
    Out.varint(D.Assumes);
  if (HasWrapper) {
    Out.varint(Pool.reference(D.Wrapper));
    writeFrame(Out, D);
  }
  Out.text(D.Name);
  if (!D.LinkageName.empty())
    Out.text(D.LinkageName);
  if (HasFile)
    Out.varint(Pool.reference(D.File));
  if (D.Unit)
    Out.varint(D.Unit);
  Out.signedVarint(int64_t(D.LineBegin) - LineBefore);
  LineBefore = D.LineBegin;
  Out.varint(uint32_t(D.LineEnd - D.LineBegin));
  if (D.SkipReason)
    Out.varint(D.SkipReason);
  Out.varint(Pool.reference(D.ReturnType));
  if (HasResultPieces) {
    Out.varint(D.Result.size());
    writePieces(Out, D.Result);
  }
  writeParams(Out, D, HasParamPieces);
  if (!D.Inlined.empty())
    writeInlined(Out, D);
  Blob *Entry = nullptr;
  if (D.F) {
    // Through an alias of its own: a distance to the symbol itself does not
    // link in a shared object where another module may define it.
    auto *Alias = GlobalAlias::create(
        D.F->getValueType(), D.F->getAddressSpace(),
        GlobalValue::PrivateLinkage, OTRACE_PREFIX "f", D.F, &M);
    Entry = &addEntry(Blobs, OTRACE_SECTION_FN, D.F, Target::symbol(Alias));
  }
  Pool.addFunction({D.Flags, Has, std::move(Out.Bytes), Entry});
}

void FunctionTable::add(Function &F, otrace_skip_reason Reason, StubPlace Stub,
                        Function *Wrapper) {
  Draft D(&F, F.getSubprogram());
  D.Flags = codeFlags(F, Select);
  D.SkipReason = Reason;
  D.Assumes = callerAssumptions(F);
  D.HasPad = Stub.Stub != 0;
  if (Wrapper)
    D.Wrapper = Target::symbol(Wrapper);
  if (Reason != OTRACE_SKIP_NONE)
    D.Flags |= OTRACE_FN_SKIPPED;
  describeName(D);
  if (D.SP) {
    describeSource(D, D.SP);
    if (D.SP->isOptimized() && !F.hasOptNone())
      D.Flags |= OTRACE_FN_OPTIMIZED;
    D.Inlined = Copies.of(D.SP);
    if (!D.Inlined.empty())
      D.Assumes |= OTRACE_ASSUME_INLINED_COPIES;
  } else {
    describeMachineSignature(D);
  }
  if (Reason == OTRACE_SKIP_NONE)
    describePieces(D);
  finish(D);
}

void FunctionTable::addVanished() {
  for (const DISubprogram *SP : Vanished) {
    Draft D(nullptr, SP);
    D.Flags = OTRACE_FN_INLINE_ONLY;
    if (SP->isOptimized())
      D.Flags |= OTRACE_FN_OPTIMIZED;
    describeName(D);
    describeSource(D, SP);
    D.Inlined = Copies.of(SP);
    if (!D.Inlined.empty())
      D.Assumes |= OTRACE_ASSUME_INLINED_COPIES;
    finish(D);
  }
}
