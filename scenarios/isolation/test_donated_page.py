# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages that the host gives to the hypervisor, and gets back."""

import pytest

from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.harness.machine import Machine
from scenarios.harness.matrix import cell

# platform/abi/hyp_hypercalls.h, hyp_status.h
ABI_VERSION, MEM_DONATE, MEM_RETURN = 0xC6007000, 0xC6007001, 0xC6007002
OK, EINVAL, EPERM = 0, -2, -3
HYPERVISOR_PFN, UART_PFN, RAM_PFN, PFNS_A_MIB = 0x40200, 0x9000, 0x40000, 256
HOLDERS, ROUNDS = 2, 20
ACCESSES = [("kernel", "read"), ("kernel", "write"), ("uaccess", "read"), ("uaccess", "write"),
            ("mapped", "read"), ("mapped", "write"), ("mapped", "exec")]  # fmt: skip
REFUSED = {"kernel": "efault", "uaccess": "efault", "mapped": matches("sig(bus|segv)")}
ATTACKER = {"kernel": "kernel", "uaccess": "kernel", "mapped": "process"}  # of the isolation matrix
WAY = {"read": "read", "write": "write", "exec": "execute"}


def call(host: Host, number: int, pfn: int | str = 0, count: int = 1) -> int:
    """The status of a hypercall of the host's kernel. @pfn may be a word of the shell."""
    line = f"attack call hvc {number:#x} {pfn} {count}"
    status = host.run(["sh", "-c", line], ok=True).report.number("x0")
    return status - (1 << 64) if status >> 63 else status


def word(holder: str, key: str) -> str:
    """What a holder said, looked up in the host, so that the call is the same in every run."""
    return f'"$(sed -n "s/.* {key}=\\([^ ]*\\).*/\\1/p" /run/job/{holder}/out)"'


def access(host: Host, who: str, what: str, holder: str) -> str:
    data = "--data 0x600dda7a5eed1e55" if what == "write" else ""
    line = f"attack {who} {what} --pa {word(holder, 'pa')} {data}"
    return str(host.run(["sh", "-c", line], ok=True).report["result"])


@pytest.mark.only_on("terrarium", reason="upstream's host gives pages by calls that only its own kernel makes")
def test_donated_page(machine: Machine, host: Host, check: Checks) -> None:
    """A page given to the hypervisor is out of the host's reach, and comes back zeroed."""
    host.module("attack")
    check("the calls are there", OK, call(host, ABI_VERSION))
    for what, number in (("giving", MEM_DONATE), ("taking", MEM_RETURN)):
        tried = cell("kernel", "hypervisor", "call")
        check(f"{what} the hypervisor's own page", EPERM, call(host, number, HYPERVISOR_PFN), tried)
        check(f"{what} a device", EINVAL, call(host, number, UART_PFN))
        check(f"{what} too many pages", EINVAL, call(host, number, 0x60000, 513))
        check(f"{what} no page", EINVAL, call(host, number, 0x60000, 0))
        last = RAM_PFN + machine.options.mem_mib * PFNS_A_MIB - 1
        check(f"{what} the last page of RAM and one behind it", EINVAL, call(host, number, last, 2))

    load = "while :; do cat /proc/kallsyms /init > /dev/null; done"
    cpus = int(host.run(["nproc"], ok=True).out)
    for cpu in range(1, min(cpus, 2)):  # so that another CPU uses the blocks that are split
        host.job(f"load{cpu}", ["taskset", "-c", str(cpu), "sh", "-c", load])
    for number in range(HOLDERS):
        name = f"holder{number}"
        host.job(name, ["attack", "page"]).wait_line("value page")
        pfn = word(name, "pfn")
        check(f"{name}: taking a page that was not given", EPERM, call(host, MEM_RETURN, pfn))
        check(f"{name}: control: host reads its page", "data", access(host, "kernel", "read", name))
        check(f"{name}: giving the page", OK, call(host, MEM_DONATE, pfn))
        for who, what in ACCESSES:
            tried = cell(ATTACKER[who], "given", WAY[what])
            check(f"{name}: {who} {what} of what it gave", REFUSED[who], access(host, who, what, name), tried)
        check(f"{name}: giving it again", EPERM, call(host, MEM_DONATE, pfn), cell("kernel", "given", "call"))
        check(f"{name}: taking it back", OK, call(host, MEM_RETURN, pfn))
        check(f"{name}: it comes back zeroed", "zeros", access(host, "kernel", "read", name))
        check(f"{name}: host writes to it", "done", access(host, "mapped", "write", name))
        rounds = [f"attack call hvc {number:#x} {pfn} 1" for number in (MEM_DONATE, MEM_RETURN)]
        line = f"for i in $(seq {ROUNDS}); do {'; '.join(rounds)}; done"
        answers = host.run(["sh", "-c", line], ok=True).reports
        good = [answer for answer in answers if answer.number("x0") == OK]
        check(f"{name}: of {2 * ROUNDS} more calls, good", 2 * ROUNDS, len(good))
    check("the host lives on", 0, host.run(["true"]).exit)
