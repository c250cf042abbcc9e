// SPDX-License-Identifier: BSD-2-Clause
#include "TypeHash.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MD5.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace otrace;

bool otrace::isNamedType(const DIType *T) {
  if (!T || isa<DIBasicType>(T))
    return true;
  if (T->getTag() == dwarf::DW_TAG_typedef)
    return true;
  auto *Composite = dyn_cast<DICompositeType>(T);
  return Composite && Composite->getTag() != dwarf::DW_TAG_array_type &&
         !Composite->getName().empty();
}

std::string otrace::qualifiedName(const DIScope *Scope, StringRef Name) {
  std::string Result = Name.str();
  for (; Scope; Scope = Scope->getScope()) {
    if (isa<DIFile>(Scope) || isa<DICompileUnit>(Scope))
      break;
    StringRef Outer = Scope->getName();
    if (isa<DINamespace>(Scope) && Outer.empty())
      Outer = "(anonymous namespace)";
    if ((isa<DINamespace>(Scope) || isa<DICompositeType>(Scope)) &&
        !Outer.empty())
      Result = Outer.str() + "::" + Result;
  }
  return Result;
}

std::string otrace::qualifiedName(const DIType *T) {
  return qualifiedName(T->getScope(), T->getName());
}

std::pair<const DIFile *, unsigned> otrace::placeOf(const DIType *T) {
  if (T->isForwardDecl())
    return {nullptr, 0};
  return {T->getFile(), T->getLine()};
}

Hash128 otrace::hashOfText(StringRef Text) {
  MD5 Hash;
  Hash.update(Text);
  MD5::MD5Result Result;
  Hash.final(Result);
  return {Result.low(), Result.high()};
}

std::string otrace::toHexName(const Hash128 &Hash) {
  return utohexstr(Hash[0], /*LowerCase=*/true, 16) +
         utohexstr(Hash[1], /*LowerCase=*/true, 16);
}

Hash128 TypeHasher::hash(const DIType *T) {
  if (auto It = Known.find(T); It != Known.end())
    return It->second;
  std::string Text;
  raw_string_ostream Out(Text);
  InProgress.insert(T);
  describeNamed(Out, T);
  InProgress.erase(T);
  return Known[T] = hashOfText(Out.str());
}

void TypeHasher::describeNamed(raw_ostream &Out, const DIType *T) {
  describeShallow(Out, T);
  if (auto *Composite = dyn_cast_or_null<DICompositeType>(T))
    describeElements(Out, Composite);
  else if (auto *Derived = dyn_cast_or_null<DIDerivedType>(T))
    describe(Out << '=', Derived->getBaseType(), /*Deep=*/true);
}

void TypeHasher::describeShallow(raw_ostream &Out, const DIType *T) {
  if (!T) {
    Out << "void";
    return;
  }
  Out << T->getTag() << ' ' << qualifiedName(T) << ' ' << T->getSizeInBits()
      << ' ' << T->isForwardDecl() << ' ' << T->getAlignInBits();
  if (auto *Base = dyn_cast<DIBasicType>(T))
    Out << ' ' << Base->getEncoding();
  else if (const DIFile *File = placeOf(T).first)
    Out << ' ' << File->getFilename() << ':' << T->getLine();
  Out << ';';
}

void TypeHasher::describe(raw_ostream &Out, const DIType *T, bool Deep) {
  if (isNamedType(T)) {
    if (!Deep || InProgress.count(T)) {
      describeShallow(Out, T);
      return;
    }
    const Hash128 Hash = hash(T);
    Out << '#' << format_hex_no_prefix(Hash[0], 16)
        << format_hex_no_prefix(Hash[1], 16);
    return;
  }
  if (auto *Function = dyn_cast<DISubroutineType>(T)) {
    Out << "fn(";
    for (const DIType *Type : Function->getTypeArray())
      describe(Out, Type, /*Deep=*/false);
    Out << ')';
    return;
  }
  if (auto *Composite = dyn_cast<DICompositeType>(T)) {
    describeComposite(Out, Composite);
    return;
  }
  auto *Derived = dyn_cast<DIDerivedType>(T);
  if (!Derived)
    return;
  const unsigned Tag = T->getTag();
  const bool Points = Tag == dwarf::DW_TAG_pointer_type ||
                      Tag == dwarf::DW_TAG_reference_type ||
                      Tag == dwarf::DW_TAG_rvalue_reference_type ||
                      Tag == dwarf::DW_TAG_ptr_to_member_type;
  Out << Tag << ' ' << T->getSizeInBits() << '>';
  describe(Out, Derived->getBaseType(), Deep && !Points);
}

void TypeHasher::describeComposite(raw_ostream &Out, const DICompositeType *T) {
  if (T->getTag() != dwarf::DW_TAG_array_type) {
    describeShallow(Out, T);
    // Without a tag and inside itself: only through a pointer, in C++.
    if (!InProgress.insert(T).second)
      return;
    describeElements(Out, T);
    InProgress.erase(T);
    return;
  }
  Out << "array " << T->isVector() << ' ' << T->getSizeInBits();
  for (const DINode *Element : T->getElements())
    if (auto *Range = dyn_cast<DISubrange>(Element)) {
      auto *Count = dyn_cast_if_present<ConstantInt *>(Range->getCount());
      Out << '[' << (Count ? Count->getSExtValue() : -1) << ']';
    }
  describe(Out, T->getBaseType(), /*Deep=*/true);
}

void TypeHasher::describeElements(raw_ostream &Out, const DICompositeType *T) {
  Out << '{';
  if (T->getBaseType())
    describe(Out, T->getBaseType(), /*Deep=*/true);
  for (const DINode *Element : T->getElements()) {
    if (auto *Enumerator = dyn_cast<DIEnumerator>(Element)) {
      Out << Enumerator->getName() << '=' << Enumerator->getValue() << ',';
      continue;
    }
    auto *Member = dyn_cast<DIDerivedType>(Element);
    if (!Member)
      continue;
    Out << Member->getTag() << Member->getName() << '@'
        << Member->getOffsetInBits() << ':' << Member->getSizeInBits() << ' '
        << unsigned(Member->getFlags()) << ' ' << Member->getAlignInBits()
        << ' ';
    describe(Out, Member->getBaseType(), /*Deep=*/!Member->isStaticMember());
    Out << ',';
  }
  Out << '}';
}
