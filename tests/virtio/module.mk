# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of vmm/virtio: each virtio_*.c here is a cmocka program.
VT_CFLAGS = $(CWARN) -g -O1 -I$(ROOT) $(shell pkg-config --cflags glib-2.0) -MMD -MP \
	-fsanitize=address,undefined -fno-sanitize-recover=all
VT_LIBS = $(shell pkg-config --libs glib-2.0) -lcmocka
VT_BUILD := $(O)/build/tests-virtio
VT_SRCS := $(wildcard vmm/virtio/*.c) vmm/bus.c vmm/memory.c vmm/log.c vmm/error.c vmm/file.c \
	tests/virtio/driver.c tests/virtio/fake_irq.c tests/virtio/fake_vhost.c
VT_OBJS := $(patsubst %.c,$(VT_BUILD)/%.o,$(filter-out vmm/virtio/vhost.c,$(VT_SRCS)))
VT_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/virtio/virtio_*.c)))
UNIT_TESTS += $(addprefix $(O)/tests/,$(VT_TESTS))

$(VT_BUILD)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(VT_CFLAGS) -c $< -o $@

$(addprefix $(O)/tests/,$(VT_TESTS)): $(O)/tests/%: $(VT_BUILD)/tests/virtio/%.o $(VT_OBJS)
	@mkdir -p $(@D)
	$(CC) $(VT_CFLAGS) $^ $(VT_LIBS) -o $@

-include $(shell find $(VT_BUILD) -name '*.d' 2>/dev/null)

# The same devices under a hostile guest; the fuzzer brings its own guest_copy().
FUZZERS += $(O)/fuzz/virtio
VT_FUZZ_SRCS := $(filter-out vmm/virtio/vhost.c vmm/virtio/guest_copy.c,$(VT_SRCS))

$(O)/fuzz/virtio: tests/fuzz/virtio.c $(VT_FUZZ_SRCS) $(wildcard vmm/*.h vmm/virtio/*.h tests/virtio/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(CWARN) -g -O1 -I$(ROOT) $(shell pkg-config --cflags glib-2.0) \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	$(filter %.c,$^) $(shell pkg-config --libs glib-2.0) -o $@
