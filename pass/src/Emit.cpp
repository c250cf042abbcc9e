// SPDX-License-Identifier: BSD-2-Clause
//
// The second pass: stubs, wrappers and tables.
#include "Diagnostics.h"
#include "FunctionTable.h"
#include "LLVMCompat.h"
#include "Notes.h"
#include "Passes.h"
#include "Phase.h"
#include "Select.h"
#include "Stub.h"
#include "VariableTable.h"
#include "Wrapper.h"

#include "llvm/ADT/Statistic.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/ConstantMerge.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/Utils/RelLookupTableConverter.h"

#include <cstdlib>

#define DEBUG_TYPE "otrace"

using namespace llvm;
using namespace otrace;

STATISTIC(NrStubs, "Number of functions with a stub");
STATISTIC(NrSkipped, "Number of functions without a stub");
STATISTIC(NrUntouched, "Number of functions of files compiled without otrace");

static void sayOnceThatDebugInfoIsMissing(Module &M) {
  if (M.debug_compile_units().empty() && !std::getenv("OTRACE_QUIET"))
    note(M, "compiled without -g: machine types, no names of parameters");
}

/// At link time there may be files that were not compiled with the plugin.
static bool isToBeLeftAlone(const Function &F, bool Linking) {
  if (!isOurBusiness(F))
    return true;
  if (!Linking || getMark(F))
    return false;
  ++NrUntouched;
  return true;
}

static void addFunctions(Module &M, FunctionTable &Table,
                         const Selector &Select) {
  SmallVector<Function *, 0> Functions;
  for (Function &F : M)
    if (!isToBeLeftAlone(F, isForLTO(M)))
      Functions.push_back(&F);
  Table.setOrder(Functions);
  WrapperMaker Wrappers(M);
  for (Function *F : Functions) {
    const otrace_skip_reason Reason = Select.reasonToSkip(*F);
    if (Reason != OTRACE_SKIP_NONE) {
      ++NrSkipped;
      remarkSkipped(*F, textOf(Reason));
      Table.add(*F, Reason, {}, nullptr);
      continue;
    }
    ++NrStubs;
    Function *Wrapper = F->isVarArg() ? nullptr : Wrappers.get(*F);
    const StubPlace Stub = addStub(*F);
    Table.add(*F, Reason, Stub, Wrapper);
  }
  Table.addVanished();
}

static void emit(Module &M) {
  compat::DebugRecords Records(M);
  dropDemandForPlugin(M);
  BlobSet Blobs(M);
  SharedPool Pool(M, Blobs);
  TypeTable Types(M, Blobs, Pool);
  VariableTable(M, Blobs, Pool, Types).addAll();
  const Selector Select(M);
  FunctionTable Functions(M, Blobs, Pool, Types, Select);
  addFunctions(M, Functions, Select);
  addNotes(M, Blobs, Pool);
  Types.finish();
  Pool.finish();
  Blobs.finish();

  for (Function &F : M)
    removeMarks(F);
  removeDeclaredFunctions(M);
  if (isDebugInfoOurs(M))
    StripDebugInfo(M);
  setPhase(M, Phase::Emitted);
}

static bool isTargetKnown(Module &M) {
  const Triple T(M.getTargetTriple());
  if (T.getArch() == Triple::x86_64 && T.isOSBinFormatELF())
    return true;
  report(M, DS_Error,
         "target " + T.str() + " is not supported: x86-64 with ELF only");
  return false;
}

// What the pipeline is going to do after this pass to globals that nothing, or
// only one thing, refers to. The tables refer to all there is, so it has to
// happen before: else the program would have more code and more relocations
// than without them.
static void finishGlobals(Module &M, ModuleAnalysisManager &AM,
                          EmitPass::Place Where) {
  if (Where == EmitPass::Unoptimized)
    return;
  AM.invalidate(M, GlobalDCEPass().run(M, AM));
  if (Where != EmitPass::Optimized)
    return;
  AM.invalidate(M, ConstantMergePass().run(M, AM));
  AM.invalidate(M, RelLookupTableConverterPass().run(M, AM));
}

PreservedAnalyses EmitPass::run(Module &M, ModuleAnalysisManager &AM) {
  const Phase P = getPhase(M);
  if (P == Phase::Emitted || !isTargetKnown(M))
    return PreservedAnalyses::all();
  if (P != Phase::AwaitsLink)
    noteWhetherDebugInfoIsOurs(M);
  // Compiling for LTO, the work is left to the link, where everything that is
  // inlined or dropped there is gone. ThinLTO without optimisation has no
  // place for us at the link, and nothing is inlined or dropped there.
  if (isForLTO(M) && P != Phase::AwaitsLink &&
      (Where != Unoptimized || !isForThinLTO(M))) {
    demandPluginAtLink(M);
    setPhase(M, Phase::AwaitsLink);
    return PreservedAnalyses::all();
  }
  sayOnceThatDebugInfoIsMissing(M);
  finishGlobals(M, AM, Where);
  emit(M);
  return PreservedAnalyses::none();
}
