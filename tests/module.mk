# SPDX-License-Identifier: GPL-2.0-or-later
# Tests that need no machine, and `make test`, which runs everything (README.md here).
# A part adds its programs to UNIT_TESTS and FUZZERS in its own module.mk, or in tests/<part>/.

include $(wildcard $(ROOT)/tests/*/module.mk)

JUNIT := $(O)/junit
FUZZ_RUNS ?= 20000
FUZZ_SECONDS ?= 0
FUZZ_SEED ?= 1
# Of pytest: a file of tests for each CPU at a time.
SIDE_BY_SIDE := -n auto --dist loadfile

.PHONY: test nightly unit unit-programs fuzz fuzzers fuzz-machine pytest-unit

test: setup ## set up what is missing, build, run every test that CI runs
	@$(PYTHON) -m ci.stages --out $(O)

nightly: setup ## the long tests, for hours: STAGE="mutants coverage" some of them
	@$(PYTHON) -m ci.stages --out $(O) --nightly $(STAGE)

unit-programs: $(UNIT_TESTS)
unit: $(UNIT_TESTS) ## the C unit tests, under sanitizers
	@$(PYTHON) -m ci.unit --junit $(JUNIT)/unit.xml $(UNIT_TESTS)

fuzzers: $(FUZZERS)
fuzz: $(FUZZERS) ## the fuzzers, for FUZZ_RUNS runs or FUZZ_SECONDS seconds each
	@$(PYTHON) -m ci.fuzz --junit $(JUNIT)/fuzz.xml --out $(O)/fuzz --runs $(FUZZ_RUNS) \
	--seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED) $(FUZZERS)

fuzz-machine: all ## fuzz the hypervisor's calls on the machine for FUZZ_SECONDS; what fails is shortened
	@FUZZ_SECONDS=$(if $(filter-out 0,$(FUZZ_SECONDS)),$(FUZZ_SECONDS)) $(PYTHON) -m scenarios.fuzz

pytest-unit: ## the Python tests that need no machine
	@$(PYTHON) -m pytest -c tests/pytest.ini --rootdir=$(ROOT) $(SIDE_BY_SIDE) tests --junit-xml=$(JUNIT)/pytest-unit.xml
