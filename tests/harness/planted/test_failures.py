# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures put into a run on purpose, on the real machine. Each must end in a failing verdict."""

import os
import signal

import pytest

from scenarios.harness.checks import Checks
from scenarios.harness.host import Host
from scenarios.harness.live_machine import LiveMachine
from scenarios.harness.vm import VM
from tests.harness.planted.poke import poke, symbol

# platform/abi/hyp_hypercalls.h, hyp_trace.h
MEM_DONATE, TRACE_SET, HOST_CALLS = "0xc6007001", "0xc6007030", hex(1 << 2 | 1 << 0)


@pytest.mark.vm("wrong_secret", protected=True)
def test_wrong_secret(vm_running: VM, check: Checks) -> None:
    """The guest's secret is not what it should be."""
    pages = vm_running.report("pages")
    vm_running.report("waiting", go=1)
    vm_running.attack("process", "write", ipa=pages.number("control_ipa"), data=1)
    check("secret", "ok", vm_running.report("secret_intact").kind)


def test_never_reports(host: Host, check: Checks) -> None:
    """The guest never says anything."""
    vm = host.vm("never_report", protected=True)
    vm.running(timeout=4)
    check("never reached", True, True)


def test_kernel_panic(host: Host, check: Checks) -> None:
    """The host's kernel panics under a running program."""
    check("host lives before", 0, host.run(["true"]).exit)
    host.run(["sh", "-c", "echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger; sleep 60"])


@pytest.mark.machine(append="rdinit=/nowhere")
def test_no_boot(host: Host, check: Checks) -> None:
    """The host's kernel panics while it boots."""
    check("never reached", True, True)


def test_qemu_killed(machine: LiveMachine, host: Host, check: Checks) -> None:
    """QEMU dies under a running program."""
    check("host lives before", 0, host.run(["true"]).exit)
    os.kill(machine.pid, signal.SIGKILL)
    host.run(["sleep", "60"])


@pytest.mark.machine(plugins=["LICENSE"])
def test_plugin_that_cannot_load(host: Host, check: Checks) -> None:
    """A plugin is no plugin."""
    check("never reached", True, True)


@pytest.mark.cold
@pytest.mark.limit(1)
def test_limit(host: Host, check: Checks) -> None:
    """The run takes longer than it may."""
    check("never reached", True, True)


def test_program_that_does_not_end(host: Host, check: Checks) -> None:
    """A program in the host does not end."""
    check("host lives before", 0, host.run(["true"]).exit)
    host.run(["sleep", "1000"], timeout=3)


@pytest.mark.icount
def test_closed_run_that_differs(host: Host, check: Checks) -> None:
    """A call depends on what differs between a recording and its closed run."""
    names = host.run(["ls", "/plan"]).out.split()
    host.run(["echo", *names])
    check("never reached", True, True)


@pytest.mark.only_on("terrarium", reason="it is about the report of our own hypervisor")
def test_hypervisor_fault(machine: LiveMachine, host: Host, check: Checks) -> None:
    """The hypervisor itself faults: its list of free pages was overwritten from outside."""
    host.module("attack")
    traced = host.run(["attack", "call", "hvc", TRACE_SET, HOST_CALLS], ok=True).report
    check("the trace is on", 0, traced["x0"])
    host.job("holder", ["attack", "page"]).wait_line("value page")
    poke(machine, symbol("returned"), 0x10)
    # To give it a page, its block is split, which takes a page for a table.
    give = f'attack call hvc {MEM_DONATE} "$(sed -n "s/.* pfn=\\([^ ]*\\).*/\\1/p" /run/job/holder/out)" 1; sleep 60'
    host.run(["sh", "-c", give])
