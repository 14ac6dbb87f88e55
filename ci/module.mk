# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the repository, checked (README.md here).

.PHONY: lint format coverage coverage-unit

# After the build: clang reads generated headers and the SDK's.
lint: all ## format, clang-tidy, shellcheck, pyflakes and our own rules
	@$(PYTHON) -m ci.lint --junit $(O)/junit/lint.xml $(CHECK)

format: ## put all C into the house format
	@git ls-files -z --cached --others --exclude-standard '*.c' '*.h' | xargs -0 -r clang-format -i

# The unit tests' C with gcov's counters; the hypervisor as it is, under the coverage plugin.
COVERAGE := $(O)/coverage
COVERED := $(or $(SCENARIO),lifecycle isolation performance)
coverage-unit: ## which C lines the unit tests reach: a table and out/coverage/html
	@$(MAKE) --no-print-directory O=$(COVERAGE) SDK=$(SDK) \
	CC="$(CC) --coverage -fprofile-abs-path" unit-programs
	@$(PYTHON) -m ci.coverage --out $(COVERAGE) $(COVERAGE_RUNS) $(UNIT_TESTS:$(O)/%=$(COVERAGE)/%)

ifeq ($(HYP),pkvm)
coverage: all ## by scenarios (SCENARIO=) and unit tests: what of EL2 nothing reaches; HYP=pkvm: functions
	@rm -rf $(COVERAGE)/pkvm
	@COVER=1 COLD=1 RUNS=$(COVERAGE)/pkvm $(HARNESS) run $(COVERED)
	@$(PYTHON) -m scenarios.harness.coverage $(COVERAGE)/pkvm
else
coverage: all
	@rm -rf $(addprefix $(COVERAGE)/,runs cold stops)
	@COLD=1 COVER=1 HYP=terrarium RUNS=$(COVERAGE)/cold $(HARNESS) run lifecycle/host_boots
	@COVER=1 HYP=terrarium RUNS=$(COVERAGE)/stops SCENARIO_ROOT=tests/harness/planted \
	$(HARNESS) run planted/hypervisor_fault >$(COVERAGE)/stops.log || true
	@COVER=1 HYP=terrarium RUNS=$(COVERAGE)/runs $(HARNESS) run $(COVERED) || touch $(COVERAGE)/failed
	@$(MAKE) --no-print-directory coverage-unit COVERAGE_RUNS="$(foreach run,runs cold stops,--runs \
	$(COVERAGE)/$(run)) --elf $(O)/hypervisor/hyp.elf --tools $(CROSS) $(if $(SCENARIO),--part)"
	@! rm $(COVERAGE)/failed 2>/dev/null
endif
