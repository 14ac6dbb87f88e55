# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU plugins (native shared objects) and the unit tests of their pure parts.

PLUGIN_B := $(O)/build/qemu-plugins
PLUGIN_CFLAGS = $(CWARN) -O2 -g -fPIC -fvisibility=hidden -I$(ROOT) -I$(PLUGIN_B) -MMD -MP \
	$(shell pkg-config --cflags glib-2.0)
PLUGIN_KHEADERS := $(SDK)/kernel/headers-common/arch/arm64/include
PLUGIN_COMMON := options arm world regs calls
PLUGIN_ABI := $(wildcard $(addprefix $(ROOT)/platform/abi/,smccc.h rsi.h hyp_hypercalls.h))
TRACE_OBJS := $(PLUGIN_COMMON:%=$(PLUGIN_B)/common/%.o) \
	$(patsubst $(ROOT)/qemu-plugins/%.c,$(PLUGIN_B)/%.o,$(wildcard $(ROOT)/qemu-plugins/trace*.c))

ALL += $(O)/plugins/trace.so

$(O)/plugins/trace.so: $(TRACE_OBJS)
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $^ $(shell pkg-config --libs glib-2.0)

$(PLUGIN_B)/%.o: $(ROOT)/qemu-plugins/%.c
	@mkdir -p $(@D)
	$(CC) $(PLUGIN_CFLAGS) -c -o $@ $<

# Numbers of the host's calls come from the kernel that the machine runs.
$(PLUGIN_B)/call_table.h: $(ROOT)/qemu-plugins/common/gen_calls.py \
		$(PLUGIN_ABI) | $(SDK)/.ready
	@mkdir -p $(@D)
	$(PYTHON) $< $(PLUGIN_ABI) $(PLUGIN_KHEADERS) > $@
$(PLUGIN_B)/common/calls.o: $(PLUGIN_B)/call_table.h

-include $(TRACE_OBJS:.o=.d)
