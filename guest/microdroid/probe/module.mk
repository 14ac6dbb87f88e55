# SPDX-License-Identifier: GPL-2.0-or-later
# The payload that scenarios ask what a payload is and may.
$(eval $(call payload,probe,guest/microdroid/probe/probe.c))
