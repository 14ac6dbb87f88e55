# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of platform/host/lib, host_NAME.c of lib/NAME.c; the tools themselves are tested
# by test_*.py here.
HOST_TESTS := $(addprefix $(O)/tests/,$(basename $(notdir $(wildcard tests/host/host_*.c))))
UNIT_TESTS += $(HOST_TESTS)

$(HOST_TESTS): $(O)/tests/host_%: tests/host/host_%.c platform/host/lib/%.c platform/host/lib/%.h
	@mkdir -p $(@D)
	$(CC) $(CWARN) -D_GNU_SOURCE -g -O1 -I$(ROOT) -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(filter %.c,$^) -lcmocka -o $@
