// SPDX-License-Identifier: BSD-2-Clause
#include "Blob.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace otrace;

uint32_t Blob::appendBytes(uint32_t Size, uint32_t Align) {
  pad(Align);
  const uint32_t Offset = size();
  Bytes.append(Size, '\0');
  return Offset;
}

uint32_t Blob::appendString(StringRef Text) {
  auto [It, New] = Strings.try_emplace(Text, size());
  if (New) {
    Bytes.append(Text.begin(), Text.end());
    Bytes.push_back('\0');
  }
  return It->second;
}

void Blob::pad(uint32_t Align) {
  Bytes.append(-Bytes.size() & (Align - 1), '\0');
}

void Blob::refer(uint32_t FieldOffset, Target To) {
  if (To.InBlob == this)
    put<int32_t>(FieldOffset, int32_t(To.Addend - FieldOffset));
  else if (To)
    Fixups.push_back({FieldOffset, To});
}

GlobalVariable *Blob::declare(Module &M, uint32_t Align) {
  // References from left to right; between them, plain bytes.
  llvm::sort(Fixups, [](const Fixup &A, const Fixup &B) {
    return A.Offset < B.Offset;
  });
  LLVMContext &C = M.getContext();
  SmallVector<Type *, 32> Fields;
  uint32_t End = 0;
  for (const Fixup &F : Fixups) {
    if (F.Offset > End)
      Fields.push_back(ArrayType::get(Type::getInt8Ty(C), F.Offset - End));
    Fields.push_back(Type::getInt32Ty(C));
    End = F.Offset + sizeof(otrace_ref);
  }
  if (size() > End)
    Fields.push_back(ArrayType::get(Type::getInt8Ty(C), size() - End));

  Global = new GlobalVariable(M, StructType::get(C, Fields, /*isPacked=*/true),
                              /*isConstant=*/true, GlobalValue::PrivateLinkage,
                              nullptr);
  Global->setAlignment(llvm::Align(Align));
  GlobalValue::SanitizerMetadata Unsanitized;
  Unsanitized.NoAddress = Unsanitized.NoHWAddress = true;
  Global->setSanitizerMetadata(Unsanitized);
  return Global;
}

static Constant *addressOf(Constant *Base, int64_t Offset) {
  LLVMContext &C = Base->getContext();
  // Inbounds: only then is the distance known to need no dynamic relocation,
  // and the blob goes into a read-only section.
  if (Offset)
    Base = ConstantExpr::getInBoundsGetElementPtr(
        Type::getInt8Ty(C), Base,
        ConstantInt::get(Type::getInt64Ty(C), Offset));
  return ConstantExpr::getPtrToInt(Base, Type::getInt64Ty(C));
}

void Blob::define() {
  LLVMContext &C = Global->getContext();
  SmallVector<Constant *, 32> Fields;
  uint32_t End = 0;
  auto addBytes = [&](uint32_t To) {
    if (To > End)
      Fields.push_back(ConstantDataArray::getString(
          C, StringRef(Bytes).slice(End, To), /*AddNull=*/false));
  };
  for (const Fixup &F : Fixups) {
    addBytes(F.Offset);
    Constant *Base = F.To.InBlob ? F.To.InBlob->global() : F.To.InSymbol;
    Constant *Distance = ConstantExpr::getSub(addressOf(Base, F.To.Addend),
                                              addressOf(Global, F.Offset));
    Fields.push_back(ConstantExpr::getTrunc(Distance, Type::getInt32Ty(C)));
    End = F.Offset + sizeof(otrace_ref);
  }
  addBytes(size());
  Global->setInitializer(
      ConstantStruct::get(cast<StructType>(Global->getValueType()), Fields));
}
