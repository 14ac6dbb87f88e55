# SPDX-License-Identifier: GPL-2.0-or-later
# The module's vGIC, natively: each vgic_*.c here is a cmocka program, linked with
# platform/kvm/vgic*.c but its device. shim/ stands for the kernel's headers.
VGT_CFLAGS := $(filter-out -Wextra,$(CWARN)) -g -O1 -Itests/kvm/shim -I$(ROOT)
VGT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
VGT_BUILD := $(O)/build/tests-kvm
VGT_SRCS := $(filter-out %/vgic_device.c,$(wildcard platform/kvm/vgic*.c)) tests/kvm/bench.c
VGT_OBJS := $(VGT_SRCS:%.c=$(VGT_BUILD)/%.o)
VGT_TESTS := $(basename $(notdir $(wildcard tests/kvm/vgic_*.c)))

UNIT_TESTS += $(addprefix $(O)/tests/,$(VGT_TESTS))
FUZZERS += $(O)/fuzz/vgic

$(VGT_BUILD)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(VGT_CFLAGS) $(VGT_SANITIZE) -MMD -MP -c $< -o $@

$(addprefix $(O)/tests/,$(VGT_TESTS)): $(O)/tests/%: $(VGT_BUILD)/tests/kvm/%.o $(VGT_OBJS)
	@mkdir -p $(@D)
	$(CC) $(VGT_CFLAGS) $(VGT_SANITIZE) $^ -lcmocka -o $@

$(O)/fuzz/vgic: tests/fuzz/vgic.c $(VGT_SRCS) $(wildcard platform/kvm/vgic*.h tests/kvm/*.h tests/kvm/shim/linux/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(VGT_CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(filter %.c,$^) -o $@

-include $(shell find $(VGT_BUILD) -name '*.d' 2>/dev/null)
