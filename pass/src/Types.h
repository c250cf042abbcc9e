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
class DIEnumerator;
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
  std::vector<const llvm::DIType *> Unfilled;

public:
  TypeTable(llvm::Module &M, BlobSet &Blobs, SharedPool &Pool)
      : M(M), Blobs(Blobs), Pool(Pool) {}

  /// A type of the source, for use in a record; none for void.
  Target get(const llvm::DIType *T);
  /// A type made from the IR, where there is no debug information.
  Target getMachine(const llvm::Type *T);
  /// Fills in the types that were referred to, and the ones that they refer to.
  void finish();

private:
  Target get(Blob &User, const llvm::DIType *T);
  Blob &blobOf(const llvm::DIType *T);
  void fill(Blob &B, const llvm::DIType *T);

  uint32_t addRecord(Blob &B, const otrace_type &Record);
  Target addLocal(Blob &B, const llvm::DIType *T);
  Target addDerived(Blob &B, const llvm::DIDerivedType *T);
  Target addArray(Blob &B, const llvm::DICompositeType *T);
  Target addFunction(Blob &B, const llvm::DISubroutineType *T);
  void fillBase(Blob &B, const llvm::DIBasicType *T);
  void fillTypedef(Blob &B, const llvm::DIDerivedType *T);
  void fillComposite(Blob &B, uint32_t At, const llvm::DICompositeType *T);
  void addMember(Blob &B, uint32_t At, const llvm::DIDerivedType *Member,
                 bool IsWide);
  void addEnumerator(Blob &B, uint32_t At, const llvm::DIEnumerator *Enumerator,
                     bool IsWide);
  void setPlace(Blob &B, uint32_t At, const llvm::DIType *T);
};

} // namespace otrace

#endif
