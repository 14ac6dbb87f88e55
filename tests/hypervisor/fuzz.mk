# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzzers of the hypervisor's C; included by module.mk, which says what their parts are.
FUZZERS += $(O)/fuzz/hyp_owner $(O)/fuzz/hyp_calls

HT_hyp_calls := $(HT_MEMORY) $(HT_GUEST_CALLS) platform/hypervisor/src/hvc_host.c \
	$(addprefix tests/hypervisor/,vm_invariant.c s2_walker.c)
HT_FUZZ_CFLAGS := $(HT_CFLAGS) -O2 -DMACHINE_PAGES=1280u -fno-sanitize-recover=all \
	-fsanitize=fuzzer,address,undefined -fsanitize-coverage-ignorelist=tests/fuzz/judges.txt

$(O)/fuzz/hyp_owner: $(HT_hyp_owner) tests/hypervisor/owner_invariant.c
$(O)/fuzz/hyp_calls: $(HT_hyp_calls)
$(O)/fuzz/hyp_%: tests/fuzz/hyp_%.c tests/hypervisor/fake_trace.c tests/fuzz/judges.txt \
	$(wildcard tests/hypervisor/*.h platform/hypervisor/include/hyp/*.h platform/abi/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(HT_FUZZ_CFLAGS) $(filter %.c,$^) -o $@
