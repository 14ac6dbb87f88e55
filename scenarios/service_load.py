# SPDX-License-Identifier: GPL-2.0-or-later
"""Many VMs of virtualizationservice, at once and one after the other, and what the service has of them afterwards."""

from __future__ import annotations

import dataclasses
import re

from scenarios.cli import NO_VMM, reason, write_config
from scenarios.harness.checks import Checks, at_most
from scenarios.harness.host import Host, Job
from scenarios.lifecycle.memory import free_memory
from scenarios.performance.measures import Figure

MIB = 1 << 20
# A VM's memory is 16 MiB, and one of its vmm 3: were those of a single VM kept, it would be seen.
TOLERANCE = 4 * MIB
# What the service's heap may grow: arenas of GDBus's threads, which come and go.
RSS_TOLERANCE = MIB
WARM_UP = 4  # cycles before the first look
START_S, ANSWER_S, END_S, LINGER_S = 300.0, 120.0, 120.0, 60.0


@dataclasses.dataclass(frozen=True)
class Cost:
    """What the service has, and the host."""

    descriptors: int
    rss: int  # bytes
    threads: int
    free: int  # bytes of the host's memory

    def growth(self, earlier: Cost) -> dict[str, int]:
        return {
            "descriptors": self.descriptors - earlier.descriptors, "rss": self.rss - earlier.rss,
            "threads": self.threads - earlier.threads, "memory": earlier.free - self.free,
        }


def cost(host: Host, threads: int | None = None) -> Cost:
    """What the service has now; with @threads once it has no more of them, since those of a handshake linger for a second (GThreadPool)."""
    if threads is not None:
        wait = f"while [ $(ls /proc/$(pidof virtualizationservice)/task | wc -l) -gt {threads} ]; do :; done"
        host.run(["sh", "-c", wait], LINGER_S)
    found = host.run(
        ["sh", "-c", "p=$(pidof virtualizationservice) && ls /proc/$p/fd | wc -l && cat /proc/$p/status"], ok=True
    ).out
    status = dict(re.findall(r"^(VmRSS|Threads):\s+([0-9]+)", found, re.MULTILINE))
    return Cost(int(found.split()[0]), int(status["VmRSS"]) * 1024, int(status["Threads"]), free_memory(host))


def check_growth(check: Checks, figure: Figure, before: Cost, after: Cost) -> None:
    grown = after.growth(before)
    figure("memory of the service before", before.rss, "bytes")
    for name, number in grown.items():
        figure(f"growth: {name}", number, "" if name in ("descriptors", "threads") else "bytes")
    check("descriptors that the service has more", at_most(0), grown["descriptors"])
    check("threads that it has more", at_most(0), grown["threads"])
    check("bytes of memory that it has more", at_most(RSS_TOLERANCE), grown["rss"])
    check("bytes of memory that the host has less", at_most(TOLERANCE), grown["memory"])


def cycle(host: Host, times: int) -> str:
    """VMs from createVm to their end, one after the other, every other one protected, each by a client of its
    own; what was said of their ends."""
    config = write_config(host, "hello", False)
    script = f'n=0; while [ $n -lt {times} ]; do p=; [ $((n % 2)) = 0 ] && p=--protected; '
    script += f'vm run $p {config} | grep "^VM ended"; n=$((n + 1)); done'
    return host.run(["sh", "-c", script], 20.0 + 10.0 * times, ok=True).out


def start_and_stop(host: Host, check: Checks, figure: Figure, times: int) -> None:
    cycle(host, WARM_UP)
    before = cost(host)
    said = cycle(host, times).split("\n")
    check("VMs that ran and ended well", times, said.count("VM ended: SHUTDOWN"))
    check_growth(check, figure, before, cost(host, before.threads))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


def listed(host: Host) -> dict[str, dict[str, str]]:
    """`vm list`: its VMs by name."""
    lines = host.run(["vm", "list"], 60.0, ok=True).out.splitlines()[1:]
    vms = [dict(word.split("=", 1) for word in line.split()) for line in lines]
    return {vm["name"]: vm for vm in vms}


def _start(host: Host, count: int, round_: int) -> dict[str, Job]:
    """VMs that answer on their consoles, every other one protected; all listen."""
    config = write_config(host, "converse", False)
    jobs = {}
    for number in range(count):
        name = f"many-{round_}-{number}"
        kind = ["--protected"] if number % 2 == 0 else []
        jobs[name] = host.job(name, ["vm", "run", "--name", name, *kind, config])
    for job in jobs.values():
        job.wait_line("listening", timeout=START_S)
    return jobs


def _use(host: Host, check: Checks, jobs: dict[str, Job]) -> dict[str, dict[str, str]]:
    """Each answers with its own words; what is listed of them."""
    vms = listed(host)
    check("VMs in the list", sorted(jobs), sorted(vms))
    check("CIDs", len(jobs), len({vm["cid"] for vm in vms.values()}))
    check("protected ones", (len(jobs) + 1) // 2, sum(vm["protected"] == "yes" for vm in vms.values()))
    words = "; ".join(f"echo hello {name} > {vm['console']}" for name, vm in vms.items())
    host.run(["sh", "-c", words], 60.0, ok=True)
    answers = [job.wait_line(f"^echo: hello {name}$", timeout=ANSWER_S) for name, job in jobs.items()]
    check("VMs that answered", len(jobs), len(answers))
    return vms


def _end(host: Host, check: Checks, jobs: dict[str, Job], vms: dict[str, dict[str, str]]) -> None:
    """The first half is told to end, the others are stopped."""
    names = list(jobs)
    told, stopped = names[: len(names) // 2], names[len(names) // 2 :]
    host.run(["sh", "-c", "; ".join(f"echo bye > {vms[name]['console']}" for name in told)], 60.0, ok=True)
    for name in stopped:
        jobs[name].signal("TERM")
    for job in jobs.values():
        job.wait(END_S)
    reasons = [reason(jobs[name].out()) for name in names]
    check("reasons", ["SHUTDOWN"] * len(told) + ["KILLED"] * len(stopped), reasons)
    check("VMs in the list then", [], sorted(listed(host)))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


def all_at_once(host: Host, check: Checks, figure: Figure, count: int) -> None:
    """Twice: what the host has made for the first, it has for the second already."""
    jobs = _start(host, count, 1)
    _end(host, check, jobs, _use(host, check, jobs))
    before = cost(host)
    jobs = _start(host, count, 2)
    vms = _use(host, check, jobs)
    during = cost(host)
    figure("memory of the service with all of them", during.rss, "bytes")
    figure("the host's memory for each", (before.free - during.free) / count, "bytes")
    _end(host, check, jobs, vms)
    check_growth(check, figure, before, cost(host, before.threads))
