// SPDX-License-Identifier: BSD-2-Clause
//
// How far a module has come, kept in a module flag so that it survives bitcode
// and the merging of modules at link time.
#ifndef OTRACE_PASS_PHASE_H
#define OTRACE_PASS_PHASE_H

namespace llvm {
class Module;
}

namespace otrace {

enum class Phase : unsigned {
  Untouched = 0,
  Marked = 1,     // MarkPass has run
  AwaitsLink = 2, // compiled for LTO: EmitPass leaves the work to the link
  Emitted = 3     // stubs and tables are there
};

Phase getPhase(const llvm::Module &M);
void setPhase(llvm::Module &M, Phase P);

/// Whether clang compiles the module for link-time optimisation.
bool isForLTO(const llvm::Module &M);
bool isForThinLTO(const llvm::Module &M);

/// Makes a link without the plugin fail by the name of a missing symbol: a
/// program without stubs must not come out silently.
void demandPluginAtLink(llvm::Module &M);
void dropDemandForPlugin(llvm::Module &M);

/// Debug information that is there for our tables only goes away with them.
/// The wish is noted in the module when it is compiled: with link-time
/// optimisation the tables are made by the linker, which is asked by nobody.
/// Objects that want to keep theirs win.
void noteWhetherDebugInfoIsOurs(llvm::Module &M);
bool isDebugInfoOurs(const llvm::Module &M);

} // namespace otrace

#endif
