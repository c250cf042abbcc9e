// SPDX-License-Identifier: BSD-2-Clause
//
// A record as it will lie in the object file: raw bytes, written through the
// structs of abi.h, plus references that the linker fills in.
#ifndef OTRACE_PASS_BLOB_H
#define OTRACE_PASS_BLOB_H

#include "otrace/abi.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace llvm {
class Constant;
class GlobalVariable;
class Module;
} // namespace llvm

namespace otrace {

class Blob;

/// What a reference points to: a place in a blob, a place in a symbol, or
/// nothing.
struct Target {
  const Blob *InBlob = nullptr;
  llvm::Constant *InSymbol = nullptr;
  int64_t Addend = 0;

  static Target none() { return {}; }
  static Target in(const Blob &B, uint32_t Offset) {
    return {&B, nullptr, Offset};
  }
  static Target symbol(llvm::Constant *C, int64_t Addend = 0) {
    return {nullptr, C, Addend};
  }
  explicit operator bool() const { return InBlob || InSymbol; }
  bool operator==(const Target &To) const {
    return InBlob == To.InBlob && InSymbol == To.InSymbol &&
           Addend == To.Addend;
  }
};

/// Life cycle: fill; declare() once nothing is added any more; define() once
/// every blob that it refers to is declared.
class Blob {
  struct Fixup {
    uint32_t Offset;
    Target To;
  };

  std::string Bytes;
  llvm::SmallVector<Fixup, 16> Fixups;
  llvm::StringMap<uint32_t> Strings;
  llvm::GlobalVariable *Global = nullptr;

public:
  uint32_t size() const { return Bytes.size(); }
  bool empty() const { return Bytes.empty(); }

  /// Adds a zeroed \p T and returns its offset.
  template <class T> uint32_t append() {
    return appendBytes(sizeof(T), alignof(T));
  }
  uint32_t appendBytes(uint32_t Size, uint32_t Align);

  /// Adds a string with its NUL, or finds an equal one; returns its offset.
  uint32_t appendString(llvm::StringRef Text);

  void pad(uint32_t Align);

  /// Writes \p Value over the bytes at \p Offset.
  template <class T> void put(uint32_t Offset, const T &Value) {
    std::memcpy(&Bytes[Offset], &Value, sizeof(T));
  }
  template <class T> T get(uint32_t Offset) const {
    T Value;
    std::memcpy(&Value, &Bytes[Offset], sizeof(T));
    return Value;
  }
  void putBytes(uint32_t Offset, llvm::StringRef Text) {
    std::memcpy(&Bytes[Offset], Text.data(), Text.size());
  }

  /// Makes the struct otrace_ref at \p FieldOffset point to \p To. Call after
  /// the struct around it has been put.
  void refer(uint32_t FieldOffset, Target To);
  void referString(uint32_t FieldOffset, llvm::StringRef Text) {
    refer(FieldOffset, Target::in(*this, appendString(Text)));
  }

  /// Makes the constant that will hold it: private, without section. The
  /// caller gives it name, linkage and section.
  llvm::GlobalVariable *declare(llvm::Module &M, uint32_t Align = 8);
  void define();
  llvm::GlobalVariable *global() const { return Global; }
};

} // namespace otrace

#endif
