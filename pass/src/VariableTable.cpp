// SPDX-License-Identifier: BSD-2-Clause
#include "VariableTable.h"

#include "Params.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;
using namespace otrace;

struct VariableTable::Draft {
  GlobalVariable *G; // null: nothing is left of it
  explicit Draft(GlobalVariable *G) : G(G) {}

  uint32_t Flags = 0;
  unsigned Line = 0, Unit = 0, Align = 0;
  uint64_t Size = 0, TypeSize = 0;
  std::optional<uint64_t> Constant;
  std::string Name, LinkageName, Scope;
  Target Address, File, Type;
};

VariableTable::VariableTable(Module &M, BlobSet &Blobs, SharedPool &Pool,
                             TypeTable &Types)
    : M(M), Blobs(Blobs), Pool(Pool), Types(Types) {
  for (const DICompileUnit *Unit : M.debug_compile_units())
    for (const DIGlobalVariableExpression *E : Unit->getGlobalVariables())
      Units.try_emplace(E->getVariable(), Unit);
}

//===-- where a variable lies -------------------------------------------===//

/// Whether a place is out of reach for a plain distance: another module may
/// have the variable that is really used.
static bool isPreemptible(const GlobalVariable &G) {
  const Module &M = *G.getParent();
  return !G.isDSOLocal() && !G.hasLocalLinkage() && G.hasDefaultVisibility() &&
         M.getPICLevel() != PICLevel::NotPIC &&
         M.getPIELevel() == PIELevel::Default;
}

/// void *accessor(void) for a place that no constant says.
static Function *makeAccessor(Module &M, GlobalVariable &G, const Twine &Name) {
  auto *Pointer = PointerType::get(M.getContext(), 0);
  Function *F = Function::Create(FunctionType::get(Pointer, false),
                                 GlobalValue::PrivateLinkage, Name, M);
  // A section each, so that the linker can drop one with its variable.
  F->setSection((OTRACE_SECTION_WRAPPER "." + G.getName()).str());
  F->setComdat(G.getComdat());
  F->setDoesNotThrow();
  F->addFnAttr(Attribute::NoInline);
  F->addFnAttr("target-cpu", "x86-64");
  IRBuilder<> B(BasicBlock::Create(M.getContext(), "", F));
  B.CreateRet(G.isThreadLocal() ? B.CreateThreadLocalAddress(&G)
                                : static_cast<Value *>(&G));
  appendToCompilerUsed(M, {F});
  return F;
}

/// Whether an access to \p G is one mov from the GOT, which the linker turns
/// into the address when it knows better.
static bool isLoadedByOneInstruction(const GlobalVariable &G) {
  const auto Model = G.getParent()->getCodeModel();
  return !G.getCodeModel() && (!Model || *Model == CodeModel::Small);
}

Target VariableTable::addressOf(Draft &D, GlobalVariable &G) {
  if (G.isThreadLocal()) {
    D.Flags |= OTRACE_VAR_THREAD_LOCAL;
    return Target::symbol(makeAccessor(M, G, OTRACE_PREFIX "tls"));
  }
  if (!isPreemptible(G))
    return Target::symbol(&G);
  if (isLoadedByOneInstruction(G)) {
    D.Flags |= OTRACE_VAR_ADDRESS_IN_CODE;
    Function *Accessor = makeAccessor(M, G, OTRACE_PREFIX "address");
    Accessor->addFnAttr(Attribute::NoCfCheck); // nobody calls it
    Accessor->setAlignment(Align(1));
    return Target::symbol(Accessor);
  }
  // The backend turns a private, nameless constant that holds an address, and
  // to which only distances are taken, into an entry of the GOT.
  D.Flags |= OTRACE_VAR_ADDRESS_IN_GOT;
  auto *Entry =
      new GlobalVariable(M, G.getType(), /*isConstant=*/true,
                         GlobalValue::PrivateLinkage, &G, OTRACE_PREFIX "got");
  Entry->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  return Target::symbol(Entry);
}

static bool isOnlyWritten(const Value &V) {
  return all_of(V.users(), [&](const User *U) {
    if (auto *Store = dyn_cast<StoreInst>(U))
      return Store->getPointerOperand() == &V;
    if (isa<GEPOperator>(U))
      return isOnlyWritten(*U);
    return false;
  });
}

/// Whether some access must reach the storage: of a const volatile, its value
/// is known nowhere.
static bool isAccessedAsVolatile(const Value &V) {
  return any_of(V.users(), [](const User *U) {
    if (auto *I = dyn_cast<Instruction>(U); I && I->isVolatile())
      return true;
    return isa<GEPOperator>(U) && isAccessedAsVolatile(*U);
  });
}

void VariableTable::describeStorage(Draft &D, GlobalVariable &G) {
  D.Size = M.getDataLayout().getTypeAllocSize(G.getValueType());
  if (G.hasLocalLinkage())
    D.Flags |= OTRACE_VAR_STATIC;
  if (G.isConstant())
    D.Flags |= OTRACE_VAR_READ_ONLY;
  // Other files read a global one: only here its value is known.
  if (G.isConstant() && G.hasLocalLinkage() && !isAccessedAsVolatile(G))
    D.Flags |= OTRACE_VAR_STORES_IGNORED;
  else if (!G.isConstant() && G.hasLocalLinkage() && isOnlyWritten(G))
    D.Flags |= OTRACE_VAR_STORES_IGNORED;
  if (G.isInterposable() || G.hasWeakLinkage() || G.hasLinkOnceLinkage() ||
      G.hasCommonLinkage())
    D.Flags |= OTRACE_VAR_WEAK;
  D.LinkageName = G.getName().str();
  D.Address = addressOf(D, G);
}

/// The array without a length that a struct ends with.
static const DIDerivedType *flexibleMember(const DIType *T) {
  while (auto *Derived = dyn_cast_or_null<DIDerivedType>(T))
    T = Derived->getTag() == dwarf::DW_TAG_pointer_type
            ? nullptr
            : Derived->getBaseType();
  auto *Struct = dyn_cast_or_null<DICompositeType>(T);
  if (!Struct || Struct->getTag() != dwarf::DW_TAG_structure_type ||
      Struct->getElements().empty())
    return nullptr;
  const DINode *Last = Struct->getElements()[Struct->getElements().size() - 1];
  auto *Member = dyn_cast<DIDerivedType>(Last);
  auto *Array = Member
                    ? dyn_cast_or_null<DICompositeType>(Member->getBaseType())
                    : nullptr;
  const bool IsFlexible =
      Array && !sizeOf(Array) && Array->getTag() == dwarf::DW_TAG_array_type;
  return IsFlexible ? Member : nullptr;
}

/// Where the elements end that a variable gives to the array that it ends with:
/// without the padding behind it, which is no element.
static std::optional<uint64_t> flexibleEnd(const DIType *T,
                                           const GlobalVariable &G) {
  const DIDerivedType *Member = flexibleMember(T);
  auto *Struct = dyn_cast<StructType>(G.getValueType());
  if (!Member || !Struct || !G.hasInitializer())
    return std::nullopt;
  const DataLayout &DL = G.getParent()->getDataLayout();
  const StructLayout *Layout = DL.getStructLayout(Struct);
  const uint64_t Begin = Member->getOffsetInBits() / 8;
  uint64_t End = Begin;
  for (unsigned I = 0; I != Struct->getNumElements(); ++I) {
    const Constant *Element = G.getInitializer()->getAggregateElement(I);
    if (Layout->getElementOffset(I) == Begin && !isa<UndefValue>(Element))
      End = Begin + DL.getTypeAllocSize(Struct->getElementType(I));
  }
  return End;
}

//===-- what the source says --------------------------------------------===//

static std::string variableName(const DIGlobalVariable &Var) {
  // A static member is defined outside of its class.
  const DIDerivedType *Member = Var.getStaticDataMemberDeclaration();
  return qualifiedName(Member ? Member->getScope() : Var.getScope(),
                       Var.getName());
}

void VariableTable::describeSource(Draft &D, const DIGlobalVariable &Var) {
  Described.insert(&Var);
  D.Name = variableName(Var);
  D.File = Pool.file(Var.getFile());
  D.Line = Var.getLine();
  D.Type = Types.get(Var.getType());
  D.TypeSize = sizeOf(Var.getType());
  D.Align = Var.getAlignInBytes();
  D.Unit = Pool.unit(Units.lookup(&Var));
  if (Var.isLocalToUnit())
    D.Flags |= OTRACE_VAR_STATIC;
  if (auto *Scope = dyn_cast_or_null<DILocalScope>(Var.getScope())) {
    const DISubprogram *F = Scope->getSubprogram();
    D.Flags |= OTRACE_VAR_FUNCTION_STATIC;
    D.Scope = qualifiedName(F->getScope(), F->getName());
  }
}

/// Value of a variable that the optimiser has replaced by a constant.
static std::optional<uint64_t> constantValue(const DIExpression &E) {
  const ArrayRef<uint64_t> Ops = E.getElements();
  if (Ops.size() >= 2 &&
      (Ops[0] == dwarf::DW_OP_constu || Ops[0] == dwarf::DW_OP_consts) &&
      (Ops.size() == 2 ||
       (Ops.size() == 3 && Ops[2] == dwarf::DW_OP_stack_value)))
    return Ops[1];
  return std::nullopt;
}

/// The variable, if it lies in a section that a record can be tied to. A common
/// symbol lies in none; one that may be merged with equal constants lies in a
/// section that linkers take apart.
static GlobalObject *ownSection(GlobalVariable &G) {
  const bool IsMergeable = G.isConstant() && G.hasGlobalUnnamedAddr();
  return G.hasCommonLinkage() || IsMergeable ? nullptr : &G;
}

void VariableTable::finish(Draft &D) {
  if (D.LinkageName == D.Name)
    D.LinkageName.clear();
  const bool HasFile = !(D.File == Pool.commonFile());
  const uint32_t Has =
      (D.LinkageName.empty() ? 0 : OTRACE_VAR_HAS_LINKAGE_NAME) |
      (HasFile ? OTRACE_VAR_HAS_FILE : 0) |
      (D.Scope.empty() ? 0 : OTRACE_VAR_HAS_SCOPE) |
      (D.Size == D.TypeSize ? 0 : OTRACE_VAR_HAS_SIZE) |
      (D.Unit ? OTRACE_VAR_HAS_UNIT : 0) | (D.Align ? OTRACE_VAR_HAS_ALIGN : 0);
  Stream Out;
  Out.text(D.Name);
  if (!D.LinkageName.empty())
    Out.text(D.LinkageName);
  if (HasFile)
    Out.varint(Pool.reference(D.File));
  Out.signedVarint(int64_t(D.Line) - LineBefore);
  LineBefore = D.Line;
  if (D.Unit)
    Out.varint(D.Unit);
  Out.varint(Pool.reference(D.Type));
  if (!D.Scope.empty())
    Out.varint(Pool.name(D.Scope));
  if (D.Size != D.TypeSize)
    Out.varint(D.Size);
  if (D.Align)
    Out.varint(Log2_32(D.Align));
  if (D.Constant)
    Out.varint(*D.Constant);
  Blob *Entry =
      D.G ? &addEntry(Blobs, OTRACE_SECTION_VAR, ownSection(*D.G), D.Address)
          : nullptr;
  Pool.addVariable({D.Flags, Has, std::move(Out.Bytes), Entry});
}

void VariableTable::add(GlobalVariable &G,
                        const DIGlobalVariableExpression &Source) {
  // String literals have debug information but no name.
  if (Source.getVariable()->getName().empty())
    return;
  // A variable that was split, narrowed or moved into another has no one place.
  if (Source.getExpression()->getNumElements()) {
    addVanished(Source);
    return;
  }
  Draft D(&G);
  describeSource(D, *Source.getVariable());
  describeStorage(D, G);
  if (auto End = flexibleEnd(Source.getVariable()->getType(), G))
    D.Size = *End;
  finish(D);
}

void VariableTable::addVanished(const DIGlobalVariableExpression &Source) {
  if (Source.getVariable()->getName().empty() ||
      !Described.insert(Source.getVariable()).second)
    return;
  Draft D(nullptr);
  describeSource(D, *Source.getVariable());
  D.Size = sizeOf(Source.getVariable()->getType());
  if (auto Value = constantValue(*Source.getExpression())) {
    D.Flags |= OTRACE_VAR_CONSTANT_VALUE;
    D.Constant = Value;
  } else {
    D.Flags |= OTRACE_VAR_OPTIMIZED_OUT;
  }
  finish(D);
}

void VariableTable::addWithoutSource(GlobalVariable &G) {
  Draft D(&G);
  D.Name = demangle(G.getName());
  D.Type = Types.getMachine(G.getValueType());
  D.TypeSize = M.getDataLayout().getTypeAllocSize(G.getValueType());
  D.Unit = Pool.unit(nullptr);
  describeStorage(D, G);
  finish(D);
}

static bool isSourceVariable(const GlobalVariable &G) {
  return !G.isDeclaration() && !G.hasAvailableExternallyLinkage() &&
         !G.hasAppendingLinkage() && !G.hasPrivateLinkage() &&
         !G.getName().starts_with("llvm.") &&
         !G.getName().starts_with(OTRACE_PREFIX);
}

void VariableTable::addAll() {
  const bool HasDebugInfo = !M.debug_compile_units().empty();
  SmallVector<GlobalVariable *, 0> Variables;
  for (GlobalVariable &G : M.globals())
    Variables.push_back(&G);
  for (GlobalVariable *G : Variables) {
    if (G->isDeclaration() || G->hasAvailableExternallyLinkage())
      continue;
    SmallVector<DIGlobalVariableExpression *, 1> Sources;
    G->getDebugInfo(Sources);
    for (const DIGlobalVariableExpression *Source : Sources)
      add(*G, *Source);
    if (Sources.empty() && !HasDebugInfo && isSourceVariable(*G))
      addWithoutSource(*G);
  }
  for (const DICompileUnit *Unit : M.debug_compile_units())
    for (const DIGlobalVariableExpression *Source : Unit->getGlobalVariables())
      addVanished(*Source);
}
