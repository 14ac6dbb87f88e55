# SPDX-License-Identifier: GPL-2.0-or-later
"""The rungs as fixtures, and the hooks around each scenario: scenarios/harness/plugin.py."""

pytest_plugins = ["scenarios.harness.plugin"]
