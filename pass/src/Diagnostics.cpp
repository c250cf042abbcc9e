// SPDX-License-Identifier: BSD-2-Clause
#include "Diagnostics.h"

#include "llvm/Analysis/OptimizationRemarkEmitter.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace otrace;

namespace {

class Message : public DiagnosticInfo {
  std::string Text;

public:
  Message(DiagnosticSeverity Severity, std::string Text)
      : DiagnosticInfo(kind(), Severity), Text(std::move(Text)) {}
  static int kind() {
    static const int Kind = getNextAvailablePluginDiagnosticKind();
    return Kind;
  }
  void print(DiagnosticPrinter &Out) const override { Out << Text; }
};

} // namespace

void otrace::report(Module &M, DiagnosticSeverity Severity, StringRef Text) {
  M.getContext().diagnose(Message(Severity, ("otrace: " + Text).str()));
}

void otrace::note(const Module &M, StringRef Text) {
  WithColor::note(errs(), "otrace")
      << M.getSourceFileName() << ": " << Text << '\n';
}

void otrace::remarkSkipped(Function &F, StringRef Reason) {
  OptimizationRemarkMissed Remark("otrace", "NoStub",
                                  DiagnosticLocation(F.getSubprogram()),
                                  &F.getEntryBlock());
  Remark << "no stub in " << ore::NV("Function", F.getName()) << ": " << Reason;
  F.getContext().diagnose(Remark);
}
