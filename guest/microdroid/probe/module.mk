# SPDX-License-Identifier: GPL-2.0-or-later
# The payload that scenarios ask what a payload is and may.

PROBE := guest/microdroid/probe
ALL += $(O)/guest/microdroid/probe.img

$(MD_B)/libprobe.so: $(PROBE)/probe.c platform/abi/guest_report.h $(PROBE)/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(MD_CC) $(MD_CFLAGS) -fPIC -shared -Wl,--build-id=none -s -o $@ $<

$(O)/guest/microdroid/probe.img: $(MD_B)/libprobe.so $(MDI)/mkimage.py $(MKINITRAMFS)
	@$(PYTHON) $(MDI)/mkimage.py --sdk $(SDK) --image $@ --tree $(@:.img=.verity) \
		/lib/arm64-v8a/probe.so=$(MD_B)/libprobe.so
