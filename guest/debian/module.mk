# SPDX-License-Identifier: GPL-2.0-or-later
# Debian as a guest: no part of `make`, since it fetches what only some scenarios want (`make debian-guest`).

DG := guest/debian
DG_OUT := $(O)/guest/debian

DG_FILES := $(addprefix $(DG_OUT)/,root.img initrd.img kernel debian.json)
ALL += $(wildcard $(DG_FILES)) # what was built once is kept up to date

.PHONY: debian-guest
debian-guest: $(DG_FILES) ## a Debian root file system for a VM: from the cache, or built from packages

$(DG_OUT)/root.img: $(DG)/build.py platform/sdk/packages.toml $(SDK)/.ready
	@$(PYTHON) $(DG)/build.py --sdk $(SDK) --output $@
	@touch $@

$(DG_OUT)/initrd.img: $(DG)/init.sh $(DG)/initrd.toml $(MKINITRAMFS) $(SDK)/.ready
	@mkdir -p $(@D)
	@$(PYTHON) platform/host/mkinitramfs.py --sysroot $(SDK)/sysroot --kernel $(SDK)/kernel \
		--description $(DG)/initrd.toml --output $@ /init=$(DG)/init.sh

$(DG_OUT)/kernel: $(SDK)/.ready
	@mkdir -p $(@D) && cp $(SDK)/kernel/Image $@

$(DG_OUT)/debian.json: $(DG)/debian.json
	@mkdir -p $(@D) && cp $< $@
