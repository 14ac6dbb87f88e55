# SPDX-License-Identifier: GPL-2.0-or-later
# The VMM for the host (arm64), and its parts for the native tests (tests/vmm).
include vmm/virtio/module.mk

VMM_SRCS := $(addprefix vmm/,main.c boot.c bus.c control.c control_client.c debug_kvm.c debugger.c devices.c error.c \
	fdt.c file.c gdb_protocol.c guest_walk.c irq.c janitor.c \
	layout.c loader.c log.c loopback.c machine.c memlock.c memory.c options.c output.c pvpanic.c sandbox.c \
	serial.c vcpu.c vm.c watchdog.c) $(VIRTIO_SRCS)
VMM_OBJS := $(VMM_SRCS:%.c=$(O)/build/%.o)
VMM_PKG := $(SDK)/bin/aarch64-linux-gnu-pkg-config
VMM_CC = $(CROSS)gcc --sysroot=$(SDK)/sysroot
VMM_CFLAGS = -I$(ROOT) $(CWARN) -O2 -g -fstack-protector-strong -MMD -MP \
	$(shell $(VMM_PKG) --cflags glib-2.0 libseccomp)
VMM_LIBS = $(shell $(VMM_PKG) --libs glib-2.0 libseccomp) -lfdt -pthread

ALL += $(O)/host/bin/vmm

$(O)/host/bin/vmm: $(VMM_OBJS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(VMM_CC) -pie -Wl,-z,relro,-z,now -o $@ $(VMM_OBJS) $(VMM_LIBS)

$(VMM_OBJS): $(O)/build/%.o: %.c | $(SDK)/.ready
	@mkdir -p $(@D)
	$(VMM_CC) $(VMM_CFLAGS) -fPIE -c -o $@ $<

-include $(VMM_OBJS:.o=.d)
include vmm/apk/module.mk
