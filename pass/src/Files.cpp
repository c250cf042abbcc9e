// SPDX-License-Identifier: BSD-2-Clause
#include "Tables.h"

#include "Phase.h"
#include "TypeHash.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MD5.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

#include <array>

using namespace llvm;
using namespace otrace;

//===-- blobs -----------------------------------------------------------===//

void BlobSet::place(Item &I) {
  GlobalVariable *G = I.Contents.declare(M, I.Where.Align);
  G->setSection(I.Where.Section);
  if (!I.Where.MergedName.empty()) {
    G->setName(I.Where.MergedName);
    G->setLinkage(GlobalValue::LinkOnceODRLinkage);
    G->setVisibility(GlobalValue::HiddenVisibility);
    G->setDSOLocal(true);
    G->setComdat(M.getOrInsertComdat(I.Where.MergedName));
    return;
  }
  G->setName(OTRACE_PREFIX "record");
  GlobalObject *With = I.Where.With;
  // The linker drops the record with what it describes: as a member of its
  // group, and without a group through the link from section to section.
  if (With && With->getComdat())
    G->setComdat(With->getComdat());
  // GNU ld -r wants such a link in all input sections of a name or in none.
  // What describes nothing that could go is tied to the pool, which stays.
  if (!With && I.Where.IsRecord)
    With = Items.front().Contents.global();
  if (With)
    G->setMetadata(LLVMContext::MD_associated,
                   MDNode::get(M.getContext(), ValueAsMetadata::get(With)));
}

void BlobSet::finish() {
  SmallVector<GlobalValue *, 0> Kept;
  for (Item &I : Items) {
    place(I);
    Kept.push_back(I.Contents.global());
  }
  for (Item &I : Items)
    I.Contents.define();
  // Only the compiler must keep them; the linker is free to drop them.
  appendToCompilerUsed(M, Kept);
}

Blob &otrace::addEntry(BlobSet &Blobs, StringRef Section, GlobalObject *With,
                       const Target &Place) {
  Blob &B = Blobs.add(Placement::record(Section, With));
  B.append<otrace_entry>();
  B.refer(offsetof(otrace_entry, place), Place);
  return B;
}

void Stream::varint(uint64_t Value) {
  for (; Value >= 0x80; Value >>= 7)
    Bytes.push_back(char(Value | 0x80));
  Bytes.push_back(char(Value));
}

//===-- what records share ----------------------------------------------===//

SharedPool::SharedPool(Module &M, BlobSet &Blobs)
    : M(M), Blobs(Blobs), B(Blobs.add({OTRACE_SECTION_TU})) {
  B.append<otrace_pool>();
}

static std::string mergedName(StringRef Kind, StringRef Key) {
  return OTRACE_PREFIX + Kind.str() + toHexName(hashOfText(Key));
}

Target SharedPool::mergedString(StringRef Text) {
  if (Text.empty())
    return Target::none();
  const std::string Name = mergedName("s_", Text);
  Blob *&Found = Merged[Name];
  if (!Found) {
    Placement Where = Placement::merged(OTRACE_SECTION_TYPE, Name);
    Where.Align = 1;
    Found = &Blobs.add(Where);
    Found->appendString(Text);
  }
  return Target::in(*Found, 0);
}

static bool readMD5(StringRef Name, StringRef Directory,
                    std::array<uint8_t, 16> &Result) {
  SmallString<256> Path(Name);
  if (sys::path::is_relative(Name) && !Directory.empty()) {
    Path = Directory;
    sys::path::append(Path, Name);
  }
  auto Text = MemoryBuffer::getFile(Path);
  if (!Text)
    return false;
  MD5 Hash;
  Hash.update((*Text)->getBuffer());
  MD5::MD5Result Sum;
  Hash.final(Sum);
  std::copy(Sum.begin(), Sum.end(), Result.begin());
  return true;
}

// The compiler's own checksum is of the text that it read; a file read now may
// have been edited meanwhile, but only by somebody who edits during a compile.
static bool findMD5(StringRef Name, StringRef Directory, const DIFile *File,
                    std::array<uint8_t, 16> &Result) {
  if (File)
    if (auto Sum = File->getChecksum(); Sum && Sum->Kind == DIFile::CSK_MD5) {
      std::string Bytes;
      if (tryGetFromHex(Sum->Value, Bytes) && Bytes.size() == Result.size()) {
        std::copy(Bytes.begin(), Bytes.end(), Result.begin());
        return true;
      }
    }
  return readMD5(Name, Directory, Result);
}

Blob &SharedPool::addFile(StringRef Name, StringRef Directory,
                          const DIFile *File) {
  otrace_file Record = {};
  std::array<uint8_t, 16> Sum = {};
  if (findMD5(Name, Directory, File, Sum)) {
    Record.hash_kind = OTRACE_HASH_MD5;
    std::copy(Sum.begin(), Sum.end(), Record.hash);
  }
  std::string Key = Name.str() + '\0' + Directory.str() + '\0';
  Key.append(Sum.begin(), Sum.end());
  const std::string Symbol = mergedName("f_", Key);
  Blob *&Found = Merged[Symbol];
  if (Found)
    return *Found;
  Placement Where = Placement::merged(OTRACE_SECTION_TYPE, Symbol);
  Where.Align = alignof(otrace_file);
  Blob &New = Blobs.add(Where);
  Found = &New;
  New.put(New.append<otrace_file>(), Record);
  New.referString(offsetof(otrace_file, name), Name);
  New.refer(offsetof(otrace_file, directory), mergedString(Directory));
  return New;
}

Target SharedPool::file(const DIFile *File) {
  if (!File)
    return Target::none();
  Blob *&Found = Files[File];
  if (!Found)
    Found = &addFile(File->getFilename(), File->getDirectory(), File);
  return Target::in(*Found, 0);
}

Target SharedPool::fileName(const DIFile *File) {
  Target To = file(File);
  if (To)
    To.Addend += sizeof(otrace_file); // where addFile() puts it
  return To;
}

Target SharedPool::addUnit(const DICompileUnit *Unit) {
  const Target File =
      Unit ? file(Unit->getFile())
           : Target::in(addFile(M.getSourceFileName(), "", nullptr), 0);
  if (Units.empty())
    CommonFile = File;
  const Target Producer = mergedString(Unit ? Unit->getProducer() : "");
  const Target Command = string(Unit ? Unit->getFlags() : "");
  otrace_tu Record = {};
  if (!Unit)
    Record.flags |= OTRACE_TU_NO_DEBUG_INFO;
  if (Unit && Unit->isOptimized())
    Record.flags |= OTRACE_TU_OPTIMIZED;
  if (Unit && dwarf::isCPlusPlus(static_cast<dwarf::SourceLanguage>(
                  Unit->getSourceLanguage())))
    Record.flags |= OTRACE_TU_CPLUSPLUS;
  if (isForLTO(M))
    Record.flags |= OTRACE_TU_LTO;
  const uint32_t At = B.append<otrace_tu>();
  B.put(At, Record);
  B.refer(At + offsetof(otrace_tu, file), File);
  B.refer(At + offsetof(otrace_tu, producer), Producer);
  B.refer(At + offsetof(otrace_tu, command), Command);
  return Target::in(B, At);
}

unsigned SharedPool::unit(const DICompileUnit *Unit) {
  auto [It, New] = UnitNumbers.try_emplace(Unit, Units.size());
  if (New)
    Units.push_back(addUnit(Unit));
  return UnitNumbers.lookup(Unit);
}

unsigned SharedPool::reference(const Target &To) {
  if (!To)
    return 0;
  const std::vector<uint64_t> Key{reinterpret_cast<uintptr_t>(To.InBlob),
                                  reinterpret_cast<uintptr_t>(To.InSymbol),
                                  uint64_t(To.Addend)};
  auto [It, New] = ReferenceNumbers.try_emplace(Key, References.size() + 1);
  if (New)
    References.push_back(To);
  return It->second;
}

unsigned SharedPool::name(StringRef Name) {
  if (Name.empty())
    return 0;
  auto [It, New] = NameNumbers.try_emplace(Name, Names.size() + 1);
  if (New)
    Names.push_back(Name.str());
  return It->second;
}

unsigned SharedPool::param(const Target &Type, StringRef Name) {
  const std::pair<unsigned, unsigned> Param{reference(Type), name(Name)};
  auto [It, New] = ParamNumbers.try_emplace(Param, Params.size());
  if (New)
    Params.push_back(Param);
  return It->second;
}

//===-- the pool --------------------------------------------------------===//

// Said elsewhere of a function.
static constexpr uint32_t FlagsApart = OTRACE_FN_STATIC | OTRACE_FN_INLINE_ONLY;

uint32_t SharedPool::commonFlags() const {
  uint32_t Result = 0;
  std::map<uint32_t, unsigned> Uses;
  for (const Description &D : Functions) {
    const uint32_t Flags = D.Flags & ~FlagsApart;
    if (++Uses[Flags] > Uses[Result])
      Result = Flags;
  }
  return Result;
}

/// Lets the entry refer to the description; returns the distance to be told.
uint32_t SharedPool::place(const Description &D, uint32_t At) {
  if (!D.Entry)
    return 0;
  D.Entry->refer(offsetof(otrace_entry, description), Target::in(B, At));
  return At;
}

void SharedPool::finish() {
  const unsigned File = reference(CommonFile);
  B.pad(alignof(otrace_ref));
  for (const std::vector<Target> &Group :
       {std::vector<Target>(Units.begin(), Units.end()), References})
    for (const Target &To : Group)
      B.refer(B.append<otrace_ref>(), To);
  const uint32_t Start = B.size();
  const uint32_t CommonFlags = commonFlags();
  Stream Out;
  for (size_t Nr : {References.size(), size_t(Units.size()), Functions.size(),
                    Variables.size(), Params.size(), Names.size()})
    Out.varint(Nr);
  Out.varint(CommonFlags);
  Out.varint(File);
  for (const Description &D : Functions) {
    const uint32_t Flags = (D.Flags & ~FlagsApart) ^ CommonFlags;
    Out.varint(uint64_t(place(D, Start + Out.Bytes.size())) << 1);
    Out.varint(D.Has | (Flags ? OTRACE_FN_HAS_FLAGS : 0) |
               (D.Flags & OTRACE_FN_STATIC ? OTRACE_FN_HAS_STATIC : 0));
    if (Flags)
      Out.varint(Flags);
    Out.Bytes += D.Rest;
  }
  for (const Description &D : Variables) {
    Out.varint(uint64_t(place(D, Start + Out.Bytes.size())) << 1 | 1);
    Out.varint(D.Flags);
    Out.varint(D.Has);
    Out.Bytes += D.Rest;
  }
  for (auto [Type, Name] : Params) {
    Out.varint(Type);
    Out.varint(Name);
  }
  Out.varint(0);
  for (const std::string &Name : Names)
    Out.text(Name);
  B.putBytes(B.appendBytes(Out.Bytes.size(), 1), Out.Bytes);
  otrace_pool Head = {};
  Head.magic = OTRACE_MAGIC_POOL;
  Head.size_bytes = B.size();
  Head.start_offset = Start;
  B.put(0, Head);
}
