# SPDX-License-Identifier: GPL-2.0-or-later
# libavf.so for programs on the host (arm64): out/avf is what a user builds with; the host's image gets the library.
AVF := vmm/libavf
AVF_SRCS := $(wildcard $(AVF)/*.c)
AVF_OBJS := $(AVF_SRCS:%.c=$(O)/build/%.o)
AVF_HEADERS := $(patsubst $(AVF)/include/%,$(O)/avf/include/%,$(wildcard $(AVF)/include/*/*.h))
AVF_LIB := $(O)/avf/lib/libavf.so.1
AVF_PC := $(O)/avf/lib/pkgconfig/avf.pc
AVF_PKG = PKG_CONFIG_PATH=$(shell realpath -m --relative-to=. $(dir $(AVF_PC))) $(VMM_PKG)
AVF_CFLAGS = -I$(ROOT)/$(AVF)/include $(IPC_CFLAGS)
AVF_BINS := $(addprefix $(O)/host/bin/,avf-test $(basename $(notdir $(wildcard $(AVF)/examples/*.c))))
ALL += $(AVF_LIB) $(AVF_LIB:.1=) $(AVF_HEADERS) $(AVF_PC) $(AVF_BINS)

$(AVF_LIB): $(AVF_OBJS) $(IPC_LIB) $(AVF)/libavf.map
	@mkdir -p $(@D)
	$(VMM_CC) -shared -Wl,-soname,libavf.so.1,-z,relro,-z,now,-z,defs,--version-script=$(AVF)/libavf.map -s \
		-o $@ $(AVF_OBJS) $(IPC_LIBS)

$(AVF_LIB:.1=): $(AVF_LIB)
	ln -sf $(<F) $@

$(O)/avf/%: $(AVF)/%
	@mkdir -p $(@D)
	cp $< $@

# As a user does it: with what is in out/avf alone, by pkg-config.
$(AVF_BINS): $(AVF_LIB:.1=) $(AVF_PC) $(AVF_HEADERS)
	@mkdir -p $(@D)
	$(VMM_CC) $(CWARN) -O2 $(AVF_TEST_FLAGS) -pie -fPIE -s -o $@ $(filter %.c,$^) $(shell $(AVF_PKG) --cflags --libs avf)
$(O)/host/bin/avf-test: AVF_TEST_FLAGS := -I$(ROOT)
$(O)/host/bin/avf-test: $(wildcard $(AVF)/tools/*)
$(foreach c,$(wildcard $(AVF)/examples/*.c),$(eval $(O)/host/bin/$(basename $(notdir $c)): $c))

$(AVF_OBJS): $(O)/build/%.o: %.c | $(SDK)/.ready $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(VMM_CC) $(CWARN) -O2 -g -fstack-protector-strong -MMD -MP $(AVF_CFLAGS) -fPIC -c -o $@ $<

-include $(AVF_OBJS:.o=.d)
