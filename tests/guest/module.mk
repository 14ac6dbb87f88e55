# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of the pure parts of guest/bare/lib: each guest_*.c here is a cmocka
# program; the fuzzer is tests/fuzz/guest_devtree.c.

GT_CFLAGS := $(CWARN) -g -O1 -I$(ROOT) -MMD -MP -fsanitize=address,undefined -fno-sanitize-recover=all
GT_BUILD := $(O)/build/tests-guest
GT_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/guest/guest_*.c)))
GT_PURE := format.c pattern.c devtree.c machine.c
GT_OBJS := $(patsubst %.c,$(GT_BUILD)/guest/bare/lib/%.o,$(GT_PURE)) $(GT_BUILD)/string.o
GT_RENAME := $(foreach f,memcpy memmove memset memcmp strlen strcmp,-D$(f)=guest_$(f))

UNIT_TESTS += $(addprefix $(O)/tests/,$(GT_TESTS))
FUZZERS += $(O)/fuzz/guest_devtree

$(GT_BUILD)/%.o: $(ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(GT_CFLAGS) -c $< -o $@

# Under other names, or the sanitizers would run our mem* functions as their own.
$(GT_BUILD)/string.o: $(ROOT)/guest/bare/lib/string.c
	@mkdir -p $(@D)
	$(CC) $(GT_CFLAGS) -fno-builtin $(GT_RENAME) -c $< -o $@

$(addprefix $(O)/tests/,$(GT_TESTS)): $(O)/tests/%: $(GT_BUILD)/tests/guest/%.o $(GT_OBJS)
	@mkdir -p $(@D)
	$(CC) $(GT_CFLAGS) $^ -lcmocka -lfdt -o $@

$(O)/fuzz/guest_devtree: $(addprefix $(ROOT)/,tests/fuzz/guest_devtree.c guest/bare/lib/devtree.c guest/bare/lib/machine.c)
	@mkdir -p $(@D)
	$(CLANG) -g -O1 -I$(ROOT) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $^ -o $@

-include $(shell find $(GT_BUILD) -name '*.d' 2>/dev/null)
