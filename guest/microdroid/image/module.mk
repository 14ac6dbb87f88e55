# SPDX-License-Identifier: GPL-2.0-or-later
# Microdroid's system image, and the initrds that hold the image's root digest. MD_PRIVATE: how programs find private libraries.
MDI := guest/microdroid/image
MD_OUT := $(O)/guest/microdroid
ALL += $(addprefix $(MD_OUT)/,super.img initrd_normal.img initrd_debuggable.img initrd_stock_normal.img \
	initrd_stock_debuggable.img microdroid.json)
MKINITRAMFS := $(wildcard platform/host/*.py)
MD_PRIVATE := -Wl,--disable-new-dtags,-rpath,/usr/lib/microdroid

$(MD_OUT)/super.img: $(MD_PROGRAMS:%=$(MD_B)/%) $(VM_PAYLOAD_LIB) $(MDI)/mkimage.py $(MDI)/rootfs.toml $(MKINITRAMFS)
	@$(PYTHON) $(MDI)/mkimage.py --sdk $(SDK) --description $(MDI)/rootfs.toml --image $@ --tree $(MD_B)/system.verity \
		$(foreach p,$(MD_PROGRAMS),/usr/bin/$(p)=$(MD_B)/$(p)) \
		/usr/lib/aarch64-linux-gnu/libvm_payload.so=$(VM_PAYLOAD_LIB)
	@touch $@

$(MD_B)/system.verity: $(MD_OUT)/super.img ;

$(MD_B)/debuggable: $(MDI)/module.mk
	@mkdir -p $(@D) && : > $@

# initrd_NAME.img: $(call initrd,DESCRIPTION,EXTRA FILES)
define initrd
	@mkdir -p $(@D)
	@$(PYTHON) platform/host/mkinitramfs.py --sysroot $(SDK)/sysroot --kernel $(SDK)/kernel --description $(MDI)/$(1) \
		--output $@ /init=$(MD_B)/first_stage /system.verity=$(MD_B)/system.verity $(2)
	@touch $@
endef

MD_INITRD_NEEDS := $(MD_B)/first_stage $(MD_B)/system.verity $(MD_B)/debuggable $(MKINITRAMFS)
$(MD_OUT)/initrd_normal.img: $(MDI)/initrd.toml $(MD_INITRD_NEEDS)
	$(call initrd,initrd.toml)
$(MD_OUT)/initrd_debuggable.img: $(MDI)/initrd.toml $(MD_INITRD_NEEDS)
	$(call initrd,initrd.toml,/debuggable=$(MD_B)/debuggable)
$(MD_OUT)/initrd_stock_normal.img: $(MDI)/initrd-stock.toml $(MD_INITRD_NEEDS)
	$(call initrd,initrd-stock.toml)
$(MD_OUT)/initrd_stock_debuggable.img: $(MDI)/initrd-stock.toml $(MD_INITRD_NEEDS)
	$(call initrd,initrd-stock.toml,/debuggable=$(MD_B)/debuggable)

$(MD_OUT)/microdroid.json: $(MDI)/microdroid.json
	@mkdir -p $(@D) && cp $< $@
