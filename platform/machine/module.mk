# SPDX-License-Identifier: GPL-2.0-or-later
# The machine is a description (machine.toml) that the runner turns into QEMU's
# command line (machine.py): there is nothing to build.
