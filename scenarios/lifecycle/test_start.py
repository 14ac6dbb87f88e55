# SPDX-License-Identifier: GPL-2.0-or-later
"""How a VM starts: its sandbox, and what is said when it cannot start."""

from __future__ import annotations

import pytest

from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.harness.vm import VM

START_FAILED, BAD_ARGUMENTS = 1, 35
HELLO = ["vmm", "run", "--raw", "/guest/hello.bin", "--mem", "16"]
NAMESPACES = ("mnt", "net", "ipc")
# The VMM, not its janitor: the one that has a filter.
VMM = "for p in $(pidof vmm); do grep -q 'Seccomp:.2' /proc/$p/status && echo $p; done"


@pytest.mark.vm("spin", protected=True, cpus=2)
def test_sandbox(vm_running: VM, host: Host, check: Checks) -> None:
    """A running VMM has no privileges, no files in sight and few system calls."""
    vm_running.report("spinning")
    status = host.run(["sh", "-c", f"cat /proc/$({VMM})/task/*/status"], ok=True).out
    threads = status.count("Name:")
    check("threads, the vCPUs' among them", 3, threads)
    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapInh:\t0000000000000000",
                 "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                 "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000"):
        check(f"threads with {' '.join(line.split())}", threads, status.count(line))
    for name in NAMESPACES:
        links = f"for p in self $({VMM}); do readlink /proc/$p/ns/{name}; done"
        ours, its = host.run(["sh", "-c", links], ok=True).out.split()
        check(f"its {name} name space is its own", True, ours != its)
    root = host.run(["sh", "-c", f"ls -A /proc/$({VMM})/root/ | wc -l"], ok=True)
    check("files that it sees", "0", root.out.strip())
    vm_running.stop()
    check("exit code of the VMM", 0, vm_running.wait())


BAD_OPTIONS = {
    "--mem 3": "--mem: '3' is not an even number of MiB from 4 to 65536",
    "--cpus 9": "--cpus: '9' is not a number of vCPUs from 1 to 8",
    "--serial1 tty": "--serial1: 'tty' is not null, stdout, file:PATH or fd:N",
    "--nonsense": "--nonsense: no such option",
}


def test_bad_arguments(host: Host, check: Checks) -> None:
    """A bad value names the option and what is allowed."""
    for option, words in BAD_OPTIONS.items():
        result = host.run([*HELLO[:4], *option.split()])
        check(f"{option}: exit code of the VMM", BAD_ARGUMENTS, result.exit)
        check(f"{option}: its words", f"vmm: error: {words}", result.err.strip().split(";")[0])


def test_missing_kvm(host: Host, check: Checks) -> None:
    """Without /dev/kvm the VMM says so; a device tree can be had all the same."""
    host.run(["mv", "/dev/kvm", "/dev/kvm.away"], ok=True)
    result = host.run(HELLO)
    check("exit code of the VMM", START_FAILED, result.exit)
    check("its words", matches("^vmm: error: /dev/kvm is missing"), result.err)
    host.run([*HELLO, "--dump-dtb", "/run/dtb"], ok=True)
    check("magic number of the device tree", "d00dfeed", host.get("/run/dtb")[:4].hex())


@pytest.mark.only_on("pkvm", reason="upstream's kernel can be told to make none; terrarium's EL2 always makes both kinds")
@pytest.mark.machine(append="kvm-arm.mode=nvhe")
def test_no_protected_vms(host: Host, check: Checks) -> None:
    """A host whose KVM makes no protected VMs: said for a protected one, no matter for another."""
    result = host.run([*HELLO, "--protected"])
    check("exit code of the VMM", START_FAILED, result.exit)
    check("its words", matches("--protected: this host's KVM makes no protected VMs"), result.err)
    host.vm("hello", protected=False).finish()
    check("exit code of a normal VM", 0, host.run(HELLO).exit)


@pytest.mark.only_on("pkvm", reason="upstream's KVM makes no VMs whose guests speak RSI")
def test_no_rsi(host: Host, check: Checks) -> None:
    """A host whose KVM knows no RSI says so in one line; its protected VMs run."""
    result = host.run([*HELLO, "--rsi"])
    check("exit code of the VMM", START_FAILED, result.exit)
    check("its words", "vmm: error: --rsi: this host's KVM makes protected VMs, but none whose "
          "guests speak RSI (Invalid argument)", result.err.strip())
    check("exit code of a protected VM", 0, host.run([*HELLO, "--protected"]).exit)


def test_ordinary_user(host: Host, check: Checks) -> None:
    """Without root's rights a protected VM needs memory that may be locked, and no more than that."""
    host.run(["chmod", "666", "/dev/kvm"], ok=True)
    words = "vmm: error: RLIMIT_MEMLOCK is 1024 KiB, but a protected VM of this size locks"
    for limit_kib, exit_code in ((1024, START_FAILED), (64 * 1024, 0)):
        run = f"ulimit -l {limit_kib}; as-user 1000 {' '.join(HELLO)} --protected"
        result = host.run(["sh", "-c", run])
        check(f"exit code of the VMM with {limit_kib} KiB", exit_code, result.exit)
        if exit_code == START_FAILED:
            check("its words", matches(f"^{words}"), result.err)
        else:
            check("the guest's last report", "terrarium: end status=0", result.out.splitlines()[-1])


def test_image_too_big(host: Host, check: Checks) -> None:
    """An image that does not fit says how much memory it takes."""
    host.run(["dd", "if=/dev/zero", "of=/run/big", "bs=1M", "count=3"], ok=True)
    result = host.run(["vmm", "run", "--raw", "/run/big", "--mem", "4"])
    check("exit code of the VMM", START_FAILED, result.exit)
    check("its words", matches("--mem: 4 MiB are too few .* they take 6 MiB"), result.err)
    missing = host.run(["vmm", "run", "--raw", "/run/none"])
    check("a missing file is named", matches("--raw: cannot open /run/none: No such file"),
          missing.err)


def test_control_socket_in_use(host: Host, check: Checks) -> None:
    """A second VM cannot take a running VM's control socket."""
    vm = host.vm("spin", protected=True, mem=16)
    result = host.run([*HELLO, "--control", vm.control_path])
    check("exit code of the second VMM", START_FAILED, result.exit)
    check("its words", matches("--control: cannot make the socket .* in use"), result.err)
    vm.stop()
    check("exit code of the first", 0, vm.wait())
