# SPDX-License-Identifier: GPL-2.0-or-later
# terrarium_kvm.ko, which the host loads under HYP=terrarium. As host/attack: kbuild writes next to
# the sources, hence a folder of its own with links to them.

KVM := platform/kvm
KVM_BUILD := $(O)/build/kvm
KVM_SOURCES := $(filter-out %.mod.c,$(wildcard $(KVM)/*.c))
ALL += $(O)/host/modules/terrarium_kvm.ko

KVM_KBUILD = env -u MAKEFLAGS make -s -C $(SDK)/kernel/build M=$(KVM_BUILD) ARCH=arm64 CROSS_COMPILE=$(CROSS) \
	CONFIG_DEBUG_INFO_BTF_MODULES= TERRARIUM_ROOT=$(ROOT) modules

# The links are made anew each time: a source that is gone must not stay in the module.
$(O)/host/modules/terrarium_kvm.ko: $(KVM_SOURCES) $(wildcard $(KVM)/*.h platform/abi/*.h) $(KVM)/Kbuild $(SDK)/.ready
	@mkdir -p $(@D) $(KVM_BUILD)
	@find $(KVM_BUILD) -maxdepth 1 -type l -delete
	@ln -sf $(addprefix $(ROOT)/,$(KVM_SOURCES) $(KVM)/Kbuild) $(KVM_BUILD)/
	$(KVM_KBUILD) 2> >(grep -vE '$(ATTACK_NOISE)' >&2)
	@$(CROSS)strip --strip-debug -o $@ $(KVM_BUILD)/terrarium_kvm.ko
