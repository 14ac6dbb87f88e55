# SPDX-License-Identifier: GPL-2.0-or-later
# From a payload's C file to its package.

# NAME.pk8 and its certificate, NAME.pem: $(call apk_key,HOW openssl req -newkey MAKES IT)
define apk_key
	@mkdir -p $(@D)
	@openssl req -x509 -newkey $(1) -nodes -days 10950 -subj /CN=Terrarium -keyout $(@:.pk8=.key) -out $(@:.pk8=.pem) 2>$@.log \
		|| { cat $@.log >&2; exit 1; }
	@openssl pkcs8 -topk8 -nocrypt -in $(@:.pk8=.key) -outform DER -out $@
	@rm -f $(@:.pk8=.key) $@.log
endef

$(PAYLOAD_KEY): $(PAYLOAD)/apk.mk $(O)/.system
	$(call apk_key,rsa:2048)

# out/guest/payload/NAME.apk: $(eval $(call payload,NAME,C FILE,MORE OBJECTS,LIBRARIES OF pkg-config,MORE FILES OF THE PACKAGE))
define payload
ALL += $(PAYLOAD_OUT)/$(1).apk
$(PAYLOAD_B)/$(1).so: $(2) $(3) $(VM_PAYLOAD_LIB) | $(SDK)/.ready $(PAYLOAD_HEADERS)
	@$$(PAYLOAD_CC) -I$(PAYLOAD)/include -I$(ROOT) -I$(GENERATED) $$(if $(4),$$(shell $$(VMM_PKG) --cflags $(4))) -shared \
		-Wl,--build-id=none,--as-needed,-z,max-page-size=4096 -s -o $$@ $(2) $(3) $(VM_PAYLOAD_LIB) $$(if $(4),$$(shell $$(VMM_PKG) --libs $(4)))
$(PAYLOAD_OUT)/$(1).apk: $(PAYLOAD_B)/$(1).so $(PAYLOAD_KEY) $(MKAPK) $(foreach file,$(5),$(lastword $(subst =, ,$(file))))
	@$$(PYTHON) $(PAYLOAD)/mkapk.py --key $(PAYLOAD_KEY) --certificate $(PAYLOAD_KEY:.pk8=.pem) --output $$@ \
		lib/arm64-v8a/$(1).so=$(PAYLOAD_B)/$(1).so $(5)
-include $(PAYLOAD_B)/$(1).d
endef

$(foreach name,hello crash exit_7 never_ready no_entry,$(eval $(call payload,$(name),$(PAYLOAD)/$(name).c)))
$(eval $(call payload,echo_reverse,$(PAYLOAD)/echo_reverse.c,$(PAYLOAD_B)/lib/lines.o))
$(eval $(call payload,test_service,$(PAYLOAD)/test_service.c,$(PAYLOAD_B)/lib/lines.o $(PAYLOAD_B)/generated/test_service.o,gio-2.0,\
	$(foreach f,assets/text bin/text,$(f)=$(PAYLOAD)/assets/text)))
$(eval $(call payload,private_link,$(PAYLOAD)/private_link.c,,libcrypto))
# What vm run-microdroid runs.
$(eval $(call payload,empty,$(PAYLOAD)/never_ready.c))
$(eval $(call payload,text_service,$(PAYLOAD)/text_service.c,$(PAYLOAD_B)/generated/text_service.o,gio-2.0,\
	assets/text=$(PAYLOAD)/assets/text $(foreach f,vm_config vm_config_extra,assets/$(f).json=$(PAYLOAD)/assets/$(f).json)))
$(eval $(call payload,benchmark,$(PAYLOAD)/benchmark.c,$(PAYLOAD_B)/generated/benchmark_service.o,gio-2.0))

# The host's end of text_service.
ALL += $(O)/host/bin/payload-client
$(O)/host/bin/payload-client: $(PAYLOAD)/tools/payload_client.c $(PAYLOAD_B)/generated/text_service.o $(IPC_LIB) | $(PAYLOAD_HEADERS)
	@mkdir -p $(@D)
	@$(PAYLOAD_CC) $(IPC_CFLAGS) -pie -Wl,-z,relro,-z,now -s -o $@ $(filter %.c %.o,$^) $(IPC_LIBS) -MF $(PAYLOAD_B)/payload-client.d
