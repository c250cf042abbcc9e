// SPDX-License-Identifier: BSD-2-Clause
//
// What all tables of one module share.
#ifndef OTRACE_PASS_TABLES_H
#define OTRACE_PASS_TABLES_H

#include "Blob.h"

#include "llvm/ADT/DenseMap.h"

#include <deque>
#include <map>
#include <vector>

namespace llvm {
class Comdat;
class DICompileUnit;
class DIFile;
class GlobalObject;
} // namespace llvm

namespace otrace {

/// How a blob becomes a symbol.
struct Placement {
  std::string Section;
  std::string
      MergedName; // not empty: a hidden comdat of this name, else private
  bool IsRecord = false; // of a section that is scanned from an anchor
  llvm::GlobalObject *With = nullptr; // thrown away by the linker with this one
  uint32_t Align = 8;

  Placement(llvm::StringRef Section) : Section(Section) {}
  static Placement merged(llvm::StringRef Section, std::string Name) {
    Placement P(Section);
    P.MergedName = std::move(Name);
    return P;
  }
  static Placement record(llvm::StringRef Section, llvm::GlobalObject *With) {
    Placement P(Section);
    P.IsRecord = true;
    P.With = With;
    return P;
  }
};

/// The blobs of a module, in the order in which they were added; the first is
/// the SharedPool's.
class BlobSet {
  struct Item {
    Blob Contents;
    Placement Where;
  };
  llvm::Module &M;
  std::deque<Item> Items;

  void place(Item &I);

public:
  explicit BlobSet(llvm::Module &M) : M(M) {}
  Blob &add(Placement Where) {
    Items.push_back({Blob(), std::move(Where)});
    return Items.back().Contents;
  }
  /// Turns all of them into constants of the module. Nothing may be added to
  /// any of them afterwards.
  void finish();
};

/// One blob for the module with everything that records share: strings, source
/// files, translation units, lists of pieces and of parameters.
class SharedPool {
  llvm::Module &M;
  Blob &B;
  llvm::DenseMap<const llvm::DIFile *, uint32_t> Files;
  llvm::DenseMap<const llvm::DICompileUnit *, uint32_t> Units;
  std::map<std::vector<uint64_t>, uint32_t> Lists;

public:
  SharedPool(llvm::Module &M, BlobSet &Blobs);
  Blob &blob() { return B; }

  Target string(llvm::StringRef Text) {
    return Text.empty() ? Target::none() : Target::in(B, B.appendString(Text));
  }
  /// struct otrace_file; none for null.
  Target file(const llvm::DIFile *File);
  /// Only the name of a file.
  Target fileName(const llvm::DIFile *File);
  /// struct otrace_tu; null for what was compiled without debug information.
  Target unit(const llvm::DICompileUnit *Unit);
  Target pieces(llvm::ArrayRef<otrace_piece> Pieces);

  struct Param {
    Target Name, Type, Pieces;
    uint32_t NrPieces;
  };
  Target params(llvm::ArrayRef<Param> Params);

private:
  uint32_t addFile(llvm::StringRef Name, llvm::StringRef Directory,
                   const llvm::DIFile *File);
  uint32_t addUnit(const llvm::DICompileUnit *Unit);
};

/// Starts a record with its head; sealRecord() ends it with its tail.
template <class T> T startedRecord(uint32_t Magic) {
  T Record = {};
  Record.head.magic = Magic;
  return Record;
}
void sealRecord(Blob &B, uint32_t Magic);

} // namespace otrace

#endif
