# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU plugins (native shared objects) and the unit tests of their pure parts.
# NAME.c here makes out/plugins/NAME.so, of NAME.c, NAME_*.c and common/.

PLUGIN_B := $(O)/build/qemu-plugins
PLUGIN_CFLAGS = $(CWARN) -O2 -g -fPIC -fvisibility=hidden -I$(ROOT) -I$(PLUGIN_B) -MMD -MP \
	$(shell pkg-config --cflags glib-2.0)
PLUGIN_KHEADERS := $(SDK)/kernel/headers-common/arch/arm64/include
PLUGIN_ABI := $(wildcard $(addprefix $(ROOT)/platform/abi/,smccc.h rsi.h hyp_hypercalls.h)) \
	$(ROOT)/qemu-plugins/common/pkvm_arguments.txt
PLUGIN_SOURCES := $(notdir $(basename $(wildcard $(ROOT)/qemu-plugins/*.c)))
PLUGINS := $(foreach source,$(PLUGIN_SOURCES),$(if $(findstring _,$(source)),,$(source)))
PLUGIN_COMMON_OBJS := $(patsubst $(ROOT)/qemu-plugins/%.c,$(PLUGIN_B)/%.o,$(wildcard $(ROOT)/qemu-plugins/common/*.c))

ALL += $(PLUGINS:%=$(O)/plugins/%.so) $(O)/lib/inject_words.so
define plugin
$(O)/plugins/$(1).so: $(PLUGIN_COMMON_OBJS) \
	$(patsubst %,$(PLUGIN_B)/%.o,$(1) $(filter $(1)_%,$(PLUGIN_SOURCES)))
	@mkdir -p $$(@D)
	$(CC) -shared -o $$@ $$^ $$(shell pkg-config --libs glib-2.0)
endef
$(foreach name,$(PLUGINS),$(eval $(call plugin,$(name))))
$(PLUGIN_B)/%.o: $(ROOT)/qemu-plugins/%.c
	@mkdir -p $(@D)
	$(CC) $(PLUGIN_CFLAGS) -c -o $@ $<
# The words of faults, for the runner: what the plugin would say of them, without QEMU.
INJECT_WORDS := $(patsubst %,$(PLUGIN_B)/%.o,$(addprefix inject_,check parse scan fault symbols) \
	$(addprefix common/,calls sysregs))
$(O)/lib/inject_words.so: $(INJECT_WORDS)
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $^ $(shell pkg-config --libs glib-2.0)

# Numbers of the host's calls and of system registers come from the kernel that the machine runs.
PLUGIN_SYSREGS := $(PLUGIN_KHEADERS)/asm/sysreg.h $(SDK)/kernel/build/arch/arm64/include/generated/asm/sysreg-defs.h
$(PLUGIN_B)/%_table.h: $(ROOT)/qemu-plugins/common/gen_%s.py $(PLUGIN_ABI) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(PYTHON) $< $(if $(filter call,$*),$(PLUGIN_ABI) $(PLUGIN_KHEADERS),$(PLUGIN_SYSREGS)) > $@
$(PLUGIN_B)/common/calls.o: $(PLUGIN_B)/call_table.h
$(PLUGIN_B)/common/sysregs.o: $(PLUGIN_B)/sysreg_table.h
-include $(PLUGIN_B)/*.d $(PLUGIN_B)/common/*.d
