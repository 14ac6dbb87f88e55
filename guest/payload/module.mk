# SPDX-License-Identifier: GPL-2.0-or-later
# libvm_payload.so, the packages of the examples here, each of one C file, and how any package is made: a key of this checkout's own, mkapk.py.

PAYLOAD := guest/payload
PAYLOAD_B := $(O)/build/payload
PAYLOAD_OUT := $(O)/guest/payload
PAYLOAD_INTERFACES := vm_payload_service text_service benchmark_service test_service
PAYLOAD_HEADERS := $(PAYLOAD_INTERFACES:%=$(GENERATED)/payload/%.h)
PAYLOAD_SERVICE_OBJ := $(PAYLOAD_B)/generated/vm_payload_service.o
VM_PAYLOAD_LIB := $(PAYLOAD_B)/libvm_payload.so
PAYLOAD_CC = $(VMM_CC) $(CWARN) -D_GNU_SOURCE -O2 -g -fstack-protector-strong -MMD -MP -ffile-prefix-map=$(ROOT)/= -fPIC
MKAPK := $(PAYLOAD)/mkapk.py $(PAYLOAD)/axml.py
PAYLOAD_KEY := $(PAYLOAD_OUT)/key.pk8

$(GENERATED)/payload/%.c: $(PAYLOAD)/interfaces/%.xml $(O)/.system
	@mkdir -p $(@D)
	@gdbus-codegen --c-namespace Payload --interface-prefix org.terrarium.avf.I --interface-prefix org.terrarium.payload.I \
		--pragma-once --generate-c-code $(@:.c=) $<
$(PAYLOAD_HEADERS): %.h: %.c ;

$(PAYLOAD_B)/generated/%.o: $(GENERATED)/payload/%.c | $(SDK)/.ready
	@mkdir -p $(@D)
	@$(VMM_CC) -O2 -g $(IPC_CFLAGS) -fPIC -c -o $@ $<

$(PAYLOAD_B)/lib/%.o: $(PAYLOAD)/lib/%.c | $(SDK)/.ready $(PAYLOAD_HEADERS)
	@mkdir -p $(@D)
	@$(PAYLOAD_CC) $(IPC_CFLAGS) -c -o $@ $<

$(VM_PAYLOAD_LIB): $(PAYLOAD_B)/lib/vm_payload.o $(PAYLOAD_B)/lib/log.o $(PAYLOAD_SERVICE_OBJ) $(IPC_LIB) $(PAYLOAD)/lib/vm_payload.map
	@$(VMM_CC) -shared -Wl,--build-id=none,-z,relro,-z,now,-soname,$(@F),--version-script,$(PAYLOAD)/lib/vm_payload.map \
		-s -o $@ $(filter %.o,$^) $(IPC_LIB) $(shell $(VMM_PKG) --libs gio-2.0)

include guest/payload/apk.mk
