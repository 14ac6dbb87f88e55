# SPDX-License-Identifier: GPL-2.0-or-later
# Runs scenarios on the machine (scenarios/README.md).

export HYP SMP MEM CPU ICOUNT KERNEL LIMIT KEEP JOBS SCENARIO SCENARIO_ROOT BASE
HARNESS := $(PYTHON) -m scenarios.harness

.PHONY: run-scenario list-scenarios shell gdb test-scenarios bench test-planted test-terrarium

run-scenario: all ## run SCENARIO=name or folder and print a verdict
	@$(HARNESS) run

list-scenarios: | $(O)/.system ## names and titles of all scenarios
	@$(HARNESS) list

# On HYP=terrarium, which has no virtual machines yet.
HOST_ONLY := $(addprefix lifecycle/,host_cpus_off_and_on host_timer) $(addprefix isolation/,host_attacks_hypervisor host_calls_what_it_may_not donated_page)

test-terrarium: all ## run what HYP=terrarium has: the scenarios without a VM
	@HYP=terrarium $(HARNESS) run $(HOST_ONLY)

test-scenarios: all ## run every scenario
	@$(HARNESS) run lifecycle isolation performance

test-planted: all ## on the machine: what must fail, and the interactive commands
	@$(PYTHON) -m pytest -c tests/pytest.ini tests/harness/check_*.py \
	--junit-xml=$(O)/junit/planted.xml

bench: all ## speed and memory into out/bench.json; BASE=FILE compares with an earlier one
	@$(PYTHON) -m scenarios.performance.bench

shell: all ## boot the machine and give its console; it runs until you leave
	@$(HARNESS) shell

# Only this target needs a debugger, so it is installed when it is first asked for.
$(O)/.debugger: | $(O)/.system
	@command -v gdb-multiarch aarch64-linux-gnu-gdb >/dev/null || platform/sdk/system.sh gdb-multiarch
	@touch $@

gdb: all $(O)/.debugger ## boot the machine, stopped at EL2's entry, with its symbols
	@$(HARNESS) gdb
