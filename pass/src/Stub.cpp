// SPDX-License-Identifier: BSD-2-Clause
#include "Stub.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace otrace;

// nopl 0(%rax,%rax,1): the form that the kernel's uprobes take for cheap.
static const uint8_t Nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
static const uint8_t Endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

// The backend puts its landing pad behind prologue data, where the wrapper's
// indirect call needs it. Indirect calls to the symbol need one of their own.
static bool needsLandingPad(const Function &F) {
  auto *Flag = mdconst::extract_or_null<ConstantInt>(
      F.getParent()->getModuleFlag("cf-protection-branch"));
  return Flag && Flag->getZExtValue() && !F.doesNoCfCheck();
}

StubPlace otrace::addStub(Function &F) {
  SmallVector<uint8_t, 16> Bytes;
  if (needsLandingPad(F))
    Bytes.append(std::begin(Endbr64), std::end(Endbr64));
  const uint32_t Stub = Bytes.size();
  Bytes.append(std::begin(Nop), std::end(Nop));
  F.setPrologueData(ConstantDataArray::get(F.getContext(), Bytes));
  // The first two bytes of the nop must lie in one aligned 16-bit word: that is
  // what a switch writes at once.
  F.setAlignment(std::max(F.getAlign().valueOrOne(), Align(2)));
  return {Stub, uint32_t(Bytes.size())};
}
