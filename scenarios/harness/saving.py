# SPDX-License-Identifier: GPL-2.0-or-later
"""When a machine can go on from a snapshot: what decides about its content, and how one is made."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.harness import inputs, paths, snapshots
from scenarios.harness.errors import Unusable

description = paths.machine_description
ROOM_BYTES = 256 << 20  # beside half of the machine's RAM; more of it than that was never written


def words_of(
    options: description.Options,
    channels: description.Channels,
    parts: Sequence[inputs.Part],
    plan: description.Plan | None = None,
) -> dict[str, Any]:
    """All that decides about a saved machine's content, and nothing of where it lies.

    QEMU and its libraries, the machine, and what it boots.
    """
    saved = description.Saved(Path("ram"), Path("state"))
    lines = {
        field.name: "null" if getattr(channels, field.name) else None
        for field in dataclasses.fields(channels)
    }
    plan = description.Plan(Path("plan")) if plan else None
    lines_alone = description.Channels(**lines)
    argv = description.command(options, lines_alone, "initrd", saved=saved, plan=plan)
    image = description.image(options)
    package = description.build_dir() / "sdk" / ".qemu"  # the digest of the SDK's set of packages
    return {
        "qemu": [
            inputs.digest(description.qemu_binary()),
            package.read_text() if package.exists() else "",
        ],
        "machine": argv[1:],
        "boot": [description.kernel_command_line(options), description.DESCRIPTION["target"][options.hyp]],
        "image": inputs.digest(image) if image and image.is_file() else "",
        "kernel": inputs.digest(options.kernel),
        "initrd": [inputs.digest_of(part) for part in parts],
    }


def obtain(
    options: description.Options,
    words: dict[str, Any],
    boot: Callable[[Path], Mapping[str, str]],
    say: Callable[[str], None],
) -> snapshots.Snapshot | None:
    """The snapshot of the machine of @words (words_of), made by @boot if there is none. None: it cannot be had.

    @boot  boots it, saves it to a folder, and returns its inputs.
    """

    def make(folder: Path) -> dict[str, Any]:
        free = shutil.disk_usage(folder).free
        wanted = ROOM_BYTES + (options.mem_mib << 20) // 2
        if free < wanted:
            raise Unusable(f"{free >> 20} MiB free in {paths.short(folder.parent)}, {wanted >> 20} MiB wanted")
        return {"inputs": dict(boot(folder)), "words": words}

    return snapshots.obtain(snapshots.key_of(words), make, say)
