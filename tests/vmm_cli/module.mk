# SPDX-License-Identifier: GPL-2.0-or-later
# vm, natively, against the service with a fake vmm (tests/service).
CT_VM := $(O)/tests-service/vm
CT_TEST := $(O)/tests/cli_vm
UNIT_TESTS += $(CT_TEST)

$(CT_VM): $(CLI_SRCS:%.c=$(ST_BUILD)/%.o) $(ST_OBJS)
	@mkdir -p $(@D)
	$(CC) $(ST_SAN) $^ $(ST_LIBS) -o $@

$(ST_BUILD)/tests/vmm_cli/cli_vm.o: ST_CFLAGS += -DVM_PROGRAM='"$(CT_VM)"'

$(CT_TEST): $(ST_BUILD)/tests/vmm_cli/cli_vm.o $(ST_BUILD)/tests/service/support.o $(ST_OBJS) | $(ST_FAKES) $(CT_VM) $(APK_T)/rsa.apk
	@mkdir -p $(@D)
	$(CC) $(ST_SAN) $^ $(ST_LIBS) -lcmocka -o $@
