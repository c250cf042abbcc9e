// SPDX-License-Identifier: BSD-2-Clause
#include "Tables.h"

#include "Phase.h"

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

void otrace::sealRecord(Blob &B, uint32_t Magic) {
  B.pad(8);
  otrace_tail Tail = {uint32_t(B.size() + sizeof(otrace_tail)), ~Magic};
  B.put(B.append<otrace_tail>(), Tail);
  B.put(offsetof(otrace_head, size_bytes), Tail.size_bytes);
}

//===-- what records share ----------------------------------------------===//

SharedPool::SharedPool(Module &M, BlobSet &Blobs)
    : M(M), B(Blobs.add({OTRACE_SECTION_TU})) {}

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

uint32_t SharedPool::addFile(StringRef Name, StringRef Directory,
                             const DIFile *File) {
  const Target NameString = string(Name), DirectoryString = string(Directory);
  const uint32_t At = B.append<otrace_file>();
  otrace_file Record = {};
  std::array<uint8_t, 16> Sum;
  if (findMD5(Name, Directory, File, Sum)) {
    Record.hash_kind = OTRACE_HASH_MD5;
    std::copy(Sum.begin(), Sum.end(), Record.hash);
  }
  B.put(At, Record);
  B.refer(At + offsetof(otrace_file, name), NameString);
  B.refer(At + offsetof(otrace_file, directory), DirectoryString);
  return At;
}

Target SharedPool::file(const DIFile *File) {
  if (!File)
    return Target::none();
  auto It = Files.find(File);
  if (It == Files.end())
    It = Files
             .insert({File,
                      addFile(File->getFilename(), File->getDirectory(), File)})
             .first;
  return Target::in(B, It->second);
}

Target SharedPool::fileName(const DIFile *File) {
  return File ? string(File->getFilename()) : Target::none();
}

uint32_t SharedPool::addUnit(const DICompileUnit *Unit) {
  const Target File =
      Unit ? file(Unit->getFile())
           : Target::in(B, addFile(M.getSourceFileName(), "", nullptr));
  const Target Producer = string(Unit ? Unit->getProducer() : "");
  const Target Command = string(Unit ? Unit->getFlags() : "");
  otrace_tu Record = {};
  Record.magic = OTRACE_MAGIC_TU;
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
  return At;
}

Target SharedPool::unit(const DICompileUnit *Unit) {
  auto It = Units.find(Unit);
  if (It == Units.end())
    It = Units.insert({Unit, addUnit(Unit)}).first;
  return Target::in(B, It->second);
}

Target SharedPool::pieces(ArrayRef<otrace_piece> Pieces) {
  if (Pieces.empty())
    return Target::none();
  std::vector<uint64_t> Key{'p'};
  for (const otrace_piece &P : Pieces)
    Key.insert(Key.end(),
               {P.frame_offset, P.value_offset, P.size_bytes, P.kind});
  auto [It, New] = Lists.try_emplace(std::move(Key), 0);
  if (New) {
    It->second = B.appendBytes(Pieces.size() * sizeof(otrace_piece), 4);
    for (size_t I = 0; I != Pieces.size(); ++I)
      B.put(It->second + I * sizeof(otrace_piece), Pieces[I]);
  }
  return Target::in(B, It->second);
}

static void addToKey(std::vector<uint64_t> &Key, const Target &T) {
  Key.push_back(reinterpret_cast<uintptr_t>(T.InBlob));
  Key.push_back(reinterpret_cast<uintptr_t>(T.InSymbol));
  Key.push_back(T.Addend);
}

Target SharedPool::params(ArrayRef<Param> Params) {
  if (Params.empty())
    return Target::none();
  std::vector<uint64_t> Key{'P'};
  for (const Param &P : Params) {
    addToKey(Key, P.Name);
    addToKey(Key, P.Type);
    addToKey(Key, P.Pieces);
    Key.push_back(P.NrPieces);
  }
  auto [It, New] = Lists.try_emplace(std::move(Key), 0);
  if (!New)
    return Target::in(B, It->second);
  uint32_t At = It->second =
      B.appendBytes(Params.size() * sizeof(otrace_param), 4);
  for (const Param &P : Params) {
    otrace_param Record = {};
    Record.nr_pieces = P.NrPieces;
    B.put(At, Record);
    B.refer(At + offsetof(otrace_param, name), P.Name);
    B.refer(At + offsetof(otrace_param, type), P.Type);
    B.refer(At + offsetof(otrace_param, pieces), P.Pieces);
    At += sizeof(otrace_param);
  }
  return Target::in(B, It->second);
}
