# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of vmm/apk, on packages that apksigner signed here, and on some that sign.c signs as apksigner never would.
APK_T := $(O)/tests-apk
APK_T_KINDS := rsa ec verity rsa4096
APK_T_PACKAGES := $(APK_T_KINDS:%=$(APK_T)/%.apk)
APK_T_CFLAGS = $(CWARN) -D_GNU_SOURCE -g -O1 -I$(ROOT) $(shell pkg-config --cflags glib-2.0) \
	-DAPK_PACKAGES='"$(APK_T)"'
APK_T_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
APK_T_LIBS = $(shell pkg-config --libs glib-2.0) -lz -lcrypto
APK_TESTS := $(addprefix $(O)/tests/,$(basename $(notdir $(wildcard $(ROOT)/tests/apk/apk_*.c))))
UNIT_TESTS += $(APK_TESTS)
FUZZERS += $(O)/fuzz/apk

$(APK_T)/rsa.pk8 $(APK_T)/rsa4096.pk8: $(APK_T)/%.pk8: $(PAYLOAD)/apk.mk $(O)/.system
	$(call apk_key,$(if $(filter rsa,$*),rsa:2048,rsa:4096))
$(APK_T)/ec.pk8: $(PAYLOAD)/apk.mk $(O)/.system
	$(call apk_key,ec -pkeyopt ec_paramgen_curve:prime256v1)
$(APK_T)/library.so: $(lastword $(MAKEFILE_LIST))
	@mkdir -p $(@D)
	@head -c 9000 /dev/zero | tr '\0' 'L' > $@

$(APK_T_PACKAGES): $(APK_T)/%.apk: $(APK_T)/rsa.pk8 $(APK_T)/ec.pk8 $(APK_T)/rsa4096.pk8 $(APK_T)/library.so $(MKAPK)
	@$(PYTHON) $(PAYLOAD)/mkapk.py --key $(APK_T)/$(or $(filter-out verity,$*),rsa).pk8 \
		--certificate $(APK_T)/$(or $(filter-out verity,$*),rsa).pem $(if $(filter verity,$*),--verity) --output $@ \
		lib/arm64-v8a/library.so=$(APK_T)/library.so assets/text=$(ROOT)/LICENSE

$(APK_TESTS): $(O)/tests/%: tests/apk/%.c tests/apk/support.c $(APK_SRCS) $(wildcard vmm/apk/*.h tests/apk/*.h) | $(APK_T_PACKAGES)
	@mkdir -p $(@D)
	$(CC) $(APK_T_CFLAGS) $(APK_T_SAN) $(filter %.c,$^) $(APK_T_LIBS) -lcmocka -o $@

$(O)/fuzz/apk: tests/fuzz/apk.c $(APK_SRCS) $(wildcard vmm/apk/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(APK_T_CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(filter %.c,$^) \
		$(APK_T_LIBS) -o $@
