# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of guest/microdroid: its libraries without GLib, and the manager's pure parts.
MD_TEST_CC = $(CC) $(CWARN) -D_GNU_SOURCE -g -O1 -I$(ROOT) -fsanitize=address,undefined -fno-sanitize-recover=all
MD_TEST_PKG := gio-2.0 json-glib-1.0
MD_LIB_TESTS := $(addprefix $(O)/tests/microdroid_,verity text failure)
MD_MANAGER_TESTS := $(O)/tests/microdroid_config
UNIT_TESTS += $(MD_LIB_TESTS) $(MD_MANAGER_TESTS) $(O)/tests/microdroid_launcher

$(MD_LIB_TESTS): $(O)/tests/microdroid_%: tests/microdroid/microdroid_%.c guest/microdroid/lib/%.c guest/microdroid/lib/%.h
	@mkdir -p $(@D)
	$(MD_TEST_CC) $(filter %.c,$^) -lcmocka -o $@

$(O)/tests/microdroid_config: tests/microdroid/microdroid_config.c guest/microdroid/manager/config.c guest/microdroid/manager/error.c \
	$(wildcard guest/microdroid/manager/*.h)
	@mkdir -p $(@D)
	$(MD_TEST_CC) $$(pkg-config --cflags $(MD_TEST_PKG)) $(filter %.c,$^) $$(pkg-config --libs $(MD_TEST_PKG)) -lcmocka -o $@

$(O)/tests/microdroid_launcher: tests/microdroid/microdroid_launcher.c guest/microdroid/launcher_filter.c guest/microdroid/launcher.h
	@mkdir -p $(@D)
	$(MD_TEST_CC) $(filter %.c,$^) -lseccomp -lcmocka -o $@
