# SPDX-License-Identifier: GPL-2.0-or-later
# Campaigns (README.md here) and the test of their report.

export NAME INJECTIONS WORKERS SCHEDULER RESUME REPLAY VERIFY

.PHONY: campaign test-report

campaign: all ## faults injected into EL2, thousands of times: NAME=, HYP=, WORKERS=, RESUME=1, REPLAY=N
	@$(PYTHON) -m scenarios.campaigns

# Only this target needs a browser, so it is installed when it is first asked for.
$(O)/.browser: | $(O)/.system
	@platform/sdk/system.sh chromium
	@touch $@

test-report: $(O)/.browser ## the campaigns' report in a headless browser: drawn, clicked, photographed
	@$(PYTHON) -m pytest -c tests/pytest.ini tests/campaigns/check_report.py --junit-xml=$(O)/junit/report.xml
