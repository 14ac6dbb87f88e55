# SPDX-License-Identifier: GPL-2.0-or-later
"""Which plugins a machine has, and in which order QEMU loads them."""

from __future__ import annotations

import dataclasses

from scenarios.harness import instruments, paths


def test_the_trace_has_what_ended_the_run() -> None:
    ordered = instruments.ordered([instruments.oracle("a"), instruments.TRACE, instruments.COVERAGE])
    assert [each.name for each in ordered] == ["coverage", "oracle", "trace"]  # called from the last on


def test_a_machine_of_several_threads_yields() -> None:
    options = paths.machine_description.from_env({})
    closed = dataclasses.replace(options, icount=True)
    assert [each.name for each in instruments.usual(True, options)] == ["trace", "yield"]
    assert [each.name for each in instruments.usual(False, options)] == ["yield"]
    assert instruments.usual(False, closed) == []
