// SPDX-License-Identifier: BSD-2-Clause
//
// The type table. A named type is one symbol that the linker merges across
// files; T *, const T and const T * are other addresses in it. All other types
// lie in the blob of whoever uses them.
#ifndef OTRACE_PASS_TYPES_H
#define OTRACE_PASS_TYPES_H

#include "Tables.h"
#include "TypeHash.h"

namespace llvm {
class DIBasicType;
class DIDerivedType;
class DISubroutineType;
class Type;
} // namespace llvm

namespace otrace {

class TypeTable {
  llvm::Module &M;
  BlobSet &Blobs;
  SharedPool &Pool;
  TypeHasher Hasher;
  llvm::DenseMap<const llvm::DIType *, Blob *> Named;
  std::map<std::string, Blob *> NamedByHash;
  /// Types without a symbol, by the blob they lie in.
  std::map<std::pair<const Blob *, const llvm::DIType *>, uint32_t> Local;
  std::map<std::string, uint32_t> Machine;
  std::optional<unsigned> ComplexBits;
  std::vector<const llvm::DIType *> Unfilled;

public:
  TypeTable(llvm::Module &M, BlobSet &Blobs, SharedPool &Pool)
      : M(M), Blobs(Blobs), Pool(Pool) {}

  /// A type of the source, for use in a record; none for void.
  Target get(const llvm::DIType *T);
  /// A _BitInt with as many bits as it has, which debug information does not
  /// say: it only has their bytes.
  Target getBitInt(const llvm::DIType *T, unsigned Bits);
  /// A type made from the IR, where there is no debug information.
  Target getMachine(const llvm::Type *T);
  /// Fills in the types that were referred to, and the ones that they refer to.
  void finish();

private:
  struct Draft;

  Target get(Blob &User, const llvm::DIType *T);
  Blob &blobOf(const llvm::DIType *T);

  /// Adds a record whose references are to be filled in; returns its offset.
  uint32_t addRecord(Blob &B, otrace_type_kind Kind, uint32_t Flags,
                     size_t NrRefs, const Stream &Contents);
  /// Adds a record; what it refers to and has no symbol comes behind it.
  uint32_t add(Blob &B, const llvm::DIType *T, const Draft &D);
  Target addLocal(Blob &B, const llvm::DIType *T);
  Target addArray(Blob &B, const llvm::DICompositeType *T);
  void writePlace(Draft &D, const llvm::DIType *T);
  void writeFunction(Draft &D, const llvm::DISubroutineType *T);
  void writeTypedef(Draft &D, const llvm::DIDerivedType *T);
  void writeComposite(Draft &D, const llvm::DICompositeType *T);
  void write(Draft &D, const llvm::DIType *T);
  void writeBase(Stream &Out, const llvm::DIBasicType *T);
  unsigned complexBits();
};

} // namespace otrace

#endif
