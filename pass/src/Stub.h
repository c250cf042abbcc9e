// SPDX-License-Identifier: BSD-2-Clause
#ifndef OTRACE_PASS_STUB_H
#define OTRACE_PASS_STUB_H

#include <cstdint>

namespace llvm {
class Function;
}

namespace otrace {

/// Where a stub lies, in bytes from the function's symbol.
struct StubPlace {
  uint32_t Stub, Body;
};

/// Puts the 5-byte nop at the entry of \p F.
StubPlace addStub(llvm::Function &F);

} // namespace otrace

#endif
