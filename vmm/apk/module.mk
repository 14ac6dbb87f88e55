# SPDX-License-Identifier: GPL-2.0-or-later
# libapk.a (arm64): packages and their idsigs, for the service and for Microdroid. Who uses verify.h links libcrypto.
APK_SRCS := $(addprefix vmm/apk/,digest.c idsig.c merkle.c signing_block.c source.c verify.c zip.c)
APK_PKG := glib-2.0 zlib
APK_LIB := $(O)/build/arm64/libapk.a
APK_OBJS := $(APK_SRCS:%.c=$(O)/build/%.o)
APK_LIBS = $(APK_LIB) $(shell $(VMM_PKG) --libs $(APK_PKG))

$(APK_OBJS): $(O)/build/%.o: %.c | $(SDK)/.ready
	@mkdir -p $(@D)
	$(VMM_CC) $(CWARN) -O2 -g -fstack-protector-strong -MMD -MP -I$(ROOT) $(shell $(VMM_PKG) --cflags $(APK_PKG)) \
		-fPIC -c -o $@ $<

$(APK_LIB): $(APK_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && $(CROSS)ar rcs $@ $^

-include $(APK_OBJS:.o=.d)
