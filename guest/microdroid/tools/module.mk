# SPDX-License-Identifier: GPL-2.0-or-later
# The host's end of a Microdroid without the service, for tests of the guest.

ALL += $(O)/host/bin/machine-service

$(MD_B)/guest/microdroid/tools/%.o: MD_CFLAGS += $(IPC_CFLAGS)
$(MD_B)/guest/microdroid/tools/machine_service.o: | $(IPC_HEADERS)
$(O)/host/bin/machine-service: $(MD_B)/guest/microdroid/tools/machine_service.o $(IPC_LIB)
	@mkdir -p $(@D)
	@$(MD_LINK) $(IPC_LIBS)
