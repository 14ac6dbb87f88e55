# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzing on the machine: many runs of the fuzz scenarios, and failures made short (README.md here)."""
