# SPDX-License-Identifier: GPL-2.0-or-later
# virtualizationservice for the host (arm64). README.md here.
SVC := vmm/service
include vmm/service/ipc.mk
SVC_SRCS := $(addprefix $(SVC)/,main.c app_vm.c capabilities.c cid.c client.c gpt.c guest_service.c \
	guest_transport.c host_network.c log.c partition.c service.c virtual_machine.c vmm_command.c vmm_control.c vmm_process.c) vmm/loopback.c
SVC_OBJS := $(SVC_SRCS:%.c=$(O)/build/%.o)
ALL += $(O)/host/bin/virtualizationservice

$(O)/host/bin/virtualizationservice: $(SVC_OBJS) $(IPC_LIB) $(APK_LIB)
	@mkdir -p $(@D)
	$(VMM_CC) -pie -Wl,-z,relro,-z,now -s -o $@ $(SVC_OBJS) $(IPC_LIBS) $(APK_LIBS)

$(filter-out $(VMM_OBJS),$(SVC_OBJS)) $(IPC_OBJS): $(O)/build/%.o: %.c | $(SDK)/.ready $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(VMM_CC) $(CWARN) -O2 -g -fstack-protector-strong -MMD -MP $(IPC_CFLAGS) -fPIC -c -o $@ $<

-include $(IPC_OBJS:.o=.d) $(SVC_OBJS:.o=.d)
