# SPDX-License-Identifier: GPL-2.0-or-later
"""How a run fails. Every text is a cause for the verdict: a sentence that names what happened."""

from __future__ import annotations


class Failure(Exception):
    """A run cannot go on."""


class MachineFailed(Failure):
    """QEMU died, the host's kernel failed, or a channel broke."""


class LimitReached(Failure):
    """Nothing came in time."""


class StepFailed(Failure):
    """A primitive (run, put, get) could not be done, or its program failed."""


class Recorded(Failure):
    """No failure of the scenario: a closed run's recording has all calls, and the function ends here."""


class GuestFailed(Failure):
    """A virtual machine or its guest did not do what was asked."""


class RungFailed(Failure):
    """A rung that failed before in this session."""


class Divergence(Failure):
    """A closed run's scenario made other calls than its recording."""


class CheckFailed(Failure):
    """A check that must hold did not."""


class Unusable(Failure):
    """What the user gave or the build machine has does not allow a run at all."""
