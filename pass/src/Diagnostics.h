// SPDX-License-Identifier: BSD-2-Clause
#ifndef OTRACE_PASS_DIAGNOSTICS_H
#define OTRACE_PASS_DIAGNOSTICS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/IR/DiagnosticInfo.h"

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace otrace {

/// Says something to the person who compiles, through the compiler's own
/// diagnostics.
void report(llvm::Module &M, llvm::DiagnosticSeverity Severity,
            llvm::StringRef Message);

/// Says something that is good to know. Not through the compiler: clang shows a
/// note only behind a warning, and a warning would fail under -Werror.
void note(const llvm::Module &M, llvm::StringRef Message);

/// -Rpass-missed=otrace: why \p F has no stub.
void remarkSkipped(llvm::Function &F, llvm::StringRef Reason);

} // namespace otrace

#endif
