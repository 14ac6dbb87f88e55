# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux host's userland: init, tools, attacks, and the initramfs with them.

HOST := platform/host
HOST_CC = $(CROSS)gcc --sysroot=$(SDK)/sysroot -I$(ROOT) -D_GNU_SOURCE $(CWARN) -O2 -g1
HOST_LIB := $(wildcard $(HOST)/lib/*.c)
HOST_HEADERS := $(wildcard $(HOST)/*.h $(HOST)/lib/*.h $(HOST)/attack/*.h platform/abi/*.h) vmm/service/avf.h
HOST_TOOLS := $(patsubst $(HOST)/tools/%.c,%,$(wildcard $(HOST)/tools/*.c))
HOST_INIT := $(O)/host/init

ALL += $(addprefix $(O)/host/bin/,$(HOST_TOOLS)) $(O)/host/initramfs.cpio

# Static: they start in a fraction of the time that the dynamic loader takes.
$(HOST_INIT): $(addprefix $(HOST)/,init.c system.c service.c ports.c plan.c lib/pci.c) $(HOST_HEADERS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(HOST_CC) -static -s -o $@ $(filter %.c,$^)

$(O)/host/bin/%: $(HOST)/tools/%.c $(HOST_LIB) $(HOST_HEADERS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(HOST_CC) -static -s -ffunction-sections -Wl,--gc-sections -o $@ $(filter %.c,$^)

include $(HOST)/attack/module.mk

ALL += $(O)/host/client.cpio
$(O)/host/client.cpio: $(wildcard $(HOST)/*.py) $(HOST)/client.toml $(SDK)/.ready
	$(PYTHON) $(HOST)/mkinitramfs.py --sysroot $(SDK)/client --description $(HOST)/client.toml --output $@

# Everything that any part puts into these folders goes along: hence expanded last.
.SECONDEXPANSION:
HOST_FILES = $(filter $(O)/host/bin/%,$(ALL)) $(filter $(O)/host/lib/% $(O)/host/modules/% $(O)/guest/%.bin,$(ALL)) $(HOST_SHARED)
HOST_SHARED = $(filter $(O)/avf/lib/%.so.1,$(ALL))
$(O)/host/initramfs.cpio: $$(HOST_FILES) $(HOST_INIT) $(wildcard $(HOST)/*.py) $(HOST)/initramfs.toml $(SDK)/.ready
	$(PYTHON) $(HOST)/mkinitramfs.py --sysroot $(SDK)/sysroot --kernel $(SDK)/kernel --output $@ \
		/init=$(HOST_INIT) \
		$(addprefix /usr/bin/=,$(filter $(O)/host/bin/%,$(HOST_FILES))) \
		$(addprefix /usr/lib/terrarium/=,$(filter $(O)/host/lib/% $(O)/host/modules/%,$(HOST_FILES))) \
		$(addprefix /usr/lib/aarch64-linux-gnu/=,$(HOST_SHARED)) \
		$(addprefix /guest/=,$(filter $(O)/guest/%.bin,$(HOST_FILES)))
