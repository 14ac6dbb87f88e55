# SPDX-License-Identifier: GPL-2.0-or-later
# Runs scenarios on the machine (scenarios/README.md).

export HYP SMP MEM CPU ICOUNT KERNEL LIMIT COLD KEEP JOBS SCENARIO SCENARIO_ROOT BASE FUZZ_CALLS SIDE SHRINK_TRIES COVER ORACLE TRACE INJECT
HARNESS := $(PYTHON) -m scenarios.harness

include scenarios/campaigns/module.mk
include scenarios/harness/module.mk

.PHONY: run-scenario list-scenarios test-scenarios test-endurance bench test-planted

run-scenario: all ## run SCENARIO=name or folder and print a verdict
	@$(HARNESS) run

list-scenarios: | $(O)/.system ## names and titles of all scenarios
	@$(HARNESS) list

# On both targets, unless the user names one, under the oracle's tier A, unless ORACLE= or a scenario says otherwise.
test-scenarios: all $(MICRODROID_KERNEL) ## run every scenario, on both targets or on HYP=
	@HYP=$(or $(HYP),both) ORACLE=$(or $(ORACLE),a) $(HARNESS) run lifecycle isolation faults performance

test-endurance: all ## many VMs at once and one after the other, on both targets or on HYP=
	@HYP=$(or $(HYP),both) $(HARNESS) run endurance

test-planted: all $(MICRODROID_KERNEL) ## on the machine: what must fail, and the interactive commands
	@$(PYTHON) -m pytest -c tests/pytest.ini $(SIDE_BY_SIDE) tests/harness/check_*.py \
	--junit-xml=$(O)/junit/planted.xml

bench: all $(MICRODROID_KERNEL) ## speed and memory of both targets into out/bench.json; BASE=FILE compares with an earlier one
	@$(PYTHON) -m scenarios.performance.bench
