# SPDX-License-Identifier: GPL-2.0-or-later
"""`make lint`: the rules of this repository that a machine can check."""
