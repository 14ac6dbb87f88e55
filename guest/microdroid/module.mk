# SPDX-License-Identifier: GPL-2.0-or-later
# Microdroid's programs; the images with them: image/module.mk.

MD := guest/microdroid
MD_B := $(O)/build/microdroid
MD_CC := $(CROSS)gcc --sysroot=$(SDK)/sysroot
MD_PKG := $(SDK)/bin/aarch64-linux-gnu-pkg-config
MD_CFLAGS := -I$(ROOT) $(CWARN) -D_GNU_SOURCE -O2 -g -fstack-protector-strong -MMD -MP -ffile-prefix-map=$(ROOT)/=
MD_LIB_OBJS := $(patsubst %.c,$(MD_B)/%.o,$(wildcard $(MD)/lib/*.c))
MD_MANAGER_OBJS := $(patsubst %.c,$(MD_B)/%.o,$(wildcard $(MD)/manager/*.c))
MD_PROGRAMS := microdroid_init microdroid_manager microdroid_launcher zipfuse
MD_ZIPFUSE_OBJS := $(patsubst %.c,$(MD_B)/%.o,$(wildcard $(MD)/zipfuse/*.c))

$(MD_B)/%.o: %.c $(MD)/module.mk | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(MD_CC) $(MD_CFLAGS) -fPIE -c -o $@ $<

# Programs of the image keep to the usual protections; the first stage is alone and static.
MD_LINK = $(MD_CC) -pie -Wl,-z,relro,-z,now,--build-id=none -s -o $@ $(filter %.o,$^)

$(MD_B)/first_stage: $(MD_B)/$(MD)/first_stage.o $(MD_LIB_OBJS)
	@$(MD_CC) -static -Wl,--build-id=none -s -o $@ $^

$(MD_B)/microdroid_init: $(MD_B)/$(MD)/init.o $(MD_LIB_OBJS)
	@$(MD_LINK)

$(MD_B)/microdroid_launcher: $(MD_B)/$(MD)/launcher.o $(MD_B)/$(MD)/launcher_filter.o $(MD_LIB_OBJS)
	@$(MD_LINK) -l:libseccomp.a

$(MD_MANAGER_OBJS): MD_CFLAGS += $(IPC_CFLAGS) $(shell $(MD_PKG) --cflags json-glib-1.0)
$(MD_MANAGER_OBJS): | $(IPC_HEADERS) $(PAYLOAD_HEADERS)
$(MD_B)/microdroid_manager: $(MD_MANAGER_OBJS) $(PAYLOAD_SERVICE_OBJ) $(MD_LIB_OBJS) $(IPC_LIB) $(APK_LIB)
	@$(MD_LINK) $(MD_PRIVATE) $(APK_LIB) $(IPC_LIBS) $(shell $(MD_PKG) --libs json-glib-1.0 libcrypto)

$(MD_ZIPFUSE_OBJS): MD_CFLAGS += $(shell $(MD_PKG) --cflags glib-2.0 fuse3)
$(MD_B)/zipfuse: $(MD_ZIPFUSE_OBJS) $(MD_LIB_OBJS) $(APK_LIB)
	@$(MD_LINK) $(MD_PRIVATE) $(APK_LIBS) $(shell $(MD_PKG) --libs fuse3)

include $(addprefix guest/microdroid/,image/module.mk probe/module.mk tools/module.mk)
-include $(MD_LIB_OBJS:.o=.d) $(wildcard $(MD_B)/$(MD)/*.d $(MD_B)/$(MD)/manager/*.d $(MD_B)/$(MD)/zipfuse/*.d)
