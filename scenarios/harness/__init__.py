# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner: starts the machine, drives it for a scenario and judges what it saw."""
