// SPDX-License-Identifier: BSD-2-Clause
#include "Types.h"

#include "Mark.h"
#include "Params.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/TypeFinder.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace otrace;

//===-- plain facts about types -----------------------------------------===//

static otrace_type_kind kindOf(const DIType *T) {
  if (!T)
    return OTRACE_TYPE_VOID;
  if (isNullPointerType(T))
    return OTRACE_TYPE_POINTER;
  switch (T->getTag()) {
  case dwarf::DW_TAG_base_type:
    return OTRACE_TYPE_BASE;
  case dwarf::DW_TAG_pointer_type:
    return OTRACE_TYPE_POINTER;
  case dwarf::DW_TAG_structure_type:
    return OTRACE_TYPE_STRUCT;
  case dwarf::DW_TAG_union_type:
    return OTRACE_TYPE_UNION;
  case dwarf::DW_TAG_class_type:
    return OTRACE_TYPE_CLASS;
  case dwarf::DW_TAG_enumeration_type:
    return OTRACE_TYPE_ENUM;
  case dwarf::DW_TAG_typedef:
    return OTRACE_TYPE_TYPEDEF;
  case dwarf::DW_TAG_template_alias:
    return OTRACE_TYPE_TYPEDEF;
  case dwarf::DW_TAG_const_type:
    return OTRACE_TYPE_CONST;
  case dwarf::DW_TAG_volatile_type:
    return OTRACE_TYPE_VOLATILE;
  case dwarf::DW_TAG_restrict_type:
    return OTRACE_TYPE_RESTRICT;
  case dwarf::DW_TAG_atomic_type:
    return OTRACE_TYPE_ATOMIC;
  case dwarf::DW_TAG_subroutine_type:
    return OTRACE_TYPE_FUNCTION;
  case dwarf::DW_TAG_reference_type:
    return OTRACE_TYPE_REFERENCE;
  case dwarf::DW_TAG_rvalue_reference_type:
    return OTRACE_TYPE_RVALUE_REFERENCE;
  case dwarf::DW_TAG_ptr_to_member_type:
    return OTRACE_TYPE_MEMBER_POINTER;
  default:
    return OTRACE_TYPE_UNSPECIFIED;
  }
}

static uint8_t encodingOf(const DIBasicType *T) {
  switch (T->getEncoding()) {
  case dwarf::DW_ATE_lo_user: // clang's complex integers
    return OTRACE_ENC_COMPLEX_INTEGER;
  default:
    return T->getEncoding();
  }
}

static const DIType *baseOf(const DIType *T) {
  return cast<DIDerivedType>(T)->getBaseType();
}

static bool hasTag(const DIType *T, unsigned Tag) {
  return T && T->getTag() == Tag;
}

static bool isArray(const DIType *T) {
  return hasTag(T, dwarf::DW_TAG_array_type);
}

static bool isQualified(const DIType *T) {
  switch (T->getTag()) {
  case dwarf::DW_TAG_const_type:
  case dwarf::DW_TAG_volatile_type:
  case dwarf::DW_TAG_restrict_type:
  case dwarf::DW_TAG_atomic_type:
    return true;
  default:
    return false;
  }
}

/// Elements of one dimension, or nothing where the source does not say.
static std::optional<uint64_t> countOf(const Metadata *Dimension) {
  auto *Range = dyn_cast_or_null<DISubrange>(Dimension);
  if (!Range)
    return std::nullopt;
  auto *Count = dyn_cast_if_present<ConstantInt *>(Range->getCount());
  if (!Count || Count->isMinusOne())
    return std::nullopt;
  return Count->getZExtValue();
}

static ArrayRef<MDOperand> dimensionsOf(const DICompositeType *Array) {
  auto *Elements = dyn_cast_or_null<MDTuple>(Array->getRawElements());
  return Elements ? Elements->operands() : ArrayRef<MDOperand>();
}

/// The size that a reader finds.
static uint64_t recordedSize(const DIType *T) {
  if (kindOf(T) == OTRACE_TYPE_UNSPECIFIED)
    return 0;
  if (isArray(T) && !cast<DICompositeType>(T)->isVector()) {
    uint64_t Size = recordedSize(cast<DICompositeType>(T)->getBaseType());
    for (const MDOperand &Dimension : dimensionsOf(cast<DICompositeType>(T)))
      Size *= countOf(Dimension).value_or(0);
    return Size;
  }
  if (!T || T->getSizeInBits())
    return T ? T->getSizeInBits() / 8 : 0;
  if (hasTag(T, dwarf::DW_TAG_atomic_type))
    return atomicSize(recordedSize(baseOf(T)));
  if (kindOf(T) == OTRACE_TYPE_TYPEDEF || isQualified(T))
    return recordedSize(baseOf(T));
  return isa<DIDerivedType>(T) || isNullPointerType(T) ? sizeof(uint64_t) : 0;
}

/// Where one expects a member, see abi.h.
static uint64_t expectedAlign(const DIType *T) {
  while (T &&
         (isArray(T) || kindOf(T) == OTRACE_TYPE_TYPEDEF || isQualified(T))) {
    auto *Array = dyn_cast<DICompositeType>(T);
    if (Array && Array->isVector())
      break;
    T = Array ? Array->getBaseType() : baseOf(T);
  }
  const uint64_t Size = recordedSize(T);
  return Size ? std::min<uint64_t>(8, Size & -Size) : 1;
}

//===-- named types and what goes with them -----------------------------===//

// What is added to the address of a type, see abi.h.
enum Variant : uint32_t { Itself, Pointer, Const, ConstPointer };

/// The variant of \p To that \p T, made of it, is; none if it has no number.
static std::optional<Variant> variantOf(const DIType *T, const Target &To) {
  if (!To)
    return std::nullopt;
  const uint32_t Now = To.Addend % 4;
  const uint64_t Bits = T->getSizeInBits();
  if (T->getTag() == dwarf::DW_TAG_pointer_type && (!Bits || Bits == 64) &&
      (Now == Itself || Now == Const))
    return Now == Itself ? Pointer : ConstPointer;
  if (T->getTag() == dwarf::DW_TAG_const_type && Now == Itself)
    return Const;
  return std::nullopt;
}

Blob &TypeTable::blobOf(const DIType *T) {
  Blob *&Found = Named[T];
  if (Found)
    return *Found;
  const std::string Name = OTRACE_PREFIX "t_" + toHexName(Hasher.hash(T));
  Blob *&Same = NamedByHash[Name];
  if (!Same) {
    Same = &Blobs.add(Placement::merged(OTRACE_SECTION_TYPE, Name));
    Unfilled.push_back(T);
  }
  return *(Found = Same);
}

Target TypeTable::get(const DIType *T) { return get(Pool.blob(), T); }

Target TypeTable::get(Blob &User, const DIType *T) {
  if (!T)
    return Target::none();
  if (isNamedType(T))
    return Target::in(blobOf(T), 0);
  if (!hasTag(T, dwarf::DW_TAG_pointer_type) &&
      !hasTag(T, dwarf::DW_TAG_const_type))
    return addLocal(User, T);
  const DIType *Base = baseOf(T);
  Target To = Base ? get(User, Base) : Target::in(blobOf(nullptr), 0);
  const auto Made = variantOf(T, To);
  if (!Made)
    return addLocal(User, T);
  To.Addend = To.Addend / 4 * 4 + *Made;
  return To;
}

//===-- records ---------------------------------------------------------===//

/// A record in the making.
struct TypeTable::Draft {
  otrace_type_kind Kind = OTRACE_TYPE_VOID;
  uint32_t Flags = 0;
  Stream Out;
  SmallVector<const DIScope *, 16> Refs; // types and files
  DenseMap<const DIScope *, unsigned> Numbers;

  unsigned number(const DIScope *To) {
    if (!To)
      return 0;
    auto [It, New] = Numbers.try_emplace(To, Refs.size() + 1);
    if (New)
      Refs.push_back(To);
    return It->second;
  }
};

void TypeTable::finish() {
  while (!Unfilled.empty()) {
    const DIType *T = Unfilled.back();
    Unfilled.pop_back();
    Blob &B = blobOf(T);
    Draft D;
    write(D, T);
    add(B, nullptr, D);
  }
}

/// Offset of the first reference of a record.
static uint32_t refsOffset(size_t NrRefs) {
  return sizeof(otrace_type) +
         (NrRefs < OTRACE_TYPE_MANY_REFS ? 0 : sizeof(uint32_t));
}

uint32_t TypeTable::addRecord(Blob &B, otrace_type_kind Kind, uint32_t Flags,
                              size_t NrRefs, const Stream &Contents) {
  const uint32_t Refs = refsOffset(NrRefs);
  const uint32_t At = B.appendBytes(Refs + NrRefs * sizeof(otrace_ref), 4);
  otrace_type Head = {};
  Head.magic = OTRACE_MAGIC_TYPE;
  Head.kind = Kind;
  Head.flags = Flags;
  Head.nr_refs = std::min<size_t>(NrRefs, OTRACE_TYPE_MANY_REFS);
  B.put(At, Head);
  if (Refs != sizeof(Head))
    B.put<uint32_t>(At + sizeof(Head), NrRefs);
  B.putBytes(B.appendBytes(Contents.Bytes.size(), 1), Contents.Bytes);
  return At;
}

uint32_t TypeTable::add(Blob &B, const DIType *T, const Draft &D) {
  const uint32_t At = addRecord(B, D.Kind, D.Flags, D.Refs.size(), D.Out);
  if (T)
    Local[{&B, T}] = At;
  uint32_t Next = At + refsOffset(D.Refs.size());
  for (const DIScope *To : D.Refs) {
    auto *File = dyn_cast<DIFile>(To);
    B.refer(Next, File ? Pool.fileName(File) : get(B, cast<DIType>(To)));
    Next += sizeof(otrace_ref);
  }
  return At;
}

static bool hasPlace(const DIType *T) {
  if (!T)
    return false;
  return kindOf(T) == OTRACE_TYPE_TYPEDEF ||
         (isa<DICompositeType>(T) && !isArray(T));
}

/// The tag that a typedef names, if it has the same name.
static bool isNamedAsItsTag(const DIType *T) {
  if (kindOf(T) != OTRACE_TYPE_TYPEDEF)
    return false;
  auto *Tag = dyn_cast_or_null<DICompositeType>(baseOf(T));
  return Tag && isNamedType(Tag) && qualifiedName(Tag) == qualifiedName(T);
}

void TypeTable::writePlace(Draft &D, const DIType *T) {
  const bool IsTypedef = D.Kind == OTRACE_TYPE_TYPEDEF;
  const DIType *Base = IsTypedef ? baseOf(T) : nullptr;
  const bool HasName = !T->getName().empty() && !isNamedAsItsTag(T);
  D.Out.text(HasName ? qualifiedName(T) : "");
  const auto [File, Line] = placeOf(T);
  if (File != (hasPlace(Base) ? placeOf(Base).first : nullptr)) {
    D.Flags |= OTRACE_TYPE_HAS_FILE;
    D.Out.varint(D.number(File));
  }
  D.Out.varint(Line);
  if (const uint32_t Align = T->getAlignInBits() / 8) {
    D.Flags |= OTRACE_TYPE_HAS_ALIGN;
    D.Out.varint(Log2_32(Align));
  }
  if (!IsTypedef && !HasName)
    return;
  const uint64_t Hash = isNamedType(T) ? Hasher.hash(T)[0] : 0;
  for (unsigned Bit = 0; Bit != 64; Bit += 8)
    D.Out.Bytes.push_back(char(Hash >> Bit));
}

void TypeTable::writeTypedef(Draft &D, const DIDerivedType *T) {
  D.Out.varint(D.number(T->getBaseType()));
  writePlace(D, T);
  const uint64_t Size = recordedSize(T);
  if (Size == recordedSize(T->getBaseType()))
    return;
  D.Flags |= OTRACE_TYPE_HAS_SIZE;
  D.Out.varint(Size);
}

/// T *, const T and the like, where they are no variants.
static void writeDerived(Stream &Out, uint32_t &Flags, const DIType *T) {
  const uint64_t Size = recordedSize(T);
  if (Size == (isQualified(T) ? recordedSize(baseOf(T)) : sizeof(uint64_t)))
    return;
  Flags |= OTRACE_TYPE_HAS_SIZE;
  Out.varint(Size);
}

/// Whether code has the x87's floats, and those of 128 bits.
static std::pair<bool, bool> longFloatsOf(const Module &M) {
  bool HasX87 = false, HasQuad = false;
  TypeFinder Finder;
  auto look = [&](const Type *T) {
    HasX87 |= T->isX86_FP80Ty();
    HasQuad |= T->isFP128Ty();
  };
  Finder.run(M, /*onlyNamed=*/false);
  for (const StructType *S : Finder)
    for (const Type *Element : S->elements())
      look(Element);
  for (const Function &F : M) {
    look(F.getReturnType());
    for (const Argument &A : F.args())
      look(A.getType());
    for (const Instruction &I : instructions(F))
      look(I.getType());
  }
  for (const GlobalVariable &G : M.globals())
    look(G.getValueType());
  return {HasX87, HasQuad};
}

/// Bits of the parts of a complex number of 32 bytes: debug information tells
/// long double and __float128 from each other everywhere but there.
unsigned TypeTable::complexBits() {
  if (!ComplexBits) {
    const auto [HasX87, HasQuad] = longFloatsOf(M);
    ComplexBits = !HasQuad ? 80 : HasX87 ? 0 : 128;
  }
  return *ComplexBits;
}

void TypeTable::writeBase(Stream &Out, const DIBasicType *T) {
  const uint64_t Size = T->getSizeInBits() / 8;
  const uint8_t Encoding = encodingOf(T);
  Out.text(T->getName());
  Out.varint(Size);
  Out.varint(Encoding);
  Out.varint(Encoding == OTRACE_ENC_COMPLEX && Size == 32  ? complexBits()
             : T->getName() == "long double" && Size == 16 ? 80
                                                           : 0);
}

void TypeTable::write(Draft &D, const DIType *T) {
  D.Kind = kindOf(T);
  if (auto *Base = dyn_cast_or_null<DIBasicType>(T)) {
    if (D.Kind == OTRACE_TYPE_BASE)
      writeBase(D.Out, Base);
  } else if (auto *Composite = dyn_cast_or_null<DICompositeType>(T)) {
    writeComposite(D, Composite);
  } else if (auto *Function = dyn_cast_or_null<DISubroutineType>(T)) {
    writeFunction(D, Function);
  } else if (D.Kind == OTRACE_TYPE_TYPEDEF) {
    writeTypedef(D, cast<DIDerivedType>(T));
  } else if (auto *Derived = dyn_cast_or_null<DIDerivedType>(T)) {
    D.number(Derived->getBaseType());
    writeDerived(D.Out, D.Flags, T);
  }
}

//===-- structs, unions, classes, enums ---------------------------------===//

static bool isMember(const DINode *Element) {
  auto *Derived = dyn_cast<DIDerivedType>(Element);
  if (!Derived)
    return false;
  switch (Derived->getTag()) {
  case dwarf::DW_TAG_member:
  case dwarf::DW_TAG_variable: // static, in DWARF 5
  case dwarf::DW_TAG_inheritance:
    return true;
  default:
    return false;
  }
}

static uint32_t memberFlags(const DIDerivedType &Member) {
  uint32_t Flags = 0;
  if (Member.isBitField())
    Flags |= OTRACE_MEMBER_BITFIELD;
  if (Member.getTag() == dwarf::DW_TAG_inheritance)
    Flags |= OTRACE_MEMBER_BASE_CLASS;
  if (Member.isStaticMember())
    Flags |= OTRACE_MEMBER_STATIC;
  return Flags;
}

/// \p End is where the member before ends, and moves on.
static void writeMember(Stream &Out, const DIDerivedType &Member,
                        unsigned TypeNumber, bool IsUnion, uint64_t &End) {
  const DIType *T = Member.getBaseType();
  const uint64_t Offset = Member.getOffsetInBits();
  const uint64_t BitSize = Member.isBitField() ? Member.getSizeInBits() : 0;
  uint32_t More = memberFlags(Member);
  const bool IsStatic = More & OTRACE_MEMBER_STATIC;
  uint64_t Expected = IsUnion || IsStatic ? 0 : End;
  if (!Member.isBitField())
    Expected = alignTo(Expected, expectedAlign(T) * 8);
  if (Offset != Expected)
    More |= OTRACE_MEMBER_HAS_OFFSET;
  const uint32_t Align = Member.getAlignInBits() / 8;
  if (Align)
    More |= OTRACE_MEMBER_HAS_ALIGN;
  Out.text(Member.getName());
  Out.varint(uint64_t(TypeNumber) << 1 | (More != 0));
  if (More)
    Out.varint(More);
  if (Member.isBitField())
    Out.varint(BitSize);
  if (More & OTRACE_MEMBER_HAS_OFFSET)
    Out.varint(Offset);
  if (Align)
    Out.varint(Log2_32(Align));
  if (!IsStatic)
    End = Offset + (Member.isBitField() ? BitSize : recordedSize(T) * 8);
}

static uint64_t valueOf(const DIEnumerator &E) {
  if (E.isUnsigned())
    return E.getValue().getRawData()[0];
  return E.getValue().sextOrTrunc(64).getSExtValue();
}

static void writeEnumerators(Stream &Out, ArrayRef<const DIEnumerator *> All) {
  Out.varint(All.size());
  if (All.empty())
    return;
  const size_t NrUnsigned =
      count_if(All, [](const DIEnumerator *E) { return E->isUnsigned(); });
  const uint32_t Values = !NrUnsigned                ? OTRACE_ENUM_SIGNED
                          : NrUnsigned == All.size() ? OTRACE_ENUM_UNSIGNED
                                                     : OTRACE_ENUM_MIXED;
  Out.varint(Values);
  uint64_t Expected = 0;
  for (const DIEnumerator *E : All) {
    Out.text(E->getName());
    Out.signedVarint(int64_t(valueOf(*E) - Expected));
    if (Values == OTRACE_ENUM_MIXED)
      Out.varint(E->isUnsigned());
    Expected = valueOf(*E) + 1;
  }
}

void TypeTable::writeComposite(Draft &D, const DICompositeType *T) {
  if (T->isForwardDecl())
    D.Flags |= OTRACE_TYPE_FLAG_INCOMPLETE;
  const bool IsEnum = D.Kind == OTRACE_TYPE_ENUM;
  SmallVector<const DIDerivedType *, 16> Members;
  SmallVector<const DIEnumerator *, 16> Enumerators;
  for (const DINode *Element : T->getElements()) {
    if (IsEnum && isa<DIEnumerator>(Element))
      Enumerators.push_back(cast<DIEnumerator>(Element));
    else if (!IsEnum && isMember(Element))
      Members.push_back(cast<DIDerivedType>(Element));
  }
  if (IsEnum)
    D.Out.varint(D.number(T->getBaseType()));
  writePlace(D, T);
  D.Out.varint(T->getSizeInBits() / 8);
  if (IsEnum) {
    writeEnumerators(D.Out, Enumerators);
    return;
  }
  D.Out.varint(Members.size());
  uint64_t End = 0;
  for (const DIDerivedType *Member : Members)
    writeMember(D.Out, *Member, D.number(Member->getBaseType()),
                D.Kind == OTRACE_TYPE_UNION, End);
}

//===-- types without a symbol ------------------------------------------===//

void TypeTable::writeFunction(Draft &D, const DISubroutineType *T) {
  const DITypeRefArray Types = T->getTypeArray();
  // The first is the result; a null at the end stands for "...".
  uint32_t Nr = Types.size() ? Types.size() - 1 : 0;
  if (Nr && !Types[Nr]) {
    D.Flags |= OTRACE_TYPE_FLAG_VARIADIC;
    --Nr;
  }
  D.Out.varint(Types.size() ? D.number(Types[0]) : 0);
  D.Out.varint(Nr);
  for (uint32_t I = 0; I != Nr; ++I)
    D.Out.varint(D.number(Types[I + 1]));
}

Target TypeTable::addLocal(Blob &B, const DIType *T) {
  if (auto It = Local.find({&B, T}); It != Local.end())
    return Target::in(B, It->second);
  if (isArray(T))
    return addArray(B, cast<DICompositeType>(T));
  Draft D;
  write(D, T);
  return Target::in(B, add(B, T, D));
}

Target TypeTable::addArray(Blob &B, const DICompositeType *T) {
  Target Element = get(B, T->getBaseType());
  uint64_t Size = recordedSize(T->getBaseType());
  // int a[2][3] is two arrays of three: the last dimension is the innermost.
  for (const MDOperand &Dimension : llvm::reverse(dimensionsOf(T))) {
    const auto Count = countOf(Dimension);
    uint32_t Flags = Count ? 0 : OTRACE_TYPE_FLAG_COUNT_UNKNOWN;
    Stream Out;
    Out.varint(Count.value_or(0));
    Size *= Count.value_or(0);
    if (T->isVector() && T->getSizeInBits() / 8 != Size) {
      Flags |= OTRACE_TYPE_HAS_SIZE;
      Out.varint(T->getSizeInBits() / 8);
    }
    const uint32_t At =
        addRecord(B, T->isVector() ? OTRACE_TYPE_VECTOR : OTRACE_TYPE_ARRAY,
                  Flags, 1, Out);
    B.refer(At + refsOffset(1), Element);
    Element = Target::in(B, At);
  }
  Local[{&B, T}] = Element.Addend;
  return Element;
}

//===-- types that debug information does not have ----------------------===//

Target TypeTable::getBitInt(const DIType *T, unsigned Bits) {
  while (auto *Derived = dyn_cast<DIDerivedType>(T))
    T = Derived->getBaseType();
  auto *Base = cast<DIBasicType>(T);
  Blob &B = Pool.blob();
  const std::string Name = (Base->getName() + "(" + Twine(Bits) + ")").str();
  if (auto It = Machine.find(Name); It != Machine.end())
    return Target::in(B, It->second);
  Stream Out;
  Out.text(Name);
  Out.varint(Base->getSizeInBits() / 8);
  Out.varint(encodingOf(Base));
  Out.varint(Bits);
  const uint32_t At = addRecord(B, OTRACE_TYPE_BASE, 0, 0, Out);
  Machine[Name] = At;
  return Target::in(B, At);
}

Target TypeTable::getMachine(const Type *T) {
  if (T->isVoidTy())
    return Target::none();
  Blob &B = Pool.blob();
  const std::string Name = T->isPointerTy() ? "ptr" : canonicalName(T);
  if (auto It = Machine.find(Name); It != Machine.end())
    return Target::in(B, It->second);
  const uint64_t Size =
      M.getDataLayout().getTypeAllocSize(const_cast<Type *>(T));
  Target Element = Target::none();
  otrace_type_kind Kind = OTRACE_TYPE_BASE;
  uint32_t Flags = OTRACE_TYPE_FLAG_MACHINE;
  Stream Out;
  auto writeScalar = [&](unsigned Encoding, uint64_t Bits) {
    Out.text(Name);
    Out.varint(Size);
    Out.varint(Encoding);
    Out.varint(Bits);
  };
  if (T->isPointerTy()) {
    Kind = OTRACE_TYPE_POINTER;
  } else if (T->isFloatingPointTy()) {
    writeScalar(OTRACE_ENC_FLOAT, T->isX86_FP80Ty() ? 80 : 0);
  } else if (auto *Int = dyn_cast<IntegerType>(T)) {
    const unsigned Bits = Int->getBitWidth();
    writeScalar(Bits == 1 ? OTRACE_ENC_BOOL : OTRACE_ENC_SIGNED,
                Bits == Size * 8 ? 0 : Bits);
  } else {
    Kind = OTRACE_TYPE_ARRAY;
    auto *Array = dyn_cast<ArrayType>(T);
    Element = getMachine(Array ? Array->getElementType()
                               : Type::getInt8Ty(M.getContext()));
    Out.varint(Array ? Array->getNumElements() : Size);
    Flags |= OTRACE_TYPE_HAS_SIZE;
    Out.varint(Size);
  }
  const uint32_t At = addRecord(B, Kind, Flags, Element ? 1 : 0, Out);
  Machine[Name] = At;
  if (Element)
    B.refer(At + refsOffset(1), Element);
  return Target::in(B, At);
}
