# SPDX-License-Identifier: GPL-2.0-or-later
# vm, for the host (arm64). README.md here.
CLI_SRCS := $(wildcard vmm/cli/*.c)
CLI_OBJS := $(CLI_SRCS:%.c=$(O)/build/%.o)
ALL += $(O)/host/bin/vm

$(O)/host/bin/vm: $(CLI_OBJS) $(IPC_LIB)
	@mkdir -p $(@D)
	$(VMM_CC) -pie -Wl,-z,relro,-z,now -s -o $@ $(CLI_OBJS) $(IPC_LIBS)

$(CLI_OBJS): $(O)/build/%.o: %.c | $(SDK)/.ready $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(VMM_CC) $(CWARN) -O2 -g -fstack-protector-strong -MMD -MP $(IPC_CFLAGS) -fPIE -c -o $@ $<

-include $(CLI_OBJS:.o=.d)
