// SPDX-License-Identifier: BSD-2-Clause
//
// Structural hashes of types: equal for equal types of all files.
#ifndef OTRACE_PASS_TYPEHASH_H
#define OTRACE_PASS_TYPEHASH_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace llvm {
class DICompositeType;
class DIFile;
class DIScope;
class DIType;
class raw_ostream;
} // namespace llvm

namespace otrace {

using Hash128 = std::array<uint64_t, 2>;

/// Whether a type has a symbol of its own: void (null), base types, typedefs,
/// and structs, unions, classes and enums with a tag.
bool isNamedType(const llvm::DIType *T);

/// Name with the C++ scopes around it.
std::string qualifiedName(const llvm::DIScope *Scope, llvm::StringRef Name);
std::string qualifiedName(const llvm::DIType *T);

/// File and line of a type's definition: a declaration is the same wherever it
/// stands.
std::pair<const llvm::DIFile *, unsigned> placeOf(const llvm::DIType *T);

Hash128 hashOfText(llvm::StringRef Text);
std::string toHexName(const Hash128 &Hash);

class TypeHasher {
  llvm::DenseMap<const llvm::DIType *, Hash128> Known;
  llvm::DenseSet<const llvm::DIType *> InProgress;

public:
  /// Of a named type.
  Hash128 hash(const llvm::DIType *T);

private:
  // A deep description takes in all that determines layout and members; a
  // shallow one stops at names and places, which ends recursion at pointers.
  void describe(llvm::raw_ostream &Out, const llvm::DIType *T, bool Deep);
  void describeNamed(llvm::raw_ostream &Out, const llvm::DIType *T);
  void describeShallow(llvm::raw_ostream &Out, const llvm::DIType *T);
  void describeComposite(llvm::raw_ostream &Out,
                         const llvm::DICompositeType *T);
  void describeElements(llvm::raw_ostream &Out, const llvm::DICompositeType *T);
};

} // namespace otrace

#endif
