// SPDX-License-Identifier: BSD-2-Clause
#include "Phase.h"

#include "otrace/abi.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

#include <cstdlib>

using namespace llvm;
using namespace otrace;

static const char PhaseFlag[] = "otrace-phase";
static const char DemandName[] = OTRACE_PREFIX "lto_demand";

Phase otrace::getPhase(const Module &M) {
  if (auto *Flag =
          mdconst::extract_or_null<ConstantInt>(M.getModuleFlag(PhaseFlag)))
    return static_cast<Phase>(Flag->getZExtValue());
  return Phase::Untouched;
}

void otrace::setPhase(Module &M, Phase P) {
  M.setModuleFlag(Module::Max, PhaseFlag,
                  ConstantAsMetadata::get(ConstantInt::get(
                      Type::getInt32Ty(M.getContext()), unsigned(P))));
}

static const char DropDebugFlag[] = "otrace-drop-debug";

void otrace::noteWhetherDebugInfoIsOurs(Module &M) {
  M.setModuleFlag(Module::Min, DropDebugFlag,
                  ConstantAsMetadata::get(ConstantInt::get(
                      Type::getInt32Ty(M.getContext()),
                      std::getenv("OTRACE_DROP_DEBUG") != nullptr)));
}

bool otrace::isDebugInfoOurs(const Module &M) {
  auto *Flag =
      mdconst::extract_or_null<ConstantInt>(M.getModuleFlag(DropDebugFlag));
  return Flag && Flag->isOne();
}

// clang adds these flags just before it runs the pipeline of an LTO compile:
// "ThinLTO" = 0 for full LTO, only the other one for ThinLTO.
bool otrace::isForLTO(const Module &M) {
  return M.getModuleFlag("EnableSplitLTOUnit") || M.getModuleFlag("ThinLTO");
}

bool otrace::isForThinLTO(const Module &M) {
  return isForLTO(M) && !M.getModuleFlag("ThinLTO");
}

void otrace::demandPluginAtLink(Module &M) {
  Type *Byte = Type::getInt8Ty(M.getContext());
  auto *Missing = cast<GlobalVariable>(
      M.getOrInsertGlobal(OTRACE_SYMBOL_LTO_NEEDS_PLUGIN, Byte));
  // Hidden: else a shared object would link and fail only when loaded.
  Missing->setVisibility(GlobalValue::HiddenVisibility);
  auto *Demand =
      new GlobalVariable(M, Missing->getType(), /*isConstant=*/false,
                         GlobalValue::PrivateLinkage, Missing, DemandName);
  // A declaration in llvm.used alone would leave no trace in the object.
  appendToUsed(M, {Demand});
}

void otrace::dropDemandForPlugin(Module &M) {
  SmallVector<GlobalVariable *, 4> Demands;
  for (GlobalVariable &G : M.globals())
    if (G.getName().starts_with(DemandName))
      Demands.push_back(&G);
  removeFromUsedLists(M, [&](Constant *C) {
    return is_contained(Demands, C->stripPointerCasts());
  });
  for (GlobalVariable *G : Demands)
    G->eraseFromParent();
  if (auto *Missing = M.getNamedGlobal(OTRACE_SYMBOL_LTO_NEEDS_PLUGIN))
    if (Missing->use_empty())
      Missing->eraseFromParent();
}
