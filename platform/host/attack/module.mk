# SPDX-License-Identifier: GPL-2.0-or-later
# The attacks. `attack` and libattack.so share the accesses that may be refused.

HOST_ATTACK := $(HOST)/attack
ATTACK_MODULES := $(patsubst %,$(O)/host/modules/%.ko,attack calls dma)
ALL += $(O)/host/lib/libattack.so $(ATTACK_MODULES)

$(O)/host/bin/attack: $(HOST_ATTACK)/probe.c

$(O)/host/lib/libattack.so: $(addprefix $(HOST_ATTACK)/,libattack.c probe.c) $(HOST_HEADERS) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(HOST_CC) -shared -fPIC -fvisibility=hidden -s -o $@ $(filter %.c,$^)

# Built in a folder of its own: kbuild writes next to the sources. Depends on the kernel, thus on the
# SDK. kbuild warns of a compiler of another name and of an absent pahole: not here.
ATTACK_BUILD := $(O)/build/host/attack
# Without our MAKEFLAGS: "O=" on our command line would be an output folder to kbuild.
ATTACK_KBUILD = env -u MAKEFLAGS make -s -C $(SDK)/kernel/build M=$(ATTACK_BUILD) ARCH=arm64 CROSS_COMPILE=$(CROSS) \
	CONFIG_DEBUG_INFO_BTF_MODULES= TERRARIUM_ROOT=$(ROOT) modules
ATTACK_NOISE := ^warning: .* differs from the one used|The kernel was built (by|with)|You are using:

ATTACK_SOURCES := $(addprefix $(HOST_ATTACK)/,attack.c dma.c) $(wildcard $(HOST_ATTACK)/calls*) $(HOST_ATTACK)/Kbuild
$(ATTACK_MODULES) &: $(ATTACK_SOURCES) $(addprefix platform/abi/,attack.h calls.h fuzz_plan.h register_tags.h smccc.h) $(wildcard platform/abi/hyp_*.h) $(SDK)/.ready
	@rm -rf $(ATTACK_BUILD)
	@mkdir -p $(@D) $(ATTACK_BUILD)
	@cp $(ATTACK_SOURCES) $(ATTACK_BUILD)
	$(ATTACK_KBUILD) 2> >(grep -vE '$(ATTACK_NOISE)' >&2)
	@for module in $(ATTACK_MODULES); do $(CROSS)strip --strip-debug -o $$module $(ATTACK_BUILD)/$${module##*/}; done
