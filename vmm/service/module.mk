# SPDX-License-Identifier: GPL-2.0-or-later
# virtualizationservice, and what it shares with clients and guests: libipc.a (README.md here).
SVC := vmm/service
SVC_INTERFACES := virtualization_service virtual_machine_service
GENERATED := $(O)/build/generated
IPC_SRCS := $(addprefix $(SVC)/,ipc_error.c limited_stream.c stream_bus.c vm_config.c vm_config_read.c vm_config_write.c)
IPC_GENERATED := $(SVC_INTERFACES:%=$(GENERATED)/ipc/%.c)
IPC_PKG := gio-2.0 gio-unix-2.0

# For host and guest: IPC_LIB to link, IPC_CFLAGS and IPC_LIBS to use it, IPC_HEADERS to be there first.
IPC_HEADERS := $(IPC_GENERATED:.c=.h)
IPC_LIB := $(O)/build/arm64/libipc.a
IPC_CFLAGS = -I$(ROOT) -I$(GENERATED) $(shell $(VMM_PKG) --cflags $(IPC_PKG))
IPC_LIBS = $(IPC_LIB) $(shell $(VMM_PKG) --libs $(IPC_PKG))
IPC_OBJS := $(IPC_SRCS:%.c=$(O)/build/%.o) $(IPC_GENERATED:.c=.o)
ALL += $(IPC_LIB)

# gdbus-codegen's two C files of one interface; the header is made with the code.
$(GENERATED)/ipc/%.c: $(SVC)/%.xml $(O)/.system
	@mkdir -p $(@D)
	gdbus-codegen --interface-prefix org.terrarium.avf. --c-namespace Ipc --pragma-once \
		--generate-c-code $(@:.c=) $<
$(IPC_HEADERS): %.h: %.c ;

$(IPC_LIB): $(IPC_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && $(CROSS)ar rcs $@ $^

$(IPC_SRCS:%.c=$(O)/build/%.o): $(O)/build/%.o: %.c | $(SDK)/.ready $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(VMM_CC) $(CWARN) -O2 -g -fstack-protector-strong -MMD -MP $(IPC_CFLAGS) -fPIC -c -o $@ $<

# Not ours to warn about.
$(IPC_GENERATED:.c=.o): %.o: %.c | $(SDK)/.ready
	$(VMM_CC) -O2 -g $(IPC_CFLAGS) -fPIC -c -o $@ $<

-include $(IPC_SRCS:%.c=$(O)/build/%.d)
