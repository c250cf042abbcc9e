// SPDX-License-Identifier: BSD-2-Clause
//
// Records of variables: globals, statics of files and functions, thread-locals.
#ifndef OTRACE_PASS_VARIABLETABLE_H
#define OTRACE_PASS_VARIABLETABLE_H

#include "Tables.h"
#include "Types.h"

#include "llvm/ADT/DenseSet.h"

namespace llvm {
class DIGlobalVariable;
class DIGlobalVariableExpression;
class GlobalVariable;
} // namespace llvm

namespace otrace {

class VariableTable {
  llvm::Module &M;
  BlobSet &Blobs;
  SharedPool &Pool;
  TypeTable &Types;
  llvm::DenseSet<const llvm::DIGlobalVariable *> Described;
  llvm::DenseMap<const llvm::DIGlobalVariable *, const llvm::DICompileUnit *>
      Units;
  int64_t LineBefore = 0; // of the description before

public:
  VariableTable(llvm::Module &M, BlobSet &Blobs, SharedPool &Pool,
                TypeTable &Types);
  /// Describes every variable that the source defines.
  void addAll();

private:
  struct Draft;
  void add(llvm::GlobalVariable &G,
           const llvm::DIGlobalVariableExpression &Source);
  void addVanished(const llvm::DIGlobalVariableExpression &Source);
  void addWithoutSource(llvm::GlobalVariable &G);
  void describeSource(Draft &D, const llvm::DIGlobalVariable &Var);
  void describeStorage(Draft &D, llvm::GlobalVariable &G);
  Target addressOf(Draft &D, llvm::GlobalVariable &G);
  void finish(Draft &D);
};

} // namespace otrace

#endif
