# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian as a guest (guest/debian), started by `vm run` or by a program of AVF's raw API; somebody logs in at its console."""

from __future__ import annotations

import json
import shlex

import pytest

from scenarios import microdroid, overlay
from scenarios.cli import NO_VMM, cid, reason
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.errors import StepFailed
from scenarios.harness.host import Host, Job
from scenarios.harness.paths import out

FOLDER = "/guest/debian"
CONFIG, OVERLAY, TYPED = "/run/debian.json", "/run/debian.dtbo", "/run/typed"
BOOT_S = 600.0
ANSWER_S = 180.0
PRESSES, PRESS_S = 20, 10.0
SHOWN = 1000  # characters of the console, in a failure
STOCK, TRIMMED = f"{FOLDER}/kernel", f"{FOLDER}/trimmed"
NO_POINTER_KEYS = "arm64.nopauth"  # guest/kernel/README.md
GREETING = "^Debian GNU/Linux 13 debian"

files = pytest.mark.host_files(
    {f"{FOLDER}/{name}": out() / "guest/debian" / name for name in ("kernel", "initrd.img", "root.img", "debian.json")}
    | {TRIMMED: microdroid.built("kernel")}
)


def greeting(vm: Job) -> None:
    """Its login has come to the console."""
    if vm.await_line(GREETING, "out", BOOT_S).exit != 0:
        raise StepFailed(f"no login; the console has: {vm.out()[-SHOWN:]!r}; beside it: {vm.err()[-SHOWN:]!r}")


class Terminal:
    """A program whose output is the console, and who types at it."""

    def __init__(self, host: Host, name: str, argv: list[str]) -> None:
        self._host = host
        host.run(["mkfifo", TYPED], ok=True)
        self.job = host.job(name, ["sh", "-c", f"exec {shlex.join(argv)} <> {TYPED}"])

    def _send(self, text: str) -> None:
        self._host.put("/run/line", text)
        self._host.run(["sh", "-c", f"cat /run/line > {TYPED}"], ok=True)

    def prompt(self) -> None:
        """Press Enter until the login's prompt comes as a line: what is typed before it, agetty throws away."""
        for _ in range(PRESSES):
            self._send("\n")
            if self.job.await_line("login:", "out", PRESS_S).exit == 0:
                return
        raise StepFailed(f"no prompt; the console has: {self.job.out()[-SHOWN:]!r}")

    def type(self, line: str, answer: str) -> str:
        """Type @line; the first line that matches @answer."""
        self._send(f"{line}\n")
        found = self.job.await_line(answer, "out", ANSWER_S)
        if found.exit != 0:
            raise StepFailed(f"no answer to {line!r}; the console has: {self.job.out()[-SHOWN:]!r}")
        return found.out.strip()


def configuration(host: Host, kernel: str) -> dict[str, object]:
    """That of the build, with absolute paths, for @kernel."""
    config = json.loads(host.get(f"{FOLDER}/debian.json")) | {"kernel": kernel}
    config["initrd"] = f"{FOLDER}/{config['initrd']}"
    if kernel == TRIMMED:
        config["params"] = f"{config['params']} {NO_POINTER_KEYS}"
    config["disks"] = [{"image": f"{FOLDER}/{disk['image']}"} for disk in config["disks"]]
    return config


def vm_run(host: Host, kernel: str, protected: bool, rsi: bool) -> tuple[Job, Terminal]:
    """By the configuration that the build leaves, and `vm console` at another terminal."""
    host.put(CONFIG, json.dumps(configuration(host, kernel) | {"protected": protected, "rsi": rsi}))
    vm = host.job("debian", ["vm", "run", CONFIG])
    greeting(vm)
    return vm, Terminal(host, "console", ["vm", "console", str(cid(vm.out()))])


def raw(host: Host, kernel: str, protected: bool, rsi: bool) -> tuple[Job, Terminal]:
    """By a program of the raw API, with the configuration's values; its terminal is the console."""
    config = configuration(host, kernel)
    host.put(OVERLAY, overlay.bootargs(config["params"]))
    terminal = Terminal(host, "debian", [
        "avf-raw", *(["-p"] if protected else []), *(["-r"] if rsi else []), "-m", str(config["memory_mib"]),
        "-i", config["initrd"], "-t", OVERLAY, *[word for disk in config["disks"] for word in ("-d", disk["image"])], kernel,
    ])
    greeting(terminal.job)
    return terminal.job, terminal


def ended(vm: Job, raw_api: bool) -> str | None:
    """Why, as AVF calls it."""
    if not raw_api:
        return reason(vm.out())
    return "SHUTDOWN" if vm.err().strip().endswith("stopped: 5") else vm.err()


def log_in(host: Host, check: Checks, raw_api: bool, kernel: str = STOCK, protected: bool = False, rsi: bool = False) -> None:
    """Who logs in at the console has a shell of Debian, and ends the VM by it."""
    vm, terminal = (raw if raw_api else vm_run)(host, kernel, protected, rsi)
    terminal.prompt()
    check("root is let in", matches("^Debian, as a guest"), terminal.type("root", "^Debian, as a guest"))
    systemd = kernel == STOCK
    said = terminal.type(
        "echo version=$(cat /etc/debian_version) kernel=$(uname -r) packages=$(dpkg -l | grep -c ^ii) "
        "first=$(cat /proc/1/comm) failed=$(systemctl --failed --plain --no-legend | cut -d' ' -f1 | tr '\\n' ,)", "^version=",
    )
    values = dict(word.split("=", 1) for word in said.split())
    stock = host.run(["uname", "-r"], ok=True).out.strip()
    check("Debian's version", matches(r"^13\."), values["version"])
    check("the kernel: the stock one, the host's own" if systemd else "the kernel: the trimmed one",
          stock if systemd else matches("-microdroid$"), values["kernel"])
    check("packages", at_least(70), int(values["packages"]))
    check("the first process, and units that failed", ("systemd" if systemd else "console-login", ""), (values["first"], values["failed"]))
    terminal.type(f"sync; systemctl poweroff{'' if systemd else ' --force --force'}", "systemctl poweroff")
    vm.wait(ANSWER_S)
    check("reason of the VM's end", "SHUTDOWN", ended(vm, raw_api))
    check("the terminal ends with it", 0, terminal.job.wait())
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
