# SPDX-License-Identifier: GPL-2.0-or-later
"""platform/machine: options a user may give, and QEMU's command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from scenarios.harness import paths

description = paths.machine_description
Channels = description.Channels


def argument(argv: list[str], name: str) -> list[str]:
    """The words after every @name."""
    return [argv[i + 1] for i, word in enumerate(argv) if word == name]


@pytest.mark.parametrize(
    "words, sentence",
    [
        ({"HYP": "xen"}, "HYP=xen: no such target; allowed: pkvm, terrarium"),
        ({"CPU": "max"}, "CPU=max: not a model that works here; allowed: neoverse-n2, "),
        ({"CPU": "cortex-a57"}, "CPU=cortex-a57: not a model"),
        ({"SMP": "0"}, "SMP=0: the number of CPUs must be 1 to 8"),
        ({"SMP": "9"}, "SMP=9: the number of CPUs must be 1 to 8"),
        ({"SMP": "-1"}, "SMP=-1: the number"),
        ({"SMP": "two"}, "SMP=two: the number"),
        ({"SMP": "2", "ICOUNT": "1"}, "SMP=2: with ICOUNT=1 the machine has exactly one CPU"),
        ({"MEM": "1"}, "MEM=1: must be a size with M or G, 512M to 16G"),
        ({"MEM": "511M"}, "MEM=511M: must be"),
        ({"MEM": "17G"}, "MEM=17G: must be"),
        ({"MEM": "1G;reboot"}, "MEM=1G;reboot: must be"),
        ({"ICOUNT": "yes"}, "ICOUNT=yes: allowed: 0 (live), 1"),
        ({"KERNEL": "/nowhere/Image"}, "KERNEL=/nowhere/Image: no such file"),
        ({"KERNEL": __file__}, "not an uncompressed arm64 Image"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(options, words, sentence):
    with pytest.raises(description.BadOption) as refusal:
        options(**words)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_defaults_and_empty_values(options):
    plain = options()
    assert (plain.hyp, plain.smp, plain.mem_mib, plain.cpu) == ("terrarium", 2, 1024, "neoverse-n2")
    assert options(SMP="", MEM="", HYP="", CPU="", ICOUNT="") == plain
    assert options(ICOUNT="1").smp == 1
    assert options(SMP="8", MEM="1536M", CPU="cortex-a76").words() == (
        "HYP=terrarium SMP=8 MEM=1536M CPU=cortex-a76"
    )


def test_command_line_of_a_live_machine(options):
    lines = Channels(console="file,path=c", qmp="socket,fd=5", agent="socket,fd=6", events="socket,fd=7")
    argv = description.command(options(HYP="pkvm"), lines, "initrd", ["trace.so,out=x"])
    assert argument(argv, "-machine") == ["virt-11.1,virtualization=on,gic-version=3,iommu=smmuv3"]
    assert argument(argv, "-accel") == ["tcg,thread=multi"]
    assert argument(argv, "-nic") == ["none"] and argument(argv, "-display") == ["none"]
    assert {"-nodefaults", "-no-reboot", "-no-user-config"} <= set(argv)
    assert "kvm-arm.mode=protected" in argument(argv, "-append")[0].split()
    assert "socket,id=agent,fd=6" in argument(argv, "-chardev")
    ports = [word for word in argument(argv, "-device") if word.startswith("virtserialport")]
    assert [port.rpartition("name=")[2] for port in ports] == ["org.qemu.guest_agent.0", "org.terrarium.events"]
    assert argument(argv, "-plugin") == ["trace.so,out=x"]
    assert "-icount" not in argv and "-S" not in argv


def test_command_line_of_a_closed_machine_has_every_flag_of_determinism(options):
    lines = Channels(console="file,path=c", events="file,path=e", results="file,path=r")
    argv = description.command(options(ICOUNT="1"), lines, "initrd")
    assert argument(argv, "-icount") == ["shift=0,sleep=off"]
    assert argument(argv, "-seed") == ["1"]
    assert argument(argv, "-rtc")[0].startswith("clock=vm,base=2")
    assert argument(argv, "-smp") == ["1"]
    assert "dtb-randomness=off" in argument(argv, "-machine")[0].split(",")
    ports = next(word for word in argument(argv, "-device") if word.startswith("virtio-serial-pci,"))
    assert {"max_ports=4", "ioeventfd=off"} <= set(ports.split(","))
    assert all(chardev.startswith("file,") for chardev in argument(argv, "-chardev"))
    assert not any("guest_agent" in word for word in argv) and "-object" not in argv


def test_debugger_and_appended_words(options):
    argv = description.command(options("x=1", HYP="pkvm"), Channels(console="stdio"), "initrd", gdb="socket,fd=5")
    assert argument(argv, "-gdb") == ["chardev:gdb"] and "-S" in argv
    assert "socket,id=gdb,fd=5" in argument(argv, "-chardev")
    assert argument(argv, "-append")[0].endswith(" kvm-arm.mode=protected x=1")


@pytest.mark.parametrize("words", [{}, {"HYP": "pkvm"}, {"ICOUNT": "1"}])
def test_virtio_devices_go_through_the_smmu(options, words):
    argv = description.command(options(**words), Channels(console="stdio"), "initrd")
    virtio = [set(word.split(",")) for word in argument(argv, "-device") if word.startswith("virtio-")]
    assert virtio and all({"iommu_platform=on", "disable-legacy=on"} <= device for device in virtio)


def test_devices_of_a_scenario():
    kernel = str(paths.out() / "sdk/kernel/Image")
    options = description.from_env({"KERNEL": kernel}, devices=["edu,dma_mask=1"])
    assert "edu,dma_mask=1" in argument(description.command(options, Channels(console="stdio"), "initrd"), "-device")
    assert options.key() != description.from_env({"KERNEL": kernel}).key()


def test_ports_keep_their_numbers_whoever_is_there(options):
    argv = description.command(options(), Channels(console="stdio", results="null"), "initrd")
    assert [word for word in argument(argv, "-device") if "nr=" in word] == [
        "virtserialport,bus=ports.0,nr=3,chardev=results,name=org.terrarium.results"
    ]


def test_memory_map_is_that_of_qemus_device_tree(options, tmp_path: Path):
    """What machine.toml says of QEMU's machine is what QEMU says itself."""
    fdt = tmp_path / "machine.dtb"
    argv = description.command(options(HYP="pkvm"), Channels(console="null"), "/dev/null")
    argv[argv.index("-machine") + 1] += f",dumpdtb={fdt}"
    for name in ("-kernel", "-initrd", "-append"):
        del argv[argv.index(name) : argv.index(name) + 2]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    reg = {}
    for line in _nodes(fdt.read_bytes()):
        reg.update(json.loads(line))
    memory = description.DESCRIPTION["memory_map"]
    assert reg["intc"][:2] == [memory["gic_distributor"]["base"], memory["gic_distributor"]["size"]]
    assert reg["intc"][2:4] == [memory["gic_redistributors"]["base"], memory["gic_redistributors"]["size"]]
    assert reg["pl011"][:2] == [memory["uart0"]["base"], memory["uart0"]["size"]]
    assert reg["smmuv3"][:2] == [memory["smmu"]["base"], memory["smmu"]["size"]]
    assert reg["memory"][:2] == [memory["ram"]["base"], 1024 << 20]


def _nodes(blob: bytes):
    """{"name without @address": its reg as 64-bit numbers} of each node (Devicetree Specification 5)."""
    word = lambda at: int.from_bytes(blob[at : at + 4], "big")  # noqa: E731
    struct_at, strings_at = word(8), word(12)
    name, at = "", struct_at
    while word(at) != 9:
        token, at = word(at), at + 4
        if token == 1:
            end = blob.index(b"\0", at)
            name, at = blob[at:end].decode().partition("@")[0], (end + 4) & ~3
        elif token == 3:
            size, key_at = word(at), strings_at + word(at + 4)
            if blob[key_at : blob.index(b"\0", key_at)] == b"reg" and size % 8 == 0:
                values = [int.from_bytes(blob[at + 8 + i : at + 16 + i], "big") for i in range(0, size, 8)]
                yield json.dumps({name: values})
            at = (at + 8 + size + 3) & ~3


def test_out_folder_is_makes(options, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("O", os.fspath(tmp_path / "else"))
    assert description.qemu_binary() == tmp_path / "else/sdk/bin/qemu-system-aarch64"


def test_command_line_of_a_saved_machine(options):
    """Written into a file while it boots; mapped privately, and not booted, when it goes on."""
    lines = Channels(console="file,path=c")
    ram, state = Path("/a,b/ram"), Path("/a,b/state")
    boots = description.command(options(), lines, "initrd", saved=description.Saved(ram))
    assert "memory-backend-file,id=ram,mem-path=/a,,b/ram,size=1024M,share=on" in argument(boots, "-object")
    assert argument(boots, "-machine")[0].endswith(",memory-backend=ram")
    assert "-kernel" in boots and "-incoming" not in boots
    goes_on = description.command(options(), lines, "initrd", saved=description.Saved(ram, state))
    assert argument(goes_on, "-incoming") == ["file:/a,b/state"]
    assert argument(goes_on, "-object")[0].endswith("share=off,readonly=on,rom=off")
    assert "-kernel" not in goes_on and "initrd" not in " ".join(goes_on)


def test_devices_that_cannot_be_saved(options):
    assert description.as_saved(options()) == options()
    edu = description.from_env({"KERNEL": str(options().kernel)}, devices=["edu,dma_mask=1"])
    assert edu.devices and description.as_saved(edu) == options()
    mine = description.from_env({"KERNEL": str(options().kernel)}, devices=["edu", "virtio-rng-pci", "iommu-testdev"])
    assert description.as_saved(mine).devices == ("virtio-rng-pci",)
