// SPDX-License-Identifier: BSD-2-Clause
#include "Notes.h"

#include "Phase.h"
#include "Wrapper.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace otrace;

static Blob &addAnchor(BlobSet &Blobs, const char *Section,
                       const SharedPool &Pool) {
  Blob &B = addEntry(Blobs, Section, nullptr, Target::none());
  B.refer(offsetof(otrace_entry, description), Target::in(Pool.blob(), 0));
  return B;
}

// A section of type SHT_NOTE, which its name gives it, is a root for the
// linker: not so in a group, hence one per object.
static void addNote(Module &M, BlobSet &Blobs, const Blob &Functions,
                    const Blob &Variables, const Blob &Pool) {
  Placement Where(OTRACE_SECTION_NOTE);
  Where.Align = 4;
  Blob &B = Blobs.add(Where);
  const char Name[] = OTRACE_NOTE_NAME;
  ELF::Elf64_Nhdr Header = {};
  Header.n_namesz = sizeof(Name);
  Header.n_descsz = sizeof(otrace_note);
  Header.n_type = OTRACE_NOTE_TYPE;
  B.put(B.append<ELF::Elf64_Nhdr>(), Header);
  B.putBytes(B.appendBytes(sizeof(Name), 4), StringRef(Name, sizeof(Name)));
  const uint32_t At = B.append<otrace_note>();
  otrace_note Note = {};
  Note.abi_version = OTRACE_ABI_VERSION;
  B.put(At, Note);
  B.refer(At + offsetof(otrace_note, fn_anchor), Target::in(Functions, 0));
  B.refer(At + offsetof(otrace_note, var_anchor), Target::in(Variables, 0));
  B.refer(At + offsetof(otrace_note, hooks), Target::symbol(getHooks(M)));
  B.refer(At + offsetof(otrace_note, pool), Target::in(Pool, 0));
}

void otrace::addNotes(Module &M, BlobSet &Blobs, SharedPool &Pool) {
  const Blob &Functions = addAnchor(Blobs, OTRACE_SECTION_FN, Pool);
  const Blob &Variables = addAnchor(Blobs, OTRACE_SECTION_VAR, Pool);
  bool HasUnit = false;
  for (const DICompileUnit *Unit : M.debug_compile_units()) {
    // Under ThinLTO the module's own unit comes first, then imported ones.
    if (HasUnit && isForThinLTO(M))
      break;
    Pool.unit(Unit);
    HasUnit = true;
  }
  if (!HasUnit)
    Pool.unit(nullptr);
  addNote(M, Blobs, Functions, Variables, Pool.blob());
}
