# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines for people: the host's console on a terminal, and one that waits for a debugger."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from scenarios.harness import os_files, paths, symbols
from scenarios.harness.folder import RunFolder
from scenarios.harness.host import Host
from scenarios.harness.inputs import initramfs
from scenarios.harness.live_machine import LiveMachine
from scenarios.harness.machine import Channels, Setup
from scenarios.harness.process import die_with_parent, start
from scenarios.harness.progress import Progress

DEBUGGERS = ("gdb-multiarch", "aarch64-linux-gnu-gdb")
EL2_VECTOR = 0x400  # of a vector table: synchronous exception from a lower level, AArch64


def _options(append: str = "") -> paths.machine_description.Options:
    return paths.machine_description.from_env(os.environ, append)


def _initrd(folder: RunFolder, files: Mapping[str, Path] | None = None) -> Path:
    return folder.write("initrd.cpio", *initramfs(files or {}))


def _attended(argv: Sequence[str]) -> int:
    """Run a program that has the terminal; Ctrl-C is its own. Its exit status."""
    parent = os.getpid()
    terminal = termios.tcgetattr(0) if sys.stdin.isatty() else None
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def child() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        die_with_parent(parent)

    try:
        return subprocess.run(argv, preexec_fn=child, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
        if terminal is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, terminal)


def shell() -> int:
    """The host's console here. Returns when its shell, or QEMU by Ctrl-A X, ends."""
    folder = RunFolder("shell")
    try:
        options = _options("terrarium.shell=1")
        log = folder.path / "console.log"
        console = f"stdio,mux=on,signal=off,logfile={str(log).replace(',', ',,')}"
        has_microdroid = os_files.is_built()
        initrd = _initrd(folder, os_files.microdroid() if has_microdroid else {})
        argv = paths.machine_description.command(options, Channels(console=console), initrd)
        folder.write("cmdline.txt", (shlex.join(argv) + "\n").encode())
        if not has_microdroid:
            print("app VMs need Microdroid's kernel: `make microdroid-kernel` builds it, once")
        print(f"{options.words()}; the shell's `exit` or Ctrl-A X ends the machine", flush=True)
        return _attended(argv)
    finally:
        (folder.path / "initrd.cpio").unlink(missing_ok=True)
        folder.close()


def kernel_symbols(kernel: Path) -> list[symbols.Symbol]:
    """Those of @kernel; the first time a machine is booted to ask it, then they are kept."""
    digest = hashlib.sha256(kernel.read_bytes()).hexdigest()[:16]
    kept = paths.out() / "symbols" / f"{digest}.kallsyms"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(".new")
        new.write_bytes(_ask_for_symbols(kernel))
        new.replace(kept)
    return symbols.parse_kallsyms(kept.read_text())


def _ask_for_symbols(kernel: Path) -> bytes:
    progress = Progress("symbols")
    progress.say("reading the kernel's symbols, once")
    folder = RunFolder("symbols")
    options = paths.machine_description.from_env({"KERNEL": str(kernel)})
    machine = LiveMachine(Setup(options, trace=False), folder, progress)
    try:
        machine.start()
        host = Host(machine.ready(), progress.stage)
        host.run(["sh", "-c", "echo 0 > /proc/sys/kernel/kptr_restrict"], ok=True)
        host.run(["sh", "-c", "grep -v '\\[' /proc/kallsyms > /run/kallsyms"], ok=True)
        return host.get("/run/kallsyms")
    finally:
        machine.close()
        folder.close()


def _script(folder: RunFolder, remote: Path, known: list[symbols.Symbol]) -> Path:
    """Commands for the debugger: connect, load symbols, stop where EL2 is entered."""
    el2 = symbols.el2_only(known)
    kernel_elf = folder.write("kernel.elf", symbols.elf(known))
    el2_elf = folder.write("el2.elf", symbols.elf(el2))
    load = paths.machine_description.DESCRIPTION["kernel"]["load"]
    down = load - symbols.address_of(known, "_text")  # link address -> physical, before the MMU
    entry = symbols.address_of(el2, "__kvm_hyp_init") + down + EL2_VECTOR
    # EL2 keeps "physical - its virtual"; the kernel has set it by then, and the MMU is still off.
    offset = symbols.address_of(el2, "hyp_physvirt_offset") + down
    text = f"""# Made by `make gdb`. Stops at EL2's entry: the first call that leads to the hypervisor.
set pagination off
set confirm off
set architecture aarch64
symbol-file {kernel_elf}
add-symbol-file {el2_elf} -o {down:#x}
define el2-symbols
  remove-symbol-file -a {symbols.address_of(el2, "__kvm_hyp_init") + down:#x}
  add-symbol-file {el2_elf} -o $el2_offset
end
document el2-symbols
Load EL2's symbols for its own address space. Use it once EL2's MMU is on.
end
target remote {remote}
thbreak *{entry:#x}
continue
set $el2_offset = {down:#x} - *(long *){offset:#x}
"""
    return folder.write("commands.gdb", text.encode())


def _script_of_image(folder: RunFolder, remote: Path, known: list[symbols.Symbol], image: Path) -> Path:
    """The same for a target with an image of its own at EL2, which runs where it is linked."""
    kernel_elf = folder.write("kernel.elf", symbols.elf(known))
    entry = symbols.address_in(image.with_suffix(".elf"), "trap_host")
    text = f"""# Made by `make gdb`. Stops at the first trap of the host, in trap_host().
set pagination off
set confirm off
set architecture aarch64
symbol-file {kernel_elf}
add-symbol-file {image.with_suffix(".elf")}
target remote {remote}
thbreak *{entry:#x}
continue
"""
    return folder.write("commands.gdb", text.encode())


def gdb() -> int:
    """A machine that waits for a debugger, and the debugger when there is one."""
    options = _options()
    known = kernel_symbols(options.kernel)
    folder = RunFolder("gdb")
    short = Path(tempfile.mkdtemp(prefix="terrarium-"))  # a socket's path has room for 107 bytes
    listener = socket.socket(socket.AF_UNIX)
    qemu = None
    try:
        # Listening before QEMU is there, so that no debugger comes too early.
        path = short / "gdb"
        listener.bind(str(path))
        listener.listen(1)
        log = str(folder.path / "console.log").replace(",", ",,")
        channels = Channels(console=f"file,path={log}", agent="null", events="null")
        argv = paths.machine_description.command(
            options, channels, _initrd(folder), gdb=f"socket,fd={listener.fileno()},server=on,wait=off"
        )
        folder.write("cmdline.txt", (shlex.join(argv) + "\n").encode())
        image = paths.machine_description.image(options)
        script = _script_of_image(folder, path, known, image) if image else _script(folder, path, known)
        qemu = start(argv, pass_fds=[listener.fileno()])
        listener.close()
        return _debug(script, qemu)
    finally:
        if qemu is not None:
            qemu.kill()
            qemu.wait()
        listener.close()
        shutil.rmtree(short)
        (folder.path / "initrd.cpio").unlink(missing_ok=True)
        folder.close()


def _debug(script: Path, qemu: subprocess.Popen[bytes]) -> int:
    found = next((path for name in DEBUGGERS if (path := shutil.which(name))), None)
    if found is not None:
        return _attended([found, "-q", "-x", str(script), *shlex.split(os.environ.get("GDB_ARGS", ""))])
    print(f"none of {', '.join(DEBUGGERS)} is here (Debian package gdb-multiarch).")
    print("The machine waits at its first instruction. In another terminal:")
    print(f"  gdb-multiarch -q -x {script}")
    print("Ctrl-C here ends the machine.", flush=True)
    try:
        return qemu.wait()
    except KeyboardInterrupt:
        return 0
