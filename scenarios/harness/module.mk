# SPDX-License-Identifier: GPL-2.0-or-later
# Machines for people.

export APK PAYLOAD_BINARY_NAME CONFIG_PATH IDSIG EXTRA_APK PROTECTED DEBUG VM_FLAGS

.PHONY: xen run-app shell gdb

xen: all ## boot Debian's Xen with the stock kernel as dom0 under the trace, and print what it did
	@$(PYTHON) -m scenarios.harness.xen

run-app: all ## the payload of APK=hello.apk in an app VM, PROTECTED=1: its console and what the service tells
	@$(HARNESS) app

shell: all ## boot the machine and give its console; it runs until you leave
	@$(HARNESS) shell

# Only this target needs a debugger, so it is installed when it is first asked for.
$(O)/.debugger: | $(O)/.system
	@command -v gdb-multiarch aarch64-linux-gnu-gdb >/dev/null || platform/sdk/system.sh gdb-multiarch
	@touch $@

gdb: all $(O)/.debugger ## boot the machine, stopped at EL2's entry, with its symbols
	@$(HARNESS) gdb
