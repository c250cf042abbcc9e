// SPDX-License-Identifier: BSD-2-Clause
#ifndef OTRACE_PASS_NOTES_H
#define OTRACE_PASS_NOTES_H

#include "Tables.h"

namespace otrace {

/// Adds the anchors and the note by which a runtime finds the tables of the
/// module; one note for each translation unit.
void addNotes(llvm::Module &M, BlobSet &Blobs, SharedPool &Pool);

} // namespace otrace

#endif
