# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for QEMU under a campaign: does what the fault's words make it do, and leaves its files."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import tarfile
from pathlib import Path

GOLDEN = {"0/out": b"fine\n", "0/exit": b"0\n", "1/out": b"0\n", "1/exit": b"0\n"}


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def launcher(spec: dict):
    """What a campaign's specification names as "launcher"."""

    def launch(folder: Path, fault: str) -> list[str]:
        return [sys.executable, __file__, str(folder), fault, str(spec.get("marks", ""))]

    return launch


def leave(folder: Path, files: dict[str, bytes], digest: str = "0x1", end: str = "stop", fired: int = 1) -> None:
    (folder / "results.bin").write_bytes(archive(files))
    shots = [{"where": "x0", "before": "0x0", "after": "0x1"}] if fired else []
    report = {"shots": shots, "fired": fired, "insns": 1000, "end": end, "ranges": digest}
    (folder / "inject.json").write_text(json.dumps(report))
    (folder / "trace.bin").write_bytes(digest.encode())


def _killed_guest(folder: Path) -> int:
    leave(folder, GOLDEN | {"1/out": b"33\n", "1/exit": b"33\n"})
    return 94


def _console(folder: Path, text: str, end: str = "exit") -> int:
    leave(folder, {}, end=end)
    (folder / "console.log").write_text(text)
    return 0


def _breach(folder: Path) -> int:
    leave(folder, {})
    (folder / "oracle.json").write_text(json.dumps({"sentence": "page 0x1000 is reachable by two"}))
    return 90


def _once(folder: Path, marks: str, what) -> int:
    """@what the first time; the second time all is well."""
    mark = Path(marks) / "seen"
    if mark.exists():
        leave(folder, GOLDEN)
        return 94
    mark.touch()
    return what()


def _kill_worker() -> int:
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()
    return 1


def _behave(folder: Path, bit: int, marks: str) -> int:
    """By the flipped bit."""
    if bit == 1:
        leave(folder, GOLDEN | {"0/out": b"bad\n"})
        return 94
    if bit == 2:
        return _killed_guest(folder)
    if bit == 3:
        return _console(folder, "[    1.0] Kernel panic - not syncing: x\n")
    if bit == 4:
        return _console(folder, "hyp: BUG on CPU with MPIDR 0x0:\nhyp: broken\n")
    if bit == 5:
        leave(folder, {}, end="budget")
        return 91
    if bit == 6:
        return _breach(folder)
    if bit == 7:
        leave(folder, GOLDEN, digest="0x2")
        return 94
    if bit == 8:
        leave(folder, {}, end="equal")
        return 92
    if bit == 9:
        print("cannot start")
        return 1
    if bit == 10:
        return _once(folder, marks, lambda: 1)
    if bit == 11:
        return _once(folder, marks, _kill_worker)
    if bit == 12:
        return _kill_worker()
    if bit == 13:
        leave(folder, GOLDEN, fired=0)
        return 94
    if bit == 14:
        signal.pause()
    leave(folder, GOLDEN)
    return 94


if __name__ == "__main__":
    bit_of = sys.argv[2].rpartition("flip=")[2]
    sys.exit(_behave(Path(sys.argv[1]), int(bit_of) if bit_of.isdigit() else 0, sys.argv[3]))
