# SPDX-License-Identifier: GPL-2.0-or-later
# The SDK: everything that comes from Debian packages (platform/sdk/README.md).

SDK_SOURCES := $(wildcard $(ROOT)/platform/sdk/*.py) $(ROOT)/platform/sdk/packages.toml

.PHONY: setup sdk-update
setup: $(SDK)/.ready ## install and unpack what is missing, nothing else

$(O)/.system: platform/sdk/system-packages.txt platform/sdk/system.sh
	@platform/sdk/system.sh
	@mkdir -p $(@D) && touch $@

$(SDK)/.ready: $(SDK_SOURCES) $(O)/.system
	@$(PYTHON) platform/sdk/sdk.py setup --out $(SDK)

sdk-update: $(O)/.system ## resolve the SDK's packages anew: newest versions of the named suites
	@$(PYTHON) platform/sdk/sdk.py setup --out $(SDK) --update
