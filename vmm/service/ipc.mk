# SPDX-License-Identifier: GPL-2.0-or-later
# libipc.a: what the service shares with clients and guests, and the C that gdbus-codegen makes of the interfaces.
# For host and guest: IPC_LIB to link, IPC_CFLAGS and IPC_LIBS to use it, IPC_HEADERS to be there first.
SVC_INTERFACES := virtualization_service virtual_machine_service
GENERATED := $(O)/build/generated
IPC_SRCS := $(addprefix $(SVC)/,ipc_error.c limited_stream.c stream_bus.c vm_config.c vm_config_check.c \
	vm_config_read.c vm_config_write.c vm_json.c)
IPC_CLIENT_SRCS := $(addprefix $(SVC)/,death.c folder.c service_client.c state.c)
IPC_GENERATED := $(SVC_INTERFACES:%=$(GENERATED)/ipc/%.c)
IPC_PKG := gio-2.0 gio-unix-2.0 json-glib-1.0 zlib
IPC_HEADERS := $(IPC_GENERATED:.c=.h)
IPC_LIB := $(O)/build/arm64/libipc.a
IPC_CFLAGS = -I$(ROOT) -I$(GENERATED) $(shell $(VMM_PKG) --cflags $(IPC_PKG))
IPC_LIBS = $(IPC_LIB) $(shell $(VMM_PKG) --libs $(IPC_PKG))
IPC_OBJS := $(patsubst %.c,$(O)/build/%.o,$(IPC_SRCS) $(IPC_CLIENT_SRCS))
ALL += $(IPC_LIB)

# Two C files of one interface; the header is made with the code.
$(GENERATED)/ipc/%.c: $(SVC)/%.xml $(O)/.system
	@mkdir -p $(@D)
	gdbus-codegen --interface-prefix org.terrarium.avf. --c-namespace Ipc --pragma-once \
		--generate-c-code $(@:.c=) $<
$(IPC_HEADERS): %.h: %.c ;

# Not ours to warn about.
$(IPC_GENERATED:.c=.o): %.o: %.c | $(SDK)/.ready
	$(VMM_CC) -O2 -g $(IPC_CFLAGS) -fPIC -c -o $@ $<

$(IPC_LIB): $(IPC_OBJS) $(IPC_GENERATED:.c=.o)
	@mkdir -p $(@D)
	rm -f $@ && $(CROSS)ar rcs $@ $^
