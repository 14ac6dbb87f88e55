# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisor: $(O)/hypervisor/hyp.elf (symbols) and hyp.bin (what -kernel loads).

HYP_B := $(O)/build/hypervisor
HYP_SRC := $(wildcard platform/hypervisor/src/*.c platform/hypervisor/arch/*.S)
HYP_OBJ := $(patsubst platform/hypervisor/%,$(HYP_B)/%.o,$(HYP_SRC))
HYP_CFLAGS := $(CWARN) -O2 -g -I$(ROOT) -Iplatform/hypervisor -Iplatform/hypervisor/include \
	--sysroot=$(SDK)/sysroot -ffreestanding -nostdlib -mgeneral-regs-only -mstrict-align -march=armv8-a \
	-mno-outline-atomics -mbranch-protection=none -fno-omit-frame-pointer -fno-stack-protector \
	-fno-pic -fno-pie -fno-common -fno-asynchronous-unwind-tables -ffunction-sections \
	-fdata-sections -ffile-prefix-map=$(ROOT)/=
HYP_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096

ALL += $(O)/hypervisor/hyp.elf $(O)/hypervisor/hyp.bin

$(HYP_B)/src/string.c.o: HYP_CFLAGS += -fno-tree-loop-distribute-patterns
$(HYP_B)/%.o: platform/hypervisor/% platform/hypervisor/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(CROSS)gcc $(HYP_CFLAGS) -MMD -MP -c -o $@ $<

$(HYP_B)/hyp.ld: platform/hypervisor/arch/hyp.lds platform/hypervisor/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(CROSS)gcc -E -P -x c -Iplatform/hypervisor/include -MMD -MP -MT $@ -o $@ $<

$(O)/hypervisor/hyp.elf: $(HYP_OBJ) $(HYP_B)/hyp.ld
	@mkdir -p $(@D)
	@$(CROSS)gcc $(HYP_LDFLAGS) -T $(HYP_B)/hyp.ld -o $@ $(HYP_OBJ) $(SDK)/sysroot/usr/lib/aarch64-linux-gnu/libfdt.a

$(O)/hypervisor/hyp.bin: $(O)/hypervisor/hyp.elf
	@$(CROSS)objcopy -O binary $< $@

.PHONY: tcb
tcb: $(O)/hypervisor/hyp.elf ## lines of code, without blanks and comments, that run at EL2
	@$(PYTHON) platform/hypervisor/tcb.py

-include $(wildcard $(HYP_B)/*.d $(HYP_B)/src/*.d $(HYP_B)/arch/*.d)
