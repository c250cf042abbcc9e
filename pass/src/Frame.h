// SPDX-License-Identifier: BSD-2-Clause
//
// Where arguments and result lie in the frame that the runtime sees.
#ifndef OTRACE_PASS_FRAME_H
#define OTRACE_PASS_FRAME_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace llvm {
class DataLayout;
class Function;
class FunctionType;
class Type;
} // namespace llvm

namespace otrace {

/// The frame that a wrapper builds: runtime words, arguments, result.
struct FrameLayout {
  uint64_t ArgsOffset, ArgsBytes, RetOffset, RetBytes, FrameBytes, Align;
  llvm::SmallVector<uint64_t, 8> Slots; // of each IR argument

  FrameLayout(const llvm::FunctionType *T, const llvm::DataLayout &DL);
};

/// A run of bytes of an IR value in the frame of a varargs function.
struct VarargsPart {
  uint32_t FrameOffset, ValueOffset, Size;
  bool OnStack; // FrameOffset counts from the stack argument area
};

/// Where System V puts arguments and result of a varargs function, in terms of
/// struct otrace_varargs_frame.
class VarargsLayout {
public:
  using Parts = llvm::SmallVector<VarargsPart, 2>;

  explicit VarargsLayout(const llvm::Function &F);
  const Parts &argument(unsigned I) const { return Args[I]; }
  const Parts &result() const { return Result; }

private:
  llvm::SmallVector<Parts, 8> Args;
  Parts Result;
};

} // namespace otrace

#endif
