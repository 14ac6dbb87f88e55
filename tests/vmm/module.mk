# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of the VMM's parts that need no KVM: each vmm_*.c here is a cmocka
# program; fuzzers tests/fuzz/vmm_options.c and vmm_gdb.c. Those of vmm/virtio are in tests/virtio.
VMT_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
VMT_CFLAGS = $(CWARN) -g -O1 -I$(ROOT) $(shell pkg-config --cflags glib-2.0 libseccomp) -MMD -MP
VMT_LIBS = $(shell pkg-config --libs glib-2.0 libseccomp) -lfdt -lcmocka
VMT_BUILD := $(O)/build/tests-vmm
VMT_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/vmm/vmm_*.c)))
VMT_SRCS := $(addprefix vmm/,boot.c bus.c control.c control_client.c error.c fdt.c file.c gdb_protocol.c guest_walk.c janitor.c layout.c \
	loader.c log.c memlock.c memory.c options.c output.c pvpanic.c sandbox.c serial.c watchdog.c) \
	tests/vmm/fake_irq.c tests/vmm/support.c
VMT_OBJS := $(VMT_SRCS:%.c=$(VMT_BUILD)/%.o)

UNIT_TESTS += $(addprefix $(O)/tests/,$(VMT_TESTS))
FUZZERS += $(O)/fuzz/vmm_options $(O)/fuzz/vmm_gdb

$(VMT_BUILD)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(VMT_CFLAGS) $(VMT_SAN) -c $< -o $@

$(addprefix $(O)/tests/,$(VMT_TESTS)): $(O)/tests/%: $(VMT_BUILD)/tests/vmm/%.o $(VMT_OBJS)
	@mkdir -p $(@D)
	$(CC) $(VMT_SAN) $^ $(VMT_LIBS) -o $@

$(O)/fuzz/vmm_options: $(addprefix $(ROOT)/,tests/fuzz/vmm_options.c vmm/options.c vmm/file.c vmm/log.c vmm/options.h)
	@mkdir -p $(@D)
	$(CLANG) -g -O1 -std=gnu11 -I$(ROOT) $(shell pkg-config --cflags glib-2.0) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(filter %.c,$^) -lglib-2.0 -o $@

$(O)/fuzz/vmm_gdb: $(addprefix $(ROOT)/,tests/fuzz/vmm_gdb.c $(addprefix vmm/,gdb_protocol.c guest_walk.c gdb_protocol.h guest_walk.h))
	@mkdir -p $(@D)
	$(CLANG) -g -O1 -std=gnu11 -I$(ROOT) $(shell pkg-config --cflags glib-2.0) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(filter %.c,$^) -lglib-2.0 -o $@

-include $(shell find $(VMT_BUILD) -name '*.d' 2>/dev/null)
