# SPDX-License-Identifier: GPL-2.0-or-later
"""The payload API and the examples of guest/payload: what the VM's owner hears, and what answers on their ports."""

from __future__ import annotations

import pytest

from scenarios import microdroid
from scenarios.harness.checks import Checks, matches
from scenarios.harness.host import Host
from scenarios.harness.vm import VM
from scenarios.microdroid import APK, CID, FOLDER, IDSIG, Service, both_kinds, idsig, metadata, package, payload_disk, told, trimmed

EXAMPLES = ("hello", "exit_7", "never_ready", "echo_reverse")
example_disks = pytest.mark.host_files({f"{FOLDER}/{name}.img": lambda name=name: payload_disk(name=name) for name in EXAMPLES})


def service_disk() -> bytes:
    """text_service, by the configuration in its package, with hello as an extra package."""
    config = {"config": None, "config_path": "assets/vm_config_extra.json"}
    extra = {"extra-apk-0": package("hello").read_bytes(), "extra-idsig-0": idsig("hello").read_bytes()}
    return payload_disk({"payload-metadata": metadata(**config), APK: package("text_service").read_bytes(),
                         IDSIG: idsig("text_service").read_bytes()} | extra)


@pytest.mark.limit(300)
@both_kinds
@trimmed
@pytest.mark.host_files({f"{FOLDER}/text_service.img": service_disk})
def test_payload_service(host: Host, check: Checks, protected: bool) -> None:
    """createAndConnectToVm: a payload by the configuration in its package, whose D-Bus service on vsock the host calls."""
    service = Service(host)
    vm = microdroid.start(host, protected, payload=f"{FOLDER}/text_service.img")
    microdroid.await_ready(vm, service)

    def call(method: str, argument: str) -> tuple[int, str]:
        done = host.run(["payload-client", str(CID), method, argument], microdroid.BOOT_S)
        return done.exit, (done.out or done.err).strip()

    check("a method of the payload's service", (0, "edisni"), call("Reverse", "inside"))
    check("a file of the package, by getApkContentsPath()", (0, "A line of the package's own."), call("ReadAsset", "text"))
    code, words = call("ReadAsset", "../../extra-apk/0/lib/arm64-v8a/none.so")
    check("a file that is not there", (1, True), (code, "No such file" in words))
    check("the extra package's folder", matches("Is a directory"), call("ReadAsset", "../../extra-apk/0/lib/arm64-v8a")[1])
    check("the payload is asked to end", (0, ""), call("Quit", "5"))
    check("what the host hears", ["started", "ready", "finished 5"], told(service.calls()))
    check("exit code of the VMM", 0, vm.wait(microdroid.BOOT_S))


def start(host: Host, name: str) -> tuple[Service, VM]:
    service = Service(host, f"{name}-service")
    return service, microdroid.start(host, False, payload=f"{FOLDER}/{name}.img", name=name)


@pytest.mark.limit(600)
@trimmed
@example_disks
def test_payload_examples(host: Host, check: Checks) -> None:
    """One that says hello, one that exits with 7, one that never gets ready, one that echoes lines."""
    heard = {"hello": ["started", "finished 0"], "exit_7": ["started", "ready", "finished 7"]}
    for name, expected in heard.items():
        service, vm = start(host, name)
        check(f"{name}: what the host hears", expected, told(service.calls()))
        check(f"{name}: exit code of the VMM", 0, vm.wait(microdroid.BOOT_S))
        if name == "hello":
            check("its line in the log", True, "I/hello: Hello, host. This is the payload." in vm.job.out())

    service, vm = start(host, "echo_reverse")
    microdroid.await_ready(vm, service)
    for line, expected_line in (("a line", "enil a"), ("quit", "tiuq")):
        done = host.run(["payload-client", str(CID), "Line", line], microdroid.BOOT_S)
        check(f"echo_reverse: {line}", (0, expected_line), (done.exit, (done.out or done.err).strip()))
    check("echo_reverse: what the host hears", ["started", "ready", "finished 0"], told(service.calls()))
    vm.wait(microdroid.BOOT_S)

    service, vm = start(host, "never_ready")
    vm.job.wait_line("never_ready: waiting", timeout=microdroid.BOOT_S)
    vm.stop()
    check("never_ready: what the host hears", ["started"], told(service.calls()))
