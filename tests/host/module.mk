# SPDX-License-Identifier: GPL-2.0-or-later
# Native test of platform/host/lib; the tools themselves are tested by test_*.py here.
UNIT_TESTS += $(O)/tests/host_info

$(O)/tests/host_info: tests/host/host_info.c platform/host/lib/info.c platform/host/lib/info.h
	@mkdir -p $(@D)
	$(CC) $(CWARN) -D_GNU_SOURCE -g -O1 -I$(ROOT) -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(filter %.c,$^) -lcmocka -o $@
