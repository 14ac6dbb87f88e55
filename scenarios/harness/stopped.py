# SPDX-License-Identifier: GPL-2.0-or-later
"""The saved state of a machine that a program in it stopped, made ready to go on by itself.

QEMU's format is a stream of named sections, numbers big-endian. Two things in it are not as they
should be:

- the run state is "guest-panicked", and only a machine that was "running" goes on by itself;
- the clock. QEMU counts instructions and adds what was skipped while idle. While the machine
  stops, QEMU's main loop may take it for idle and skip to the next timer, or come too late for that.
  So the program left the time in a register (platform/host/lib/pci.c), and the machine goes on from
  that time, in both cases at the same instruction. The host's own clocks, of no use to a machine on
  the instruction counter, are zeroed: a machine saved twice is the same twice.
"""

from __future__ import annotations

from scenarios.harness.errors import MachineFailed

STOPPED, RUNNING = b"guest-panicked", b"running"
MAGIC = 0x504F5453454E4941.to_bytes(8, "big")  # x20; x21 is the time
CLOCK = b"\x05\x0ctimer/icount"  # then its version, what was skipped, instructions: 4, 8, 8 bytes
HOST_CLOCKS_BYTES = 24  # before that
TICK_NS = 16  # of QEMU's generic timer (CNTFRQ_EL0: 62.5 MHz)
AFTER_NS = 1024  # later than the last instruction before the stop
SKEW_NS = 10**10  # no timer of the host is set to later than that


def _field(name: bytes) -> bytes:
    """The run state: a length, the name, and room for the longer of the two."""
    return (len(name) + 1).to_bytes(4, "big") + name.ljust(len(STOPPED) + 1, b"\0")


def _only(state: bytes, what: bytes) -> int:
    if state.count(what) != 1:
        raise MachineFailed("QEMU saved no machine that its guest stopped")
    return state.index(what)


def ready_to_go_on(state: bytes) -> bytes:
    """Raises MachineFailed when @state is of no machine that such a program stopped."""
    place = _only(state, CLOCK) + len(CLOCK) + 4
    skipped, executed = (int.from_bytes(state[at : at + 8], "big") for at in (place, place + 8))
    time = _only(state, MAGIC) + 8
    asked_ns = int.from_bytes(state[time : time + 8], "big") * TICK_NS
    if not asked_ns <= skipped + executed <= asked_ns + SKEW_NS:
        raise MachineFailed("QEMU saved a machine with another clock than its guest's")
    skipped = asked_ns + AFTER_NS - executed
    clocks = state.index(CLOCK)
    state = state[: clocks - HOST_CLOCKS_BYTES] + bytes(HOST_CLOCKS_BYTES) + state[clocks:]
    state = state[:place] + skipped.to_bytes(8, "big", signed=True) + state[place + 8 :]
    _only(state, _field(STOPPED))
    return state.replace(_field(STOPPED), _field(RUNNING))
