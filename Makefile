# SPDX-License-Identifier: GPL-2.0-or-later
# One screen: names, where things go, and the parts. Rules live in */module.mk.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SHELLFLAGS := -eu -o pipefail -c
# One line for each file that is built; V=1 shows the commands instead.
SHELL = $(if $(filter $(O)/%,$@),$(if $(filter $(SAID),$@),,$(info build: $(@:$(ROOT)/%=%))$(eval SAID += $@)))/bin/bash
ifneq ($(V),1)
MAKEFLAGS += --silent
else
SHELL := /bin/bash
endif

export ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
export O ?= $(ROOT)/out
export SDK := $(O)/sdk
export PYTHON := /usr/bin/python3
export PYTHONDONTWRITEBYTECODE := 1
export PYTHONPATH := $(ROOT)
CC := gcc
CLANG := clang
CROSS := $(SDK)/bin/aarch64-linux-gnu-
CWARN := -std=gnu11 -Wall -Wextra -Wshadow -Wvla -Wswitch-enum -Wmissing-prototypes -Werror

# Filled by the parts: what `make` builds, the native test programs and fuzzers.
ALL :=
UNIT_TESTS :=
FUZZERS :=

include platform/sdk/module.mk
include platform/machine/module.mk
include platform/hypervisor/module.mk
include platform/host/module.mk
include platform/kvm/module.mk
include vmm/module.mk
include vmm/service/module.mk
include vmm/cli/module.mk
include vmm/libavf/module.mk
include guest/module.mk
include qemu-plugins/module.mk
include scenarios/module.mk
include tests/module.mk
include ci/module.mk

.PHONY: all clean help
all: $(ALL) ## set up what is missing and build everything

clean: ## remove all that was built (the download cache stays)
	rm -rf -- "$(O)"

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | \
	sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26
	@echo
	@echo '  Variables: HYP SMP MEM CPU ICOUNT KERNEL LIMIT COLD SCENARIO BASE DEBIAN_MIRROR TERRARIUM_CACHE (README.md)'
