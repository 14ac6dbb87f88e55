# SPDX-License-Identifier: GPL-2.0-or-later
# The Microdroid kernel (guest/kernel/README.md): no part of `make`, since it takes minutes where the cache has none.

MICRODROID_KERNEL := $(O)/guest/microdroid/kernel

ALL += $(wildcard $(MICRODROID_KERNEL)) # what was built once is kept up to date

.PHONY: microdroid-kernel
microdroid-kernel: $(MICRODROID_KERNEL) ## the trimmed kernel of guest/kernel: from the cache, or built (minutes, once)

$(MICRODROID_KERNEL): guest/kernel/microdroid.config guest/kernel/build.py $(SDK)/.ready
	@$(PYTHON) guest/kernel/build.py --sdk $(SDK) --config guest/kernel/microdroid.config \
		--work $(O)/build/kernel --output $(@D)
	@touch $@
