# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of vmm/libavf: each avf_*.c here is a cmocka program; the service and its fake vmm are tests/service's.
AT_BUILD := $(O)/build/tests-libavf
AT_CFLAGS = -I$(ROOT)/$(AVF)/include $(ST_CFLAGS)
AT_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/libavf/avf_*.c)))
AT_OBJS := $(AVF_SRCS:%.c=$(AT_BUILD)/%.o)

UNIT_TESTS += $(addprefix $(O)/tests/,$(AT_TESTS))

$(AT_BUILD)/%.o: $(ROOT)/%.c | $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(AT_CFLAGS) $(ST_SAN) -c $< -o $@

# ST_…: defined by a file that is read later.
$(addprefix $(O)/tests/,$(AT_TESTS)): $(O)/tests/%: $(AT_BUILD)/tests/libavf/%.o $(AT_BUILD)/tests/libavf/support.o \
		$(AT_OBJS) $$(ST_BUILD)/tests/service/support.o $$(ST_OBJS) | $$(ST_FAKES)
	@mkdir -p $(@D)
	$(CC) $(ST_SAN) $^ $(ST_LIBS) -lcmocka -o $@

-include $(shell find $(AT_BUILD) -name '*.d' 2>/dev/null)
