# SPDX-License-Identifier: GPL-2.0-or-later
# The module's parts that are pure C, natively: each kvm_*.c here is a cmocka program with the file
# of platform/kvm of that name. <linux/kvm.h> is arm64's, of the SDK.
KAT_BUILD := $(O)/build/tests-kvm_api
KAT_CFLAGS := $(CWARN) -g -O1 -I$(ROOT) -I$(KAT_BUILD)/arm64
KAT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
KAT_TESTS := $(basename $(notdir $(wildcard tests/kvm_api/kvm_*.c)))

UNIT_TESTS += $(addprefix $(O)/tests/,$(KAT_TESTS))

# Nothing else of the sysroot: its C library's headers are not this machine's. Lint needs it too, so it is in ALL.
ALL += $(KAT_BUILD)/arm64/.ready
$(KAT_BUILD)/arm64/.ready: $(SDK)/.ready
	@mkdir -p $(@D)
	@ln -sfn $(SDK)/sysroot/usr/include/aarch64-linux-gnu/asm $(@D)/asm
	@ln -sfn $(SDK)/sysroot/usr/include/linux $(@D)/linux
	@ln -sfn $(SDK)/sysroot/usr/include/asm-generic $(@D)/asm-generic
	@touch $@

$(O)/tests/kvm_%: tests/kvm_api/kvm_%.c platform/kvm/%.c platform/kvm/%.h platform/abi/hyp_vcpu.h $(KAT_BUILD)/arm64/.ready
	@mkdir -p $(@D)
	$(CC) $(KAT_CFLAGS) $(KAT_SANITIZE) $(filter %.c,$^) -lcmocka -o $@
