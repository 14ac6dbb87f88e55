# SPDX-License-Identifier: GPL-2.0-or-later
# Proofs by CBMC (README.md here). CBMC= says where another one is.
CBMC ?= $(SDK)/bin/cbmc
PROOF_FLAGS := -Itests/proofs/include -I. -Iplatform/hypervisor/include -DFAKE_PAGES=2u -DOWNER_VM_MAX=2u --unwinding-assertions --object-bits 12 --slice-formula \
	--bounds-check --pointer-check --signed-overflow-check --undefined-shift-check --enum-range-check
PROOF_SRCS := tests/proofs/owner.c tests/hypervisor/fake_pages.c tests/hypervisor/owner_invariant.c tests/hypervisor/fake_trace.c

# A proof is C that must compile, wherever there is no CBMC.
unit-programs unit: $(O)/build/proofs/owner.o
$(O)/build/proofs/owner.o: tests/proofs/owner.c $(wildcard platform/hypervisor/src/owner.c platform/hypervisor/include/hyp/*.h tests/hypervisor/*.h)
	@mkdir -p $(@D)
	$(CC) $(CWARN) -I$(ROOT) -I$(ROOT)/platform/hypervisor/include -c $< -o $@

.PHONY: proofs
proofs: setup ## prove by CBMC that page ownership keeps its invariant
	@$(CBMC) $(PROOF_FLAGS) --function proof_step --unwind 4 $(PROOF_SRCS)
	@$(CBMC) $(PROOF_FLAGS) --function proof_start --unwind 4 $(PROOF_SRCS)
