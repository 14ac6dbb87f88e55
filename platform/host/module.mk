# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux host's userland: init, tools, attacks, and the initramfs with them.

HOST := platform/host
HOST_CC = $(CROSS)gcc --sysroot=$(SDK)/sysroot -I$(ROOT) -D_GNU_SOURCE $(CWARN) -O2 -g1
HOST_LIB := $(wildcard $(HOST)/lib/*.c)
HOST_HEADERS := $(wildcard $(HOST)/*.h $(HOST)/lib/*.h $(HOST)/attack/*.h platform/abi/attack.h)
HOST_TOOLS := $(patsubst $(HOST)/tools/%.c,%,$(wildcard $(HOST)/tools/*.c))
HOST_INIT := $(O)/host/init

ALL += $(addprefix $(O)/host/bin/,$(HOST_TOOLS)) $(O)/host/initramfs.cpio

# Static: they start in a fraction of the time that the dynamic loader takes.
$(HOST_INIT): $(addprefix $(HOST)/,init.c system.c ports.c) $(HOST_HEADERS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(HOST_CC) -static -s -o $@ $(filter %.c,$^)

$(O)/host/bin/%: $(HOST)/tools/%.c $(HOST_LIB) $(HOST_HEADERS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(HOST_CC) -static -s -ffunction-sections -Wl,--gc-sections -o $@ $(filter %.c,$^)

# The attacks. `attack` and libattack.so share the accesses that may be refused.
ALL += $(O)/host/lib/libattack.so $(O)/host/modules/attack.ko
$(O)/host/bin/attack: $(HOST)/attack/probe.c
$(O)/host/lib/libattack.so: $(addprefix $(HOST)/attack/,libattack.c probe.c) $(HOST_HEADERS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(HOST_CC) -shared -fPIC -fvisibility=hidden -s -o $@ $(filter %.c,$^)

# Built in a folder of its own: kbuild writes next to the sources.
ATTACK_BUILD := $(O)/build/host/attack
$(O)/host/modules/attack.ko: $(HOST)/attack/attack.c $(HOST)/attack/Kbuild platform/abi/attack.h | $(SDK)/.ready
	@mkdir -p $(@D) $(ATTACK_BUILD)
	@cp $(HOST)/attack/attack.c $(HOST)/attack/Kbuild $(ATTACK_BUILD)
	$(MAKE) -s -C $(SDK)/kernel/build M=$(ATTACK_BUILD) ARCH=arm64 CROSS_COMPILE=$(CROSS) \
		CONFIG_DEBUG_INFO_BTF_MODULES= TERRARIUM_ROOT=$(ROOT) modules
	@$(CROSS)strip --strip-debug -o $@ $(ATTACK_BUILD)/attack.ko

# Everything that any part puts into these folders goes along: hence expanded last.
.SECONDEXPANSION:
HOST_FILES = $(filter $(O)/host/bin/%,$(ALL)) $(filter $(O)/host/lib/% $(O)/host/modules/% $(O)/guest/%.bin,$(ALL))
$(O)/host/initramfs.cpio: $$(HOST_FILES) $(HOST_INIT) $(wildcard $(HOST)/*.py) $(HOST)/initramfs.toml | $(SDK)/.ready
	$(PYTHON) $(HOST)/mkinitramfs.py --sysroot $(SDK)/sysroot --kernel $(SDK)/kernel --output $@ \
		/init=$(HOST_INIT) \
		$(addprefix /usr/bin/=,$(filter $(O)/host/bin/%,$(HOST_FILES))) \
		$(addprefix /usr/lib/terrarium/=,$(filter $(O)/host/lib/% $(O)/host/modules/%,$(HOST_FILES))) \
		$(addprefix /guest/=,$(filter $(O)/guest/%.bin,$(HOST_FILES)))
