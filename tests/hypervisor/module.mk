# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisor's C, natively: each hyp_*.c here is a cmocka program, linked with what
# HT_<name> says of platform/hypervisor/src and of the fakes here; if it says nothing, with
# the source of the same name.
HT_CFLAGS := $(CWARN) -g -O1 -I$(ROOT) $(addprefix -I$(ROOT)/platform/hypervisor,/ /include)
HT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
HT_BUILD := $(O)/build/tests-hypervisor
HT_TESTS := $(basename $(notdir $(wildcard tests/hypervisor/hyp_*.c)))

HT_hyp_host_s2 := $(addprefix platform/hypervisor/src/,host_s2.c s2.c pool.c)
HT_hyp_firmware := platform/hypervisor/src/smc.c
HT_hyp_owner := platform/hypervisor/src/owner.c tests/hypervisor/fake_pages.c
HT_hyp_owner_race := # it includes owner.c
$(foreach part,smmu trace,$(eval HT_hyp_$(part) := $(addprefix platform/hypervisor/src/,$(part).c pool.c)))
HT_hyp_hvc_host := platform/hypervisor/src/hvc_host.c tests/hypervisor/fake_calls.c $(HT_hyp_owner)
HT_MEMORY := $(addprefix platform/hypervisor/src/,owner.c host_s2.c s2.c pool.c vm.c guest_memory.c) $(addprefix tests/hypervisor/,fake_machine.c memory_world.c)
$(foreach part,vm s2 guest_memory guest_ripas,$(eval HT_hyp_$(part) := $(HT_MEMORY)))
HT_hyp_vcpu := $(addprefix platform/hypervisor/src/,vcpu.c vcpu_exit.c vcpu_regs.c) tests/hypervisor/fake_world.c
HT_hyp_vcpu_exit := $(HT_hyp_vcpu)
HT_hyp_world_switch := $(addprefix platform/hypervisor/src/,world_switch.c exception.c)
HT_FAKE_ARCH := $(HT_hyp_world_switch:%.c=$(HT_BUILD)/%.o) $(HT_BUILD)/tests/hypervisor/hyp_world_switch.o
HT_GUEST_CALLS := $(addprefix platform/hypervisor/src/,guest_call.c guest_psci.c guest_rsi.c sha256.c trng.c)
HT_hyp_trng := $(addprefix platform/hypervisor/src/,sha256.c trng.c)
HT_hyp_guest_psci := tests/hypervisor/fake_guest_memory.c $(HT_GUEST_CALLS)
$(foreach other,call rsi,$(eval HT_hyp_guest_$(other) := $(HT_hyp_guest_psci)))

UNIT_TESTS += $(addprefix $(O)/tests/,$(HT_TESTS))

$(HT_FAKE_ARCH): HT_CFLAGS := -I$(ROOT)/tests/hypervisor/fake_arch $(HT_CFLAGS)
$(HT_BUILD)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(HT_CFLAGS) $(HT_SANITIZE) -MMD -MP -c $< -o $@

$(foreach test,$(HT_TESTS),$(eval HT_$(test) ?= platform/hypervisor/src/$(test:hyp_%=%).c)$(eval $(O)/tests/$(test): $(HT_$(test):%.c=$(HT_BUILD)/%.o)))
$(addprefix $(O)/tests/,$(HT_TESTS)): $(O)/tests/%: $(HT_BUILD)/tests/hypervisor/%.o $(HT_BUILD)/tests/hypervisor/fake_trace.o
	@mkdir -p $(@D)
	$(CC) $(HT_CFLAGS) $(HT_SANITIZE) $^ -lcmocka -lfdt -o $@

include tests/hypervisor/fuzz.mk
-include $(shell find $(HT_BUILD) -name '*.d' 2>/dev/null)
