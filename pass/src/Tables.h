// SPDX-License-Identifier: BSD-2-Clause
//
// What all tables of one module share.
#ifndef OTRACE_PASS_TABLES_H
#define OTRACE_PASS_TABLES_H

#include "Blob.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

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
  uint32_t Align = 4;

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

/// Bytes of a stream, see abi.h.
struct Stream {
  std::string Bytes;

  void varint(uint64_t Value);
  void signedVarint(int64_t Value) {
    varint(uint64_t(Value) << 1 ^ uint64_t(Value >> 63));
  }
  void text(llvm::StringRef Text) {
    Bytes += Text;
    Bytes.push_back('\0');
  }
};

/// struct otrace_pool of the module, and the units, files and strings that it
/// refers to.
class SharedPool {
  llvm::Module &M;
  BlobSet &Blobs;
  Blob &B;
  llvm::StringMap<Blob *> Merged;
  llvm::DenseMap<const llvm::DIFile *, Blob *> Files;
  llvm::DenseMap<const llvm::DICompileUnit *, unsigned> UnitNumbers;
  llvm::SmallVector<Target, 1> Units;
  Target CommonFile;
  std::vector<Target> References;
  std::map<std::vector<uint64_t>, unsigned> ReferenceNumbers;
  llvm::StringMap<unsigned> NameNumbers;
  std::vector<std::string> Names;
  std::map<std::pair<unsigned, unsigned>, unsigned> ParamNumbers;
  std::vector<std::pair<unsigned, unsigned>> Params;

public:
  /// What an entry refers to.
  struct Description {
    uint32_t Flags, Has;
    std::string Rest; // behind flags and has
    Blob *Entry;      // null: it has no place
  };

private:
  std::vector<Description> Functions, Variables;

public:
  SharedPool(llvm::Module &M, BlobSet &Blobs);
  Blob &blob() const { return B; }

  Target string(llvm::StringRef Text) {
    return Text.empty() ? Target::none() : Target::in(B, B.appendString(Text));
  }
  /// A string that other files have too.
  Target mergedString(llvm::StringRef Text);
  /// struct otrace_file; none for null.
  Target file(const llvm::DIFile *File);
  /// Only the name of a file.
  Target fileName(const llvm::DIFile *File);

  /// Numbers for use in a description; null is the unit of what was compiled
  /// without debug information.
  unsigned unit(const llvm::DICompileUnit *Unit);
  unsigned reference(const Target &To);
  unsigned name(llvm::StringRef Name);
  unsigned param(const Target &Type, llvm::StringRef Name);
  /// The file that need not be said: that of the first unit.
  Target commonFile() const { return CommonFile; }

  void addFunction(Description D) { Functions.push_back(std::move(D)); }
  void addVariable(Description D) { Variables.push_back(std::move(D)); }
  /// Writes the pool, once everything is described.
  void finish();

private:
  Blob &addFile(llvm::StringRef Name, llvm::StringRef Directory,
                const llvm::DIFile *File);
  Target addUnit(const llvm::DICompileUnit *Unit);
  uint32_t commonFlags() const;
  uint32_t place(const Description &D, uint32_t At);
};

/// Adds an entry with this place. Its description comes later.
Blob &addEntry(BlobSet &Blobs, llvm::StringRef Section,
               llvm::GlobalObject *With, const Target &Place);

} // namespace otrace

#endif
