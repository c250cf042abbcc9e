// SPDX-License-Identifier: BSD-2-Clause
#include "Inlined.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace otrace;

InlinedCopies::InlinedCopies(const Module &M) {
  for (const Function &F : M) {
    if (!F.getSubprogram())
      continue;
    // Each inlining has a location node of its own, shared by all that came
    // from it.
    DenseSet<const DILocation *> Seen;
    for (const Instruction &I : instructions(F)) {
      const DILocation *At = I.getDebugLoc();
      for (; At && At->getInlinedAt(); At = At->getInlinedAt()) {
        if (!Seen.insert(At).second)
          break;
        add(F, At);
      }
    }
  }
}

void InlinedCopies::add(const Function &Holder, const DILocation *At) {
  const DILocation *Call = At->getInlinedAt();
  auto &List = Copies[At->getScope()->getSubprogram()];
  const InlinedCopy Copy{&Holder, Call->getFile(), Call->getLine()};
  const bool Known = any_of(llvm::reverse(List), [&](const InlinedCopy &C) {
    return C.Holder == Copy.Holder && C.File == Copy.File &&
           C.Line == Copy.Line;
  });
  if (!Known)
    List.push_back(Copy);
}

ArrayRef<InlinedCopy> InlinedCopies::of(const DISubprogram *SP) const {
  auto It = Copies.find(SP);
  return It == Copies.end() ? ArrayRef<InlinedCopy>() : It->second;
}
