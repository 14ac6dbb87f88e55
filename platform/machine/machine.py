# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's options and QEMU's command line: the only place that knows either."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BOTH = "both"  # as HYP: one machine after the other, for whoever can run several
DESCRIPTION = tomllib.loads((Path(__file__).parent / "machine.toml").read_text())


class BadOption(Exception):
    """A value that the user gave and that cannot be; the text is one sentence for him."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What a user may choose. Made by from_env(), which checks; units are in the names."""

    hyp: str
    smp: int
    mem_mib: int
    cpu: str
    icount: bool
    kernel: Path
    append: str = ""
    devices: tuple[str, ...] = ()

    def words(self) -> str:
        """The options as a user types them."""
        text = f"HYP={self.hyp} SMP={self.smp} MEM={self.mem_mib}M CPU={self.cpu}"
        return text + (" ICOUNT=1" if self.icount else "")

    def key(self) -> str:
        """Names this configuration; machines of the same key boot alike."""
        return " ".join((self.words(), f"KERNEL={self.kernel}", self.append, *self.devices)).strip()


@dataclasses.dataclass(frozen=True)
class Channels:
    """A chardev without its id for every speaker: "file,path=x", "socket,fd=5"; None: not there."""

    console: str
    events: str | None = None
    qmp: str | None = None
    agent: str | None = None
    results: str | None = None


@dataclasses.dataclass(frozen=True)
class Saved:
    """The machine's RAM in a file: written while it runs, or, with @state, where it goes on from."""

    ram: Path
    state: Path | None = None  # what QEMU migrated: all but the RAM
    kept: bool = False  # RAM is written to the file also by a machine that goes on


@dataclasses.dataclass(frozen=True)
class Plan:
    """The file that is a closed machine's shared memory."""

    memory: Path
    stops: bool = False  # the machine stops when a program in it asks for that


def build_dir() -> Path:
    """Where the build puts what it made: O= of make, else out/."""
    return Path(os.environ.get("O") or ROOT / "out")


def qemu_binary() -> Path:
    return build_dir() / "sdk" / "bin" / "qemu-system-aarch64"


def parse_hyp(text: str) -> str:
    allowed = sorted(DESCRIPTION["target"])
    if text not in allowed:
        raise BadOption(f"HYP={text}: no such target; allowed: {', '.join(allowed)}")
    return text


def targets(env: Mapping[str, str]) -> list[str]:
    """The targets that HYP names: one, the default, or "both", which is all. Raises BadOption."""
    text = env.get("HYP") or DESCRIPTION["hyp"]["default"]
    return list(DESCRIPTION["target"]) if text == BOTH else [parse_hyp(text)]


def parse_cpu(text: str) -> str:
    allowed = DESCRIPTION["cpu"]["allowed"]
    if text not in allowed:
        raise BadOption(f"CPU={text}: not a model that works here; allowed: {', '.join(allowed)}")
    return text


def parse_smp(text: str, icount: bool) -> int:
    top = DESCRIPTION["smp"]["max"]
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= top:
        raise BadOption(f"SMP={text}: the number of CPUs must be 1 to {top}")
    if icount and int(text) != DESCRIPTION["smp"]["icount"]:
        raise BadOption(f"SMP={text}: with ICOUNT=1 the machine has exactly one CPU; allowed: 1")
    return int(text)


def parse_mem(text: str) -> int:
    """MiB of "1G", "1536M"."""
    low, top = DESCRIPTION["mem"]["min"], DESCRIPTION["mem"]["max"]
    match = re.fullmatch(r"([0-9]{1,6})([MG])", text)
    mib = int(match[1]) * (1024 if match[2] == "G" else 1) if match else 0
    if not low <= mib <= top:
        raise BadOption(f"MEM={text}: must be a size with M or G, {low}M to {top // 1024}G")
    return mib


def parse_icount(text: str) -> bool:
    if text not in ("0", "1"):
        raise BadOption(f"ICOUNT={text}: allowed: 0 (live), 1 (on the instruction counter)")
    return text == "1"


def parse_kernel(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise BadOption(f"KERNEL={text}: no such file; an arm64 Image is wanted")
    with path.open("rb") as file:
        if file.read(64)[56:60] != b"ARM\x64":
            raise BadOption(f"KERNEL={text}: not an uncompressed arm64 Image")
    return path.resolve()


def from_env(env: Mapping[str, str], append: str = "", devices: Sequence[str] = ()) -> Options:
    """Read HYP, SMP, MEM, CPU, ICOUNT, KERNEL; what is missing or empty has its default.

    @append goes to the end of the kernel's command line. @devices are added, as after -device.

    Raises BadOption.
    """
    icount = parse_icount(env.get("ICOUNT") or "0")
    smp = DESCRIPTION["smp"]["icount" if icount else "default"]
    return Options(
        hyp=parse_hyp(env.get("HYP") or DESCRIPTION["hyp"]["default"]),
        smp=parse_smp(env.get("SMP") or str(smp), icount),
        mem_mib=parse_mem(env.get("MEM") or f"{DESCRIPTION['mem']['default']}M"),
        cpu=parse_cpu(env.get("CPU") or DESCRIPTION["cpu"]["default"]),
        icount=icount,
        kernel=parse_kernel(env.get("KERNEL") or str(build_dir() / "sdk" / "kernel" / "Image")),
        append=append,
        devices=tuple(devices),
    )


def _target(options: Options) -> Mapping[str, Any]:
    """What machine.toml says of what runs at EL2."""
    return (DESCRIPTION["target"] | DESCRIPTION["other"])[options.hyp]


def kernel_command_line(options: Options) -> str:
    parts = [DESCRIPTION["kernel"]["append"], _target(options)["append"]]
    return " ".join(part for part in (*parts, options.append) if part)


def image(options: Options) -> Path | None:
    """The target's own image for EL2, with its symbols beside it as .elf; None: the kernel has it."""
    name = _target(options).get("image")
    found = sorted(build_dir().glob(name)) if name else []
    return found[-1] if found else build_dir() / name if name else None


def _doubled(text: Path | str) -> str:
    """As a value within -device: a comma in it is written twice."""
    return str(text).replace(",", ",,")


def _boot(options: Options, initrd: Path | str) -> list[str]:
    """What is loaded: the kernel, or a hypervisor with kernel and initrd as its modules."""
    target = _target(options)
    line = kernel_command_line(options)
    hypervisor = image(options)
    if hypervisor is None:
        return ["-kernel", str(options.kernel), "-initrd", str(initrd), "-append", line]
    kernel = f"guest-loader,addr={target['kernel_at']:#x},kernel={_doubled(options.kernel)}"
    ramdisk = f"guest-loader,addr={target['initrd_at']:#x},initrd={_doubled(initrd)}"
    own = ["-append", target["arguments"]] if "arguments" in target else []
    return [
        "-kernel", str(hypervisor), *own,
        "-device", f"{kernel},bootargs={_doubled(line)}", "-device", ramdisk,
    ]  # fmt: skip


def as_saved(options: Options) -> Options:
    """The machine without the added devices that QEMU saves nothing of."""
    unsaved = DESCRIPTION["unsaved"]["devices"]
    kept = tuple(device for device in options.devices if device.partition(",")[0] not in unsaved)
    return dataclasses.replace(options, devices=kept)


def _saved(options: Options, saved: Saved) -> list[str]:
    """RAM in a file. A machine that goes on from it maps it privately: the file stays as it is."""
    how = "share=off,readonly=on,rom=off" if saved.state and not saved.kept else "share=on"
    path = _doubled(saved.ram)
    args = ["-object", f"memory-backend-file,id=ram,mem-path={path},size={options.mem_mib}M,{how}"]
    args += ["-global", "migration.x-ignore-shared=on"]
    return args + (["-incoming", f"file:{saved.state}"] if saved.state else [])


def _plan(plan: Plan, saved: Saved | None) -> list[str]:
    """The plan's memory. It is no part of what is saved: shared then, and private otherwise."""
    size, path = DESCRIPTION["plan"]["bytes"], _doubled(plan.memory)
    how = "share=on" if saved and not saved.state else "share=off"
    args = ["-object", f"memory-backend-file,id=plan,mem-path={path},size={size},{how}"]
    for device in DESCRIPTION["plan"]["devices"]:
        args += ["-device", device]
    return args + ["-action", "panic=pause" if plan.stops else "panic=none"]


def _ports(channels: Channels, virtio: str) -> list[str]:
    """The virtio-serial device and the ports whose channel is there."""
    args = ["-device", ",".join(filter(None, ("virtio-serial-pci,id=ports,max_ports=4", DESCRIPTION["always"]["virtio"], virtio)))]
    for port in DESCRIPTION["port"]:
        spec = getattr(channels, port["channel"])
        if spec is None:
            continue
        name = port["channel"]
        args += ["-chardev", f"{_with_id(spec, name)}"]
        args += ["-device", f"virtserialport,bus=ports.0,nr={port['nr']},chardev={name},name={port['name']}"]
    return args


def _with_id(spec: str, name: str) -> str:
    """"file,path=x" -> "file,id=name,path=x"."""
    backend, comma, rest = spec.partition(",")
    return f"{backend},id={name}{comma}{rest}"


def command(
    options: Options,
    channels: Channels,
    initrd: Path | str,
    plugins: Sequence[str] = (),
    gdb: str | None = None,
    saved: Saved | None = None,
    plan: Plan | None = None,
) -> list[str]:
    """QEMU's argument list.

    plugins  as after -plugin: "path.so,key=value"
    gdb      a chardev for the debugger, as in Channels; the machine then waits at its first
             instruction
    saved    RAM in a file; with a state there is no boot, and @initrd is of no meaning
    plan     of a closed machine
    """
    machine, icount = DESCRIPTION["machine"], DESCRIPTION["icount"]
    properties = machine["properties"] + (icount["properties"] if options.icount else [])
    properties = properties + (["memory-backend=ram"] if saved else [])
    args = [str(qemu_binary()), "-machine", ",".join([machine["type"], *properties])]
    args += ["-cpu", options.cpu, "-smp", str(options.smp), "-m", f"{options.mem_mib}M"]
    args += ["-accel", "tcg,thread=" + ("single" if options.icount else "multi")]
    args += DESCRIPTION["always"]["flags"]
    args += icount["flags"] if options.icount else []
    args += _saved(options, saved) if saved else []
    args += _plan(plan, saved) if plan else []
    args += _boot(options, initrd) if saved is None or saved.state is None else []
    args += ["-chardev", _with_id(channels.console, "console"), "-serial", "chardev:console"]
    args += _ports(channels, icount["virtio"] if options.icount else "")
    if channels.qmp:
        args += ["-chardev", _with_id(channels.qmp, "qmp"), "-object", "monitor-qmp,id=control,chardev=qmp"]
    for device in options.devices:
        args += ["-device", device]
    for plugin in plugins:
        args += ["-plugin", plugin]
    if gdb:
        args += ["-S", "-chardev", _with_id(gdb, "gdb"), "-gdb", "chardev:gdb"]
    return args
