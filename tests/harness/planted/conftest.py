# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios that must fail; ../check_planted.py says how."""

pytest_plugins = ["scenarios.harness.plugin"]
