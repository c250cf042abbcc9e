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

using namespace llvm;
using namespace otrace;

/// A record in the making.
struct FunctionTable::Draft {
  Blob &B;
  Function *F; // null: nothing is left of it
  const DISubprogram *SP;
  const DeclaredFunction *Source = nullptr;
  otrace_fn Record = startedRecord<otrace_fn>(OTRACE_MAGIC_FN);
  // Filled into the record last, once it has been put.
  Target Symbol, Stub, Body, Wrapper, Tu, Name, LinkageName, File, ReturnType,
      Params, ReturnPieces, Inlined;
  // Of each declared parameter.
  SmallVector<Target, 8> ParamNames, ParamTypes;
  SmallVector<SmallVector<otrace_piece, 2>, 8> Pieces;
  SmallVector<otrace_piece, 2> Result;

  Draft(Blob &B, Function *F, const DISubprogram *SP) : B(B), F(F), SP(SP) {
    B.append<otrace_fn>();
  }
};

FunctionTable::FunctionTable(Module &M, BlobSet &Blobs, SharedPool &Pool,
                             TypeTable &Types, const Selector &Select)
    : M(M), Blobs(Blobs), Pool(Pool), Types(Types), Select(Select), Copies(M),
      Declared(declaredFunctions(M)) {
  for (const DeclaredFunction &D : Declared)
    DeclaredBySubprogram.try_emplace(D.Subprogram, &D);
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

void FunctionTable::describeName(Draft &D) {
  StringRef Linkage = D.F ? D.F->getName() : D.SP->getLinkageName();
  if (Linkage.empty())
    Linkage = D.SP->getName();
  std::string Name = demangledName(D.SP && !D.SP->getLinkageName().empty()
                                       ? D.SP->getLinkageName()
                                       : Linkage);
  if (Name.empty())
    Name =
        D.SP ? qualifiedName(D.SP->getScope(), D.SP->getName()) : Linkage.str();
  D.Name = Target::in(D.B, D.B.appendString(Name));
  D.LinkageName = Target::in(D.B, D.B.appendString(Linkage));
}

//===-- what the source says --------------------------------------------===//

void FunctionTable::describeSource(Draft &D, const DISubprogram *SP) {
  Described.insert(SP);
  if (auto It = DeclaredBySubprogram.find(SP); It != DeclaredBySubprogram.end())
    D.Source = It->second;
  D.Record.flags |= sourceFlags(SP);
  D.Record.line_begin = SP->getLine();
  D.Record.line_end = D.Source ? D.Source->LineEnd : SP->getLine();
  D.File = Pool.file(SP->getFile());
  D.Tu = Pool.unit(SP->getUnit());
  describeSignature(D);
}

void FunctionTable::describeSignature(Draft &D) {
  const DITypeRefArray Signature =
      D.SP->getType() ? D.SP->getType()->getTypeArray() : DITypeRefArray();
  if (Signature.size())
    D.ReturnType = Types.get(Signature[0]);
  size_t Nr = Signature.size() ? Signature.size() - 1 : 0;
  if (Nr && !Signature[Nr]) {
    if (D.SP->isPrototyped() && !D.F)
      D.Record.flags |= OTRACE_FN_VARARGS;
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
    D.ParamNames.push_back(Pool.string(Var ? Var->getName() : ""));
    D.ParamTypes.push_back(Types.get(Type));
  }
  D.Pieces.resize(Nr);
}

/// Without debug information the IR arguments are the parameters.
void FunctionTable::describeMachineSignature(Draft &D) {
  D.Record.flags |= OTRACE_FN_NO_DEBUG_INFO;
  if (D.F->hasLocalLinkage())
    D.Record.flags |= OTRACE_FN_STATIC;
  D.Tu = Pool.unit(nullptr);
  D.ReturnType = Types.getMachine(D.F->getReturnType());
  auto Mark = getMark(*D.F);
  const unsigned Nr = Mark ? Mark->NrArgs : D.F->arg_size();
  D.ParamNames.resize(Nr);
  D.ParamTypes.resize(Nr);
  D.Pieces.resize(Nr);
  for (const Argument &A : D.F->args())
    if (auto ArgMark = getMark(A))
      D.ParamTypes[ArgMark->Index] = Types.getMachine(A.getType());
}

//===-- where values lie ------------------------------------------------===//

static bool isMemoryPassedOn(const Function &F, const Argument &A,
                             const ValuePart &Part) {
  if (Part.Kind != OTRACE_PIECE_INDIRECT ||
      Part.Param == ValuePart::ReturnValue)
    return true;
  // What the callee does not read, callers need not write.
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
  if (!Mark->Part || !isMemoryPassedOn(*A.getParent(), A, *Mark->Part))
    return std::nullopt;
  return Mark->Part;
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

public:
  explicit Places(const Function &F) {
    if (F.isVarArg())
      Varargs.emplace(F);
    else
      Fixed.emplace(F.getFunctionType(), F.getParent()->getDataLayout());
  }

  VarargsLayout::Parts argument(unsigned I, uint32_t Size) const {
    if (Varargs)
      return Varargs->argument(I);
    return {VarargsPart{uint32_t(Fixed->Slots[I]), 0, Size, false}};
  }
  VarargsLayout::Parts result() const {
    if (Varargs)
      return Varargs->result();
    return {VarargsPart{uint32_t(Fixed->RetOffset), 0,
                        uint32_t(Fixed->RetBytes), false}};
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
    if (P.OnStack && (Kind == OTRACE_PIECE_DIRECT || IsByValOnStack))
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

void FunctionTable::describeFrame(Draft &D) {
  if (D.F->isVarArg()) {
    D.Record.frame_bytes = sizeof(otrace_varargs_frame);
    return;
  }
  const FrameLayout Layout(D.F->getFunctionType(), M.getDataLayout());
  D.Record.args_offset = Layout.ArgsOffset;
  D.Record.args_bytes = Layout.ArgsBytes;
  D.Record.ret_offset = Layout.RetOffset;
  D.Record.ret_bytes = Layout.RetBytes;
  D.Record.frame_bytes = Layout.FrameBytes;
}

//===-- the rest --------------------------------------------------------===//

void FunctionTable::describeInlined(Draft &D) {
  const ArrayRef<InlinedCopy> List = Copies.of(D.SP);
  if (List.empty())
    return;
  D.Record.nr_inlined = List.size();
  D.Record.assumes |= OTRACE_ASSUME_INLINED_COPIES;
  uint32_t At = D.B.appendBytes(List.size() * sizeof(otrace_inlined), 4);
  D.Inlined = Target::in(D.B, At);
  for (const InlinedCopy &Copy : List) {
    otrace_inlined Record = {};
    Record.line = Copy.Line;
    D.B.put(At, Record);
    const DISubprogram *Holder = Copy.Holder->getSubprogram();
    D.B.refer(
        At + offsetof(otrace_inlined, caller),
        Pool.string(qualifiedName(Holder->getScope(), Holder->getName())));
    D.B.refer(At + offsetof(otrace_inlined, file), Pool.fileName(Copy.File));
    At += sizeof(otrace_inlined);
  }
}

void FunctionTable::finish(Draft &D) {
  SmallVector<SharedPool::Param, 8> Params;
  for (size_t I = 0; I != D.Pieces.size(); ++I)
    Params.push_back({D.ParamNames[I], D.ParamTypes[I],
                      Pool.pieces(D.Pieces[I]), uint32_t(D.Pieces[I].size())});
  D.Params = Pool.params(Params);
  D.ReturnPieces = Pool.pieces(D.Result);
  D.Record.nr_params = Params.size();
  D.Record.nr_return_pieces = D.Result.size();
  D.B.put(0, D.Record);
  const std::pair<size_t, Target *> Fields[] = {
      {offsetof(otrace_fn, symbol), &D.Symbol},
      {offsetof(otrace_fn, stub), &D.Stub},
      {offsetof(otrace_fn, body), &D.Body},
      {offsetof(otrace_fn, wrapper), &D.Wrapper},
      {offsetof(otrace_fn, tu), &D.Tu},
      {offsetof(otrace_fn, name), &D.Name},
      {offsetof(otrace_fn, linkage_name), &D.LinkageName},
      {offsetof(otrace_fn, file), &D.File},
      {offsetof(otrace_fn, return_type), &D.ReturnType},
      {offsetof(otrace_fn, params), &D.Params},
      {offsetof(otrace_fn, return_pieces), &D.ReturnPieces},
      {offsetof(otrace_fn, inlined), &D.Inlined}};
  for (auto [Field, To] : Fields)
    D.B.refer(Field, *To);
  sealRecord(D.B, OTRACE_MAGIC_FN);
}

void FunctionTable::add(Function &F, otrace_skip_reason Reason, StubPlace Stub,
                        Function *Wrapper) {
  Blob &B = Blobs.add(Placement::record(OTRACE_SECTION_FN, &F));
  Draft D(B, &F, F.getSubprogram());
  D.Record.flags = codeFlags(F, Select);
  D.Record.skip_reason = Reason;
  D.Record.assumes = callerAssumptions(F);
  // Through an alias of its own: a distance to the symbol itself does not link
  // in a shared object where another module may define it.
  auto *Alias = GlobalAlias::create(F.getValueType(), F.getAddressSpace(),
                                    GlobalValue::PrivateLinkage,
                                    OTRACE_PREFIX "f", &F, &M);
  D.Symbol = Target::symbol(Alias);
  if (Reason == OTRACE_SKIP_NONE) {
    D.Stub = Target::symbol(Alias, Stub.Stub);
    D.Body = Target::symbol(Alias, Stub.Body);
    D.Wrapper = Target::symbol(Wrapper);
    describeFrame(D);
  } else {
    D.Record.flags |= OTRACE_FN_SKIPPED;
  }
  describeName(D);
  if (D.SP) {
    describeSource(D, D.SP);
    if (D.SP->isOptimized() && !F.hasOptNone())
      D.Record.flags |= OTRACE_FN_OPTIMIZED;
    describeInlined(D);
  } else {
    describeMachineSignature(D);
  }
  if (Reason == OTRACE_SKIP_NONE)
    describePieces(D);
  finish(D);
}

void FunctionTable::addVanished() {
  for (const DeclaredFunction &Declared : Declared) {
    const DISubprogram *SP = Declared.Subprogram;
    if (!Described.insert(SP).second)
      continue;
    Blob &B = Blobs.add(Placement::record(OTRACE_SECTION_FN, nullptr));
    Draft D(B, nullptr, SP);
    D.Record.flags = OTRACE_FN_INLINE_ONLY;
    if (SP->isOptimized())
      D.Record.flags |= OTRACE_FN_OPTIMIZED;
    describeName(D);
    describeSource(D, SP);
    describeInlined(D);
    finish(D);
  }
}
