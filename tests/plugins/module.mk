# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of the plugins' code: each plugin_*.c here is a cmocka program, with the code of
# the plugin that it names, plugin_NAME_*.c; of the trace plugin when it names none.
PT_CFLAGS = $(CWARN) -g -O1 -I$(ROOT) -I$(PLUGIN_B) -MMD -MP $(shell pkg-config --cflags glib-2.0) \
	-fsanitize=address,undefined -fno-sanitize-recover=all
PT_B := $(O)/build/tests-plugins
PT_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/plugins/plugin_*.c)))
PT_COMMON := $(patsubst $(ROOT)/%.c,$(PT_B)/%.o,$(wildcard $(ROOT)/qemu-plugins/common/*.c) \
	$(ROOT)/tests/plugins/fake_qemu.c)
UNIT_TESTS += $(PT_TESTS:%=$(O)/tests/%)

$(PT_B)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(PT_CFLAGS) -c -o $@ $<
$(PT_B)/qemu-plugins/common/calls.o: $(PLUGIN_B)/call_table.h
$(PT_B)/qemu-plugins/common/sysregs.o: $(PLUGIN_B)/sysreg_table.h

# posix_fallocate is wrapped so that a test can have the disk full.
define plugin_test
$(O)/tests/$(1): $(PT_B)/tests/plugins/$(1).o $(PT_COMMON) \
	$(patsubst $(ROOT)/%.c,$(PT_B)/%.o,$(wildcard $(ROOT)/qemu-plugins/$(2)*.c))
	@mkdir -p $$(@D)
	$(CC) $$(PT_CFLAGS) -Wl,--wrap=posix_fallocate -o $$@ $$^ $$(shell pkg-config --libs glib-2.0) -lcmocka
endef
PT_PLUGIN = $(or $(strip $(foreach name,$(PLUGINS),$(if $(filter plugin_$(name)%,$(1)),$(name)))),trace)
$(foreach test,$(PT_TESTS),$(eval $(call plugin_test,$(test),$(call PT_PLUGIN,$(test)))))

-include $(shell find $(PT_B) -name '*.d' 2>/dev/null)
