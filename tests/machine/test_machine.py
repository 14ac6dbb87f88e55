# SPDX-License-Identifier: GPL-2.0-or-later
"""platform/machine/machine.py: what is loaded on each target."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "platform/machine"))
import machine  # noqa: E402


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    path = tmp_path / "a,b"
    path.write_bytes(bytes(56) + b"ARM\x64" + bytes(4))
    return path


def command(kernel: Path, hyp: str, append: str = "") -> list[str]:
    options = machine.from_env({"HYP": hyp, "KERNEL": str(kernel)}, append)
    return machine.command(options, machine.Channels(console="null"), "/x/init,rd")


def after(argv: list[str], flag: str) -> list[str]:
    return [argv[place + 1] for place, word in enumerate(argv) if word == flag]


def test_pkvm_boots_the_kernel(kernel: Path) -> None:
    argv = command(kernel, "pkvm")
    assert after(argv, "-kernel") == [str(kernel)]
    assert after(argv, "-initrd") == ["/x/init,rd"]
    assert after(argv, "-append")[0].endswith("kvm-arm.mode=protected")
    assert not any("guest-loader" in word for word in argv)


def test_terrarium_boots_the_hypervisor_with_the_kernel_as_module(kernel: Path) -> None:
    argv = command(kernel, "terrarium", "a=1,2")
    assert after(argv, "-kernel")[0].endswith("/hypervisor/hyp.bin")
    assert "-append" not in argv and "-initrd" not in argv
    loaders = [word for word in after(argv, "-device") if word.startswith("guest-loader")]
    doubled = str(kernel).replace(",", ",,")
    line = machine.kernel_command_line(machine.from_env({"HYP": "terrarium", "KERNEL": str(kernel)}))
    assert line.startswith("console=ttyAMA0") and "," not in line
    assert loaders == [
        f"guest-loader,addr=0x50000000,kernel={doubled},bootargs={line} a=1,,2",
        "guest-loader,addr=0x54000000,initrd=/x/init,,rd",
    ]


def test_only_terrarium_has_an_image(kernel: Path) -> None:
    options = [machine.from_env({"HYP": hyp, "KERNEL": str(kernel)}) for hyp in ("pkvm", "terrarium")]
    assert machine.image(options[0]) is None
    assert machine.image(options[1]) == machine.build_dir() / "hypervisor/hyp.bin"
