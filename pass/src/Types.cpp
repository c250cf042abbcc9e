// SPDX-License-Identifier: BSD-2-Clause
#include "Types.h"

#include "Mark.h"
#include "Params.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace otrace;

//===-- plain facts about types -----------------------------------------===//

static otrace_type_kind kindOf(const DIType *T) {
  if (!T)
    return OTRACE_TYPE_VOID;
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
    return OTRACE_ENC_COMPLEX;
  default:
    return T->getEncoding();
  }
}

/// Number of bits of a base type that has fewer than its size says, else 0.
static uint64_t bitsOf(const DIBasicType *T) {
  return T->getName() == "long double" && T->getSizeInBits() == 128 ? 80 : 0;
}

static otrace_type newRecord(otrace_type_kind Kind, uint64_t Size) {
  otrace_type Record = {};
  Record.magic = OTRACE_MAGIC_TYPE;
  Record.kind = Kind;
  Record.size_bytes = std::min<uint64_t>(Size, UINT32_MAX);
  return Record;
}

/// Writes the part of \p Record that its kind has.
static void putRecord(Blob &B, uint32_t At, const otrace_type &Record) {
  B.putBytes(At, StringRef(reinterpret_cast<const char *>(&Record),
                           otrace_type_bytes(Record.kind)));
}

static constexpr uint32_t TypeOffset(size_t Field) { return Field; }
static constexpr uint32_t NameField = TypeOffset(offsetof(otrace_type, name));
static constexpr uint32_t TargetField =
    TypeOffset(offsetof(otrace_type, target));

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

static const DIType *baseOf(const DIType *T) {
  return cast<DIDerivedType>(T)->getBaseType();
}

static bool hasTag(const DIType *T, unsigned Tag) {
  return T && T->getTag() == Tag;
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

void TypeTable::finish() {
  while (!Unfilled.empty()) {
    const DIType *T = Unfilled.back();
    Unfilled.pop_back();
    Blob &B = blobOf(T);
    fill(B, T);
  }
}

void TypeTable::fill(Blob &B, const DIType *T) {
  B.appendBytes(otrace_type_bytes(kindOf(T)), 4);
  if (!T)
    putRecord(B, 0, newRecord(OTRACE_TYPE_VOID, 0));
  else if (auto *Base = dyn_cast<DIBasicType>(T))
    fillBase(B, Base);
  else if (auto *Composite = dyn_cast<DICompositeType>(T))
    fillComposite(B, 0, Composite);
  else
    fillTypedef(B, cast<DIDerivedType>(T));
}

void TypeTable::fillBase(Blob &B, const DIBasicType *T) {
  otrace_type Record = newRecord(kindOf(T), T->getSizeInBits() / 8);
  Record.encoding = encodingOf(T);
  Record.count = bitsOf(T);
  putRecord(B, 0, Record);
  B.referString(NameField, T->getName());
}

void TypeTable::setPlace(Blob &B, uint32_t At, const DIType *T) {
  B.refer(At + offsetof(otrace_type, file), Pool.fileName(T->getFile()));
  B.put<uint32_t>(At + offsetof(otrace_type, line), T->getLine());
  if (const uint32_t Align = T->getAlignInBits() / 8)
    B.put<uint8_t>(At + offsetof(otrace_type, encoding), 1 + Log2_32(Align));
  if (isNamedType(T))
    B.put<uint64_t>(At + offsetof(otrace_type, hash), Hasher.hash(T)[0]);
}

void TypeTable::fillTypedef(Blob &B, const DIDerivedType *T) {
  putRecord(B, 0, newRecord(OTRACE_TYPE_TYPEDEF, sizeOf(T)));
  setPlace(B, 0, T);
  B.referString(NameField, qualifiedName(T));
  B.refer(TargetField, get(B, T->getBaseType()));
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

/// otrace_member.place, if it fits.
static std::optional<uint32_t> placeOf(const DIDerivedType &Member) {
  const uint64_t Offset = Member.getOffsetInBits();
  const bool IsBase = Member.getTag() == dwarf::DW_TAG_inheritance;
  if (Member.isBitField()) {
    const uint64_t Size = Member.getSizeInBits();
    if (IsBase || Member.isStaticMember() || Size < 1 || Size > 128 ||
        Offset >> OTRACE_PLACE_SIZE_SHIFT)
      return std::nullopt;
    return OTRACE_PLACE_BITFIELD |
           uint32_t(Size - 1) << OTRACE_PLACE_SIZE_SHIFT | uint32_t(Offset);
  }
  if (Offset % 8 || Offset / 8 & ~uint64_t(~OTRACE_PLACE_KIND) ||
      (IsBase && Member.isStaticMember()))
    return std::nullopt;
  const uint32_t Kind = IsBase                    ? OTRACE_PLACE_BASE_CLASS
                        : Member.isStaticMember() ? OTRACE_PLACE_STATIC
                                                  : OTRACE_PLACE_PLAIN;
  return Kind | uint32_t(Offset / 8);
}

static uint64_t valueOf(const DIEnumerator &E) {
  if (E.isUnsigned())
    return E.getValue().getRawData()[0];
  return E.getValue().sextOrTrunc(64).getSExtValue();
}

/// Flags that say how the enumerators are stored.
static uint32_t enumFlags(ArrayRef<const DIEnumerator *> All) {
  if (All.empty())
    return 0;
  const bool Unsigned = All[0]->isUnsigned();
  const bool Fit = all_of(All, [&](const DIEnumerator *E) {
    const uint64_t Value = valueOf(*E);
    return E->isUnsigned() == Unsigned &&
           (Unsigned ? Value <= UINT32_MAX
                     : int64_t(Value) == int32_t(uint32_t(Value)));
  });
  if (!Fit)
    return OTRACE_TYPE_FLAG_WIDE;
  return Unsigned ? OTRACE_TYPE_FLAG_UNSIGNED_VALUES : 0;
}

void TypeTable::fillComposite(Blob &B, uint32_t At, const DICompositeType *T) {
  otrace_type Record = newRecord(kindOf(T), T->getSizeInBits() / 8);
  if (T->isForwardDecl())
    Record.flags |= OTRACE_TYPE_FLAG_INCOMPLETE;
  const bool IsEnum = Record.kind == OTRACE_TYPE_ENUM;
  SmallVector<const DIDerivedType *, 16> Members;
  SmallVector<const DIEnumerator *, 16> Enumerators;
  for (const DINode *Element : T->getElements()) {
    if (IsEnum && isa<DIEnumerator>(Element))
      Enumerators.push_back(cast<DIEnumerator>(Element));
    else if (!IsEnum && isMember(Element))
      Members.push_back(cast<DIDerivedType>(Element));
  }
  Record.count = Members.size() + Enumerators.size();
  if (any_of(Members, [](auto *M) { return !placeOf(*M); }))
    Record.flags |= OTRACE_TYPE_FLAG_WIDE;
  Record.flags |= enumFlags(Enumerators);
  putRecord(B, At, Record);
  setPlace(B, At, T);
  // Room for them first: they lie right behind the record.
  const bool IsWide = Record.flags & OTRACE_TYPE_FLAG_WIDE;
  const uint32_t Each =
      IsEnum ? (IsWide ? sizeof(otrace_wide_enumerator)
                       : sizeof(otrace_enumerator))
             : (IsWide ? sizeof(otrace_wide_member) : sizeof(otrace_member));
  uint32_t Next = B.appendBytes(Record.count * Each, 4);
  for (const DIEnumerator *Enumerator : Enumerators) {
    addEnumerator(B, Next, Enumerator, IsWide);
    Next += Each;
  }
  for (const DIDerivedType *Member : Members) {
    addMember(B, Next, Member, IsWide);
    Next += Each;
  }
  if (!T->getName().empty())
    B.referString(At + NameField, qualifiedName(T));
  if (IsEnum)
    B.refer(At + TargetField, get(B, T->getBaseType()));
}

void TypeTable::addMember(Blob &B, uint32_t At, const DIDerivedType *Member,
                          bool IsWide) {
  if (IsWide) {
    otrace_wide_member Record = {};
    const uint64_t Offset = Member->getOffsetInBits();
    std::memcpy(Record.bit_offset, &Offset, sizeof(Offset));
    if (Member->isBitField()) {
      Record.bit_size = Member->getSizeInBits();
      Record.flags |= OTRACE_MEMBER_BITFIELD;
    }
    if (Member->getTag() == dwarf::DW_TAG_inheritance)
      Record.flags |= OTRACE_MEMBER_BASE_CLASS;
    if (Member->isStaticMember())
      Record.flags |= OTRACE_MEMBER_STATIC;
    B.put(At, Record);
  } else {
    otrace_member Record = {};
    Record.place = *placeOf(*Member);
    B.put(At, Record);
  }
  if (!Member->getName().empty())
    B.referString(At + offsetof(otrace_member, name), Member->getName());
  B.refer(At + offsetof(otrace_member, type), get(B, Member->getBaseType()));
}

void TypeTable::addEnumerator(Blob &B, uint32_t At,
                              const DIEnumerator *Enumerator, bool IsWide) {
  const uint64_t Value = valueOf(*Enumerator);
  if (IsWide) {
    otrace_wide_enumerator Record = {};
    Record.flags = Enumerator->isUnsigned();
    std::memcpy(Record.value, &Value, sizeof(Value));
    B.put(At, Record);
  } else {
    otrace_enumerator Record = {};
    Record.value = Value;
    B.put(At, Record);
  }
  B.referString(At + offsetof(otrace_enumerator, name), Enumerator->getName());
}

//===-- types without a symbol ------------------------------------------===//

uint32_t TypeTable::addRecord(Blob &B, const otrace_type &Record) {
  const uint32_t At = B.appendBytes(otrace_type_bytes(Record.kind), 4);
  putRecord(B, At, Record);
  return At;
}

Target TypeTable::addLocal(Blob &B, const DIType *T) {
  if (auto It = Local.find({&B, T}); It != Local.end())
    return Target::in(B, It->second);
  if (auto *Function = dyn_cast<DISubroutineType>(T))
    return addFunction(B, Function);
  if (auto *Composite = dyn_cast<DICompositeType>(T)) {
    if (T->getTag() == dwarf::DW_TAG_array_type)
      return addArray(B, Composite);
    const uint32_t At = B.appendBytes(otrace_type_bytes(kindOf(T)), 4);
    Local[{&B, T}] = At;
    fillComposite(B, At, Composite);
    return Target::in(B, At);
  }
  if (auto *Derived = dyn_cast<DIDerivedType>(T))
    return addDerived(B, Derived);
  return Target::in(B, addRecord(B, newRecord(OTRACE_TYPE_UNSPECIFIED, 0)));
}

Target TypeTable::addDerived(Blob &B, const DIDerivedType *T) {
  otrace_type Record = newRecord(kindOf(T), sizeOf(T));
  if (Record.kind == OTRACE_TYPE_POINTER && !Record.size_bytes)
    Record.size_bytes = sizeof(uint64_t);
  const uint32_t At = addRecord(B, Record);
  Local[{&B, T}] = At;
  B.refer(At + TargetField, get(B, T->getBaseType()));
  return Target::in(B, At);
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

Target TypeTable::addArray(Blob &B, const DICompositeType *T) {
  Target Element = get(B, T->getBaseType());
  uint64_t Size = sizeOf(T->getBaseType());
  // int a[2][3] is two arrays of three: the last dimension is the innermost.
  for (const MDOperand &Dimension :
       llvm::reverse(cast<MDTuple>(T->getRawElements())->operands())) {
    otrace_type Record =
        newRecord(T->isVector() ? OTRACE_TYPE_VECTOR : OTRACE_TYPE_ARRAY, 0);
    const auto Count = countOf(Dimension);
    Record.count = std::min<uint64_t>(Count.value_or(0), UINT32_MAX);
    if (!Count)
      Record.flags |= OTRACE_TYPE_FLAG_COUNT_UNKNOWN;
    Size *= Count.value_or(0);
    Record.size_bytes = std::min<uint64_t>(
        T->isVector() ? T->getSizeInBits() / 8 : Size, UINT32_MAX);
    const uint32_t At = addRecord(B, Record);
    B.refer(At + TargetField, Element);
    Element = Target::in(B, At);
  }
  Local[{&B, T}] = Element.Addend;
  return Element;
}

Target TypeTable::addFunction(Blob &B, const DISubroutineType *T) {
  const DITypeRefArray Types = T->getTypeArray();
  otrace_type Record = newRecord(OTRACE_TYPE_FUNCTION, 0);
  // The first is the result; a null at the end stands for "...".
  uint32_t Nr = Types.size() ? Types.size() - 1 : 0;
  if (Nr && !Types[Nr]) {
    Record.flags |= OTRACE_TYPE_FLAG_VARIADIC;
    --Nr;
  }
  Record.count = Nr;
  const uint32_t At = addRecord(B, Record);
  Local[{&B, T}] = At;
  const uint32_t Params = B.appendBytes(Nr * sizeof(otrace_ref), 4);
  if (Types.size())
    B.refer(At + TargetField, get(B, Types[0]));
  for (uint32_t I = 0; I != Nr; ++I)
    B.refer(Params + I * sizeof(otrace_ref), get(B, Types[I + 1]));
  return Target::in(B, At);
}

//===-- machine types ---------------------------------------------------===//

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
  otrace_type Record = newRecord(OTRACE_TYPE_BASE, Size);
  if (T->isPointerTy()) {
    Record.kind = OTRACE_TYPE_POINTER;
  } else if (T->isFloatingPointTy()) {
    Record.encoding = OTRACE_ENC_FLOAT;
    Record.count = T->isX86_FP80Ty() ? 80 : 0;
  } else if (auto *Int = dyn_cast<IntegerType>(T)) {
    Record.encoding =
        Int->getBitWidth() == 1 ? OTRACE_ENC_BOOL : OTRACE_ENC_SIGNED;
    Record.count = Int->getBitWidth() == Size * 8 ? 0 : Int->getBitWidth();
  } else {
    Record.kind = OTRACE_TYPE_ARRAY;
    Record.count = Size;
    Element = getMachine(Type::getInt8Ty(M.getContext()));
    if (auto *Array = dyn_cast<ArrayType>(T)) {
      Record.count = Array->getNumElements();
      Element = getMachine(Array->getElementType());
    }
  }
  Record.flags = OTRACE_TYPE_FLAG_MACHINE;
  const uint32_t At = addRecord(B, Record);
  Machine[Name] = At;
  B.refer(At + TargetField, Element);
  if (Record.kind == OTRACE_TYPE_BASE)
    B.referString(At + NameField, Name);
  return Target::in(B, At);
}
