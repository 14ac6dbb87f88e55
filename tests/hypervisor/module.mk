# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisor's C, natively: each hyp_*.c here is a cmocka program, linked with what
# HT_<name> says of platform/hypervisor/src and of the fakes here.
HT_CFLAGS := $(CWARN) -g -O1 -I$(ROOT) -I$(ROOT)/platform/hypervisor/include
HT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
HT_BUILD := $(O)/build/tests-hypervisor
HT_TESTS := $(basename $(notdir $(wildcard tests/hypervisor/hyp_*.c)))

HT_hyp_host_s2 := platform/hypervisor/src/host_s2.c platform/hypervisor/src/pool.c
HT_hyp_firmware := platform/hypervisor/src/psci.c platform/hypervisor/src/smc.c
HT_hyp_boot_info := platform/hypervisor/src/boot_info.c
HT_hyp_smmu := platform/hypervisor/src/smmu.c platform/hypervisor/src/pool.c
HT_hyp_gic := platform/hypervisor/src/gic.c
HT_hyp_owner := platform/hypervisor/src/owner.c tests/hypervisor/fake_pages.c
HT_hyp_trace := platform/hypervisor/src/trace.c platform/hypervisor/src/pool.c
HT_hyp_hvc_host := platform/hypervisor/src/hvc_host.c $(HT_hyp_owner)

UNIT_TESTS += $(addprefix $(O)/tests/,$(HT_TESTS))
FUZZERS += $(O)/fuzz/hyp_owner

$(HT_BUILD)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(HT_CFLAGS) $(HT_SANITIZE) -MMD -MP -c $< -o $@

$(foreach test,$(HT_TESTS),$(eval $(O)/tests/$(test): $(HT_$(test):%.c=$(HT_BUILD)/%.o)))
$(addprefix $(O)/tests/,$(HT_TESTS)): $(O)/tests/%: $(HT_BUILD)/tests/hypervisor/%.o \
	$(HT_BUILD)/tests/hypervisor/fake_trace.o
	@mkdir -p $(@D)
	$(CC) $(HT_CFLAGS) $(HT_SANITIZE) $^ -lcmocka -lfdt -o $@

$(O)/fuzz/hyp_owner: tests/fuzz/hyp_owner.c tests/hypervisor/owner_invariant.c tests/hypervisor/fake_trace.c $(HT_hyp_owner) \
	$(wildcard tests/hypervisor/*.h platform/hypervisor/include/hyp/*.h platform/abi/hyp_*.h)
	@mkdir -p $(@D)
	$(CLANG) $(HT_CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	$(filter %.c,$^) -o $@

-include $(shell find $(HT_BUILD) -name '*.d' 2>/dev/null)
