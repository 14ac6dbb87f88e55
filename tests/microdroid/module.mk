# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of guest/microdroid: its libraries without GLib, and the manager's pure parts.
MD_TEST_CC = $(CC) $(CWARN) -D_GNU_SOURCE -g -O1 -I$(ROOT) -fsanitize=address,undefined -fno-sanitize-recover=all
MD_TEST_CFLAGS = $(shell pkg-config --cflags gio-2.0 json-glib-1.0)
MD_TEST_LIBS = $(shell pkg-config --libs gio-2.0 json-glib-1.0)
MD_LIB_TESTS := $(addprefix $(O)/tests/microdroid_,verity text failure)
MD_MANAGER_TESTS := $(addprefix $(O)/tests/microdroid_,config instance)
UNIT_TESTS += $(MD_LIB_TESTS) $(MD_MANAGER_TESTS) $(O)/tests/microdroid_launcher \
	$(O)/tests/microdroid_tree $(O)/tests/microdroid_payload_log

$(O)/tests/microdroid_tree: $(addprefix tests/,microdroid/microdroid_tree.c apk/support.c) guest/microdroid/zipfuse/tree.c $(APK_SRCS)
	@mkdir -p $(@D)
	$(CC) $(APK_T_CFLAGS) $(APK_T_SAN) $^ $(APK_T_LIBS) -lcmocka -o $@

$(O)/tests/microdroid_payload_log: tests/microdroid/microdroid_payload_log.c guest/payload/lib/log.c
	@mkdir -p $(@D)
	$(MD_TEST_CC) $^ -lcmocka -o $@

$(MD_LIB_TESTS): $(O)/tests/microdroid_%: tests/microdroid/microdroid_%.c guest/microdroid/lib/%.c guest/microdroid/lib/%.h
	@mkdir -p $(@D)
	$(MD_TEST_CC) $(filter %.c,$^) -lcmocka -o $@

$(MD_MANAGER_TESTS): $(O)/tests/microdroid_%: tests/microdroid/microdroid_%.c guest/microdroid/manager/%.c guest/microdroid/manager/error.c \
	$(wildcard guest/microdroid/manager/*.h)
	@mkdir -p $(@D)
	$(MD_TEST_CC) $(MD_TEST_CFLAGS) $(filter %.c,$^) $(MD_TEST_LIBS) -lcmocka -o $@

$(O)/tests/microdroid_launcher: tests/microdroid/microdroid_launcher.c guest/microdroid/launcher_filter.c guest/microdroid/launcher.h
	@mkdir -p $(@D)
	$(MD_TEST_CC) $(filter %.c,$^) -lseccomp -lcmocka -o $@

MD_FUZZ_SRCS := tests/fuzz/microdroid_config.c $(addprefix guest/microdroid/,manager/config.c manager/error.c lib/verity.c)
FUZZERS += $(O)/fuzz/microdroid_config
$(O)/fuzz/microdroid_config: $(MD_FUZZ_SRCS) $(wildcard guest/microdroid/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(CWARN) -D_GNU_SOURCE -g -O1 -I$(ROOT) $(MD_TEST_CFLAGS) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all $(MD_FUZZ_SRCS) $(MD_TEST_LIBS) -o $@
