# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux guest's initramfs: one static program and the virtio drivers.

GL := guest/linux
GL_INIT := $(O)/build/guest/linux-init
GL_CPIO := $(O)/build/guest/linux-initrd.cpio
ALL += $(O)/guest/linux-initrd.cpio.gz

$(GL_INIT): $(wildcard $(GL)/*.c $(GL)/*.h platform/host/lib/stream.[ch]) platform/abi/guest_report.h | $(SDK)/.ready
	@mkdir -p $(@D)
	$(CROSS)gcc --sysroot=$(SDK)/sysroot $(CWARN) -O2 -I$(ROOT) -static -s -o $@ $(filter %.c,$^)

$(GL_CPIO): $(GL_INIT) $(GL)/initramfs.toml $(wildcard platform/host/*.py) | $(SDK)/.ready
	$(PYTHON) platform/host/mkinitramfs.py --sysroot $(SDK)/sysroot --kernel $(SDK)/kernel \
		--description $(GL)/initramfs.toml --output $@ /init=$(GL_INIT)

$(O)/guest/linux-initrd.cpio.gz: $(GL_CPIO)
	@mkdir -p $(@D)
	gzip -9 -n -c $< > $@
