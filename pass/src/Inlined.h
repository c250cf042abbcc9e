// SPDX-License-Identifier: BSD-2-Clause
//
// Which functions were inlined where, as the debug locations tell.
#ifndef OTRACE_PASS_INLINED_H
#define OTRACE_PASS_INLINED_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace llvm {
class DIFile;
class DILocation;
class DISubprogram;
class Function;
class Module;
} // namespace llvm

namespace otrace {

/// A copy of a function inside another.
struct InlinedCopy {
  const llvm::Function *Holder;
  const llvm::DIFile *File; // of the call
  unsigned Line;
};

class InlinedCopies {
  llvm::DenseMap<const llvm::DISubprogram *, llvm::SmallVector<InlinedCopy, 2>>
      Copies;

public:
  explicit InlinedCopies(const llvm::Module &M);
  llvm::ArrayRef<InlinedCopy> of(const llvm::DISubprogram *SP) const;

private:
  void add(const llvm::Function &Holder, const llvm::DILocation *At);
};

} // namespace otrace

#endif
