# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of the plugins' code: each plugin_*.c here is a cmocka program.
PT_CFLAGS = $(CWARN) -g -O1 -I$(ROOT) -I$(PLUGIN_B) -MMD -MP $(shell pkg-config --cflags glib-2.0) \
	-fsanitize=address,undefined -fno-sanitize-recover=all
PT_B := $(O)/build/tests-plugins
PT_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/plugins/plugin_*.c)))
PT_OBJS := $(patsubst $(ROOT)/%.c,$(PT_B)/%.o,$(wildcard $(ROOT)/qemu-plugins/trace*.c \
	$(ROOT)/qemu-plugins/common/*.c) $(ROOT)/tests/plugins/fake_qemu.c)
UNIT_TESTS += $(PT_TESTS:%=$(O)/tests/%)

$(PT_B)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(PT_CFLAGS) -c -o $@ $<
$(PT_B)/qemu-plugins/common/calls.o: $(PLUGIN_B)/call_table.h

# posix_fallocate is wrapped so that a test can have the disk full.
$(PT_TESTS:%=$(O)/tests/%): $(O)/tests/%: $(PT_B)/tests/plugins/%.o $(PT_OBJS)
	@mkdir -p $(@D)
	$(CC) $(PT_CFLAGS) -Wl,--wrap=posix_fallocate -o $@ $^ \
	$(shell pkg-config --libs glib-2.0) -lcmocka

-include $(shell find $(PT_B) -name '*.d' 2>/dev/null)
