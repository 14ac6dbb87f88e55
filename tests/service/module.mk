# SPDX-License-Identifier: GPL-2.0-or-later
# Native tests of vmm/service: each svc_*.c here is a cmocka program. No VM: fake_vmm.c.
ST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
ST_BUILD := $(O)/build/tests-service
ST_FAKES := $(O)/tests-service/fake_vmm $(O)/tests-service/fake_daemon
ST_CFLAGS = $(CWARN) -g -O1 -I$(ROOT) -I$(GENERATED) $(shell pkg-config --cflags $(IPC_PKG)) -MMD -MP \
	-DFAKE_VMM='"$(O)/tests-service/fake_vmm"' -DFAKE_DAEMON='"$(O)/tests-service/fake_daemon"' -DAPK_PACKAGE='"$(APK_T)/rsa.apk"'
ST_LIBS = $(shell pkg-config --libs $(IPC_PKG))
ST_TESTS := $(basename $(notdir $(wildcard $(ROOT)/tests/service/svc_*.c)))
ST_LIB_SRCS := $(IPC_SRCS) $(IPC_CLIENT_SRCS) $(filter-out %/verify.c,$(APK_SRCS)) \
	$(filter-out %/main.c %/capabilities.c,$(SVC_SRCS)) tests/service/fake_transport.c
ST_OBJS := $(ST_LIB_SRCS:%.c=$(ST_BUILD)/%.o) $(SVC_INTERFACES:%=$(ST_BUILD)/ipc/%.o)
ST_FUZZERS := $(addprefix $(O)/fuzz/service_,config json messages methods)

UNIT_TESTS += $(addprefix $(O)/tests/,$(ST_TESTS))
FUZZERS += $(ST_FUZZERS)

$(ST_BUILD)/%.o: $(ROOT)/%.c | $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(ST_CFLAGS) $(ST_SAN) -c $< -o $@

$(ST_BUILD)/ipc/%.o: $(GENERATED)/ipc/%.c
	@mkdir -p $(@D)
	$(CC) -g -O1 -I$(GENERATED) $(shell pkg-config --cflags $(IPC_PKG)) -c $< -o $@

$(ST_FAKES): $(O)/tests-service/%: $(ST_BUILD)/tests/service/%.o $(ST_OBJS)
	@mkdir -p $(@D)
	$(CC) $(ST_SAN) $^ $(ST_LIBS) -o $@

$(addprefix $(O)/tests/,$(ST_TESTS)): $(O)/tests/%: $(ST_BUILD)/tests/service/%.o \
		$(ST_BUILD)/tests/service/support.o $(ST_OBJS) | $(ST_FAKES) $(APK_T)/rsa.apk
	@mkdir -p $(@D)
	$(CC) $(ST_SAN) $^ $(ST_LIBS) -lcmocka -o $@

$(ST_FUZZERS): $(O)/fuzz/%: tests/fuzz/%.c $(IPC_SRCS) vmm/service/death.c $(wildcard vmm/service/*.h) | $(IPC_HEADERS)
	@mkdir -p $(@D)
	$(CLANG) -g -O1 -std=gnu11 -I$(ROOT) -I$(GENERATED) $(shell pkg-config --cflags $(IPC_PKG)) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize=function -fno-sanitize-recover=all $(filter %.c,$^) $(ST_LIBS) -o $@
$(O)/fuzz/service_methods: $(ST_LIB_SRCS) $(IPC_GENERATED) # the whole service; gdbus-codegen's calls have not the handler's type: no "function"
-include $(shell find $(ST_BUILD) -name '*.d' 2>/dev/null)
