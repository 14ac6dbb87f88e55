# SPDX-License-Identifier: GPL-2.0-or-later
# Bare guests: every guest/bare/<name>.c becomes $(O)/guest/<name>.elf and .bin.

GUEST_B := $(O)/build/guest
GUEST_PROGRAMS := $(sort $(patsubst guest/bare/%.c,%,$(wildcard guest/bare/*.c)))
GUEST_LIB_SRC := $(filter-out %/program_name.c,$(wildcard guest/bare/lib/*.[cS]))
GUEST_LIB_OBJ := $(patsubst %,$(GUEST_B)/%.o,$(GUEST_LIB_SRC))
GUEST_CFLAGS := $(CWARN) -Wno-format-zero-length -O2 -g -I$(ROOT) -ffreestanding -nostdlib -mgeneral-regs-only -mstrict-align \
	-march=armv8-a -mno-outline-atomics -mbranch-protection=none -fno-omit-frame-pointer \
	-fno-stack-protector -fno-pic -fno-pie -fno-common -fno-asynchronous-unwind-tables \
	-ffunction-sections -fdata-sections -ffile-prefix-map=$(ROOT)/=
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096

ALL += $(foreach p,$(GUEST_PROGRAMS),$(O)/guest/$(p).elf $(O)/guest/$(p).bin)

$(GUEST_B)/guest/bare/lib/string.c.o: GUEST_CFLAGS += -fno-tree-loop-distribute-patterns
$(GUEST_B)/%.o: % guest/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(CROSS)gcc $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_B)/names/%.o: guest/bare/lib/program_name.c guest/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(CROSS)gcc $(GUEST_CFLAGS) -MMD -MP '-DGUEST_PROGRAM="$*"' -c -o $@ $<

$(GUEST_B)/guest.ld: guest/bare/lib/guest.lds guest/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(CROSS)gcc -E -P -x c -I$(ROOT) -MMD -MP -MT $@ -o $@ $<

$(O)/guest/%.elf: $(GUEST_B)/guest/bare/%.c.o $(GUEST_B)/names/%.o $(GUEST_LIB_OBJ) $(GUEST_B)/guest.ld
	@mkdir -p $(@D)
	@$(CROSS)gcc $(GUEST_LDFLAGS) -T $(GUEST_B)/guest.ld -o $@ $(filter %.o,$^)

$(O)/guest/%.bin: $(O)/guest/%.elf
	@$(CROSS)objcopy -O binary $< $@

.SECONDARY: $(GUEST_LIB_OBJ) $(foreach p,$(GUEST_PROGRAMS),$(GUEST_B)/guest/bare/$(p).c.o $(GUEST_B)/names/$(p).o)
-include $(wildcard $(GUEST_B)/*.d $(GUEST_B)/names/*.d $(GUEST_B)/guest/bare/*.d $(GUEST_B)/guest/bare/lib/*.d)

include guest/linux/module.mk guest/kernel/module.mk guest/payload/module.mk guest/microdroid/module.mk guest/debian/module.mk
