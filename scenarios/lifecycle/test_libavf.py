# SPDX-License-Identifier: GPL-2.0-or-later
"""libavf on the machine: AVF's own tests of its app layer, by their names, and programs of its raw layer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scenarios import microdroid, service_load
from scenarios.cli import NO_VMM
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.paths import out
from scenarios.harness.report import Report
from scenarios.performance.measures import Figure

# AvfError (vmm/libavf's <avf/types.h>); in AVF IllegalArgument, IllegalState, UnsupportedOperation, and VirtualMachineException.
SECURITY, ARGUMENT, STATE, UNSUPPORTED, FAILED = 1, 3, 5, 7, 8
NOT_STOPPED, NOT_RUNNING, DELETED, EXISTS, NOT_FOUND, INCOMPATIBLE = 20, 21, 22, 23, 24, 25

# VirtualMachine.STATUS_*, VirtualMachineCallback.STOP_REASON_*
IS_STOPPED, IS_RUNNING, IS_DELETED = 0, 1, 2
SERVICE_DIED, KILLED, SHUTDOWN, START_FAILED = -1, 1, 3, 4

OS = "/usr/share/terrarium/os/microdroid"
PACKAGES = "/guest/payload"
FOLDER = "/run/avf"

os_files = {f"{OS}/{name}": microdroid.built(name)
            for name in ("kernel", "initrd_normal.img", "initrd_debuggable.img", "super.img", "microdroid.json")}
# For machines whose payload is not to run: their end comes before anybody looks into a package.
no_packages = pytest.mark.host_files({f"{PACKAGES}/text_service.apk{kind}": b"none" for kind in ("", ".idsig")} | os_files)
packages = pytest.mark.host_files({f"{PACKAGES}/{name}.apk": out() / f"guest/payload/{name}.apk"
                                   for name in ("test_service", "text_service", "echo_reverse")} | os_files)
# Flags of statvfs(3)
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC = 1, 2, 4, 8
ATTESTATION_ERROR_UNSUPPORTED = -10003  # <vm_payload.h>

# A second service, for a user that may start app VMs, and no custom ones.
USER = "1234"
USERS_SERVICE = "/run/users-service"

HELLO_DATA = "/root/.local/share/avf"  # the data directory of a program that names none
# The head of microdroid_manager's entry in its instance image: 0 for nobody's.
ENTRY = ["sh", "-c", f"od -A n -t u1 -j 512 -N 16 {HELLO_DATA}/vm/hello/instance.img | tr -d ' \\n'"]

both_kinds = pytest.mark.parametrize("protected", [True, False], ids=["protected", "normal"])

# AVF's name of a test -> the lines of avf-test that it is about, and what they say.
CONFIG: dict[str, dict[str, dict[str, object]]] = {
    "vmConfigBuilderValidationTests": {
        "builder_validation_values": {"apk_path": ARGUMENT, "debug_level": ARGUMENT, "cpu_topology": ARGUMENT, "memory": ARGUMENT,
                                      "storage": ARGUMENT, "binary": ARGUMENT, "vendor": ARGUMENT, "os": ARGUMENT},
        "builder_validation_together": {"no_binary": STATE, "both": STATE, "captured": STATE, "input": STATE},
        "builder_validation_protected": {"unset": STATE},
    },
    "vmConfigUnitTests": {
        "vm_config_unit_least": {"debug": 0, "memory": 0, "cpus": 0, "storage": 0, "captured": 0, "os": "microdroid"},
        "vm_config_unit_most": {"debug": 1, "memory_mib": 42, "cpus": 1, "storage": 1048576, "captured": 1, "input": 1,
                                "os": "microdroid_gki"},
    },
    "compatibleConfigTests": {
        "compatible_config": {"itself": 1, "memory": 1, "cpus": 1, "apk_path": 1},
        "incompatible_config": {"extra_apk": 0, "debug": 0, "binary": 0, "vendor": 0, "protected": 0, "storage": 0, "os": 0},
    },
    "getCapabilities": {"get_capabilities": {"asked": 0, "bits": 3, "os": "microdroid", "feature": 0, "feature_enabled": 0}},
    "vmUnitTests": {"vm_unit": {"name": "vm_name", "binary": "payload.so", "memory": 0, "status": IS_STOPPED, "cid": 0}},
    "sameInstancesShareTheSameVmObject": {"vmm_get_and_create": {"again_same": 1, "found_same": 1}},
    "vmmGetAndCreate": {"vmm_get_and_create": {"none": 0, "made": 1, "create": EXISTS}},
    "invalidVmNameIsRejected": {"invalid_vm_name": {"parent": ARGUMENT, "above": ARGUMENT, "slash": ARGUMENT, "empty": ARGUMENT}},
    "deleteVm": {"delete_vm": {"deleted": 0, "status": IS_DELETED, "again": NOT_FOUND}},
    "deleteVmFiles": {"delete_vm_files": {"before": 1, "after": 0}},
    "differentManagersForDifferentContexts": {"different_managers": {"elsewhere": 0, "here": 1, "same_config": 1}},
    "vmConfigGetAndSetTests": {
        "vm_config_get_and_set": {"set": 0, "before_mib": 0, "refused": 1, "incompatible": INCOMPATIBLE, "now_mib": 320, "debug": 0},
    },
    "encryptedStorage and vendor partition, not there yet": {
        "not_there_yet": {"storage": UNSUPPORTED, "vendor": UNSUPPORTED, "left": 0},
    },
}

LIFE: dict[str, dict[str, dict[str, object]]] = {
    "vmLifecycleChecks": {
        "lifecycle_stopped": {"status": IS_STOPPED, "connect": NOT_RUNNING, "rpc": NOT_RUNNING, "stop": NOT_RUNNING},
        "lifecycle_running": {"status": IS_RUNNING, "run": NOT_STOPPED, "set_config": NOT_STOPPED, "delete": NOT_STOPPED, "cid": 1},
        "lifecycle_stop": {"stop": 0, "status": IS_STOPPED},
        "lifecycle_told": {"ready": 0, "finished": 0, "error": -1, "stopped": 1, "reason": KILLED},
        "lifecycle_deleted": {"delete": 0, "status": IS_DELETED, "run": DELETED, "connect": DELETED, "rpc": DELETED,
                              "set_config": DELETED, "again": NOT_FOUND},
    },
    "autoCloseVm": {"auto_close_vm": {"status": IS_STOPPED, "run": 0}, "close_vm": {"status": IS_STOPPED}},
    "bootFailsWhenApkPathIsInvalid, bootFailsWhenExtraApkPackageIsInvalid": {
        "boot_fails_when_path_is_invalid": {"apk": FAILED, "extra_apk": FAILED, "status": IS_STOPPED},
    },
    "outputShouldBeExplicitlyCaptured": {"output_should_be_explicitly_captured": {"console": STATE, "log": STATE}},
    "inputShouldBeExplicitlyAllowed": {"input_should_be_explicitly_allowed": {"input": STATE}},
}

PAYLOADS: dict[str, dict[str, dict[str, object]]] = {
    "concurrentVms": {"concurrent_vms": {"first": IS_RUNNING, "second": IS_RUNNING, "same_cid": 0},
                      "status_after": {"first": IS_STOPPED, "second": IS_STOPPED}},
    "createAndConnectToVm": {"create_and_connect_to_vm_rpc": {"sum": 579, "apk": "/mnt/apk"}},
    "createAndConnectToVm_HostCpuTopology": {
        "create_and_connect_to_vm": {"started": 1, "ready": 1, "finished": 1, "exit_code": 7, "error": -1, "stopped": 1,
                                     "reason": SHUTDOWN},
    },
    "connectVsock": {"connect_vsock": {"answer": "desrever"}},
    "binderCallbacksWork": {"binder_callbacks_work": {"message": "Received:_hello"}},
    "canReadFileFromAssets_debugFull": {"can_read_file_from_assets": {"asset": "A_line_of_the_package's_own.", "none": "failed"}},
    "extraApk": {"extra_apk": {"asset": "A_line_of_the_package's_own."}},
    "payloadIsNotRoot": {"payload_is_not_root": {"uid": 10000}},
    "microdroidLauncherHasEmptyCapabilities": {"launcher_has_empty_capabilities": {"effective": "x0000000000000000"}},
    "testFileUnderBinHasExecutePermission": {
        "file_under_bin_has_execute_permission": {"bin": 0o555, "assets": 0o444, "none": -1},
    },
    "testConsoleInputSupported": {"console_input_supported": {"read": "typed_by_the_host"}},
    "vmAttestationWhenRemoteAttestationIsNotSupported": {
        "attestation_is_not_supported": {"status": ATTESTATION_ERROR_UNSUPPORTED},
    },
    "encrypted storage, not there yet": {"create_and_connect_to_vm_rpc": {"storage": "none"}},
    "createAndRunNoDebugVm": {
        "create_and_run_no_debug_vm_echo": {"answer": "olleh"},
        "create_and_run_no_debug_vm": {"started": 1, "ready": 1, "finished": 1, "exit_code": 0, "error": -1, "stopped": 1,
                                       "reason": SHUTDOWN},
    },
    "console and log capture": {"console_output": {"kernel": 1}, "log_output": {"manager": 1}},
}


def run_groups(host: Host, protected: bool, groups: list[str], timeout: float) -> list[Report]:
    kind = "protected" if protected else "normal"
    return host.run(["avf-test", kind, FOLDER, PACKAGES, *groups], timeout, ok=True).reports


def judge(check: Checks, tests: dict[str, dict[str, dict[str, object]]], reports: list[Report]) -> None:
    """A check for each line of each test of AVF."""
    for test, lines in tests.items():
        for line, wanted in lines.items():
            found = [report for report in reports if report.name == line]
            seen = {key: found[0].values.get(key) for key in wanted} if len(found) == 1 else len(found)
            check(f"{test}: {line}", wanted, seen)


@both_kinds
@no_packages
def test_libavf_configs_and_files(host: Host, check: Checks, protected: bool) -> None:
    """AVF's tests of configurations and of a manager's files. No machine runs."""
    reports = run_groups(host, protected, ["config", "files"], 60.0)
    judge(check, CONFIG, reports)
    check("nothing is left of the machines", "", host.run(["ls", f"{FOLDER}/vm"], ok=True).out)
    stranger = host.run(["as-user", "1234", "avf-test", "normal", "/tmp/stranger", PACKAGES, "files"], 30.0)
    check("testCreateVmRequiresPermission: AVF is not there", [1, True], [stranger.exit, "AVF is not there" in stranger.err])


@both_kinds
@no_packages
def test_libavf_permission(host: Host, check: Checks, protected: bool) -> None:
    """AVF's tests of permissions: a user who may start app VMs, and no custom ones."""
    kind = "protected" if protected else "normal"
    words = ["--socket", f"{USERS_SERVICE}.sock", "--run-directory", USERS_SERVICE, "--manager", USER]
    service = host.job("users-service", ["virtualizationservice", *words])
    service.wait_line("serves", stream="err")
    ask = ["as-user", USER, "env", f"TERRARIUM_SERVICE={USERS_SERVICE}.sock"]

    def asked(argv: list[str], folder: str) -> dict[str, object]:
        words = [*argv, "avf-test", kind, folder, PACKAGES, "permission"]
        return dict(host.run(words, 60.0, ok=True).report.values)

    check("createVmWithConfigRequiresPermission: root", {"with_config": 0, "with_binary": 0}, asked([], FOLDER))
    check("createVmWithConfigRequiresPermission: a manager", {"with_config": SECURITY, "with_binary": 0}, asked(ask, "/tmp/avf"))
    host.put("/tmp/raw.json", '{"bootloader": "/guest/hello.bin", "memory_mib": 16}')
    raw = host.run([*ask, "vm", "run", *(["--protected"] if protected else []), "/tmp/raw.json"], 30.0)
    check("testCustomVirtualMachinePermission", (1, True), (raw.exit, f"raw VM: user {USER} may not" in raw.err))
    service.signal("TERM")
    check("the service ends when it is told to", 0, service.wait())
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


@both_kinds
@no_packages
def test_libavf_lifecycle(host: Host, check: Checks, protected: bool) -> None:
    """AVF's tests of a machine's life: what its status allows, and runs that do not get far."""
    reports = run_groups(host, protected, ["life"], 90.0)
    judge(check, LIFE, reports)
    low = [report for report in reports if report.name == "boot_fails_when_low_mem"]
    for report in low:
        seen = [report[key] for key in ("started", "ready", "stopped", "reason")]
        check(f"bootFailsWhenLowMem: {report['mib']} MiB", [0, 0, 1, START_FAILED], seen)
    check("bootFailsWhenLowMem: sizes that were tried", 2, len(low))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)


@pytest.mark.limit(300)
@both_kinds
@packages
def test_libavf_payloads(host: Host, check: Checks, protected: bool) -> None:
    """AVF's tests of payloads: two machines at once, from start to end, one with RPC, console and log, one silent."""
    reports = run_groups(host, protected, ["payloads"], 2 * microdroid.BOOT_S)
    judge(check, PAYLOADS, reports)
    said = {report.name: report for report in reports}
    check("console capture: bytes", at_least(1000), said["console_output"]["bytes"])
    flags = said["system_partition_mount_flags"]
    mask = READ_ONLY | NO_SUID | NO_DEV | NO_EXEC
    seen = {place: flags[place] & mask for place in ("root", "apk")}
    check("systemPartitionMountFlags", {"root": READ_ONLY | NO_SUID | NO_DEV, "apk": READ_ONLY | NO_SUID | NO_DEV}, seen)
    check("dataIsMountedWithNoExec", NO_SUID | NO_DEV | NO_EXEC, said["data_is_mounted_with_no_exec"]["data"] & mask)
    last_cpu = host.run(["cat", "/sys/devices/system/cpu/online"], ok=True).out.strip()
    check("createAndConnectToVm_HostCpuTopology: CPUs", last_cpu, str(said["host_cpu_topology"]["online"]))
    check("kernelVersionRequirement", matches("^Linux_version_[6-9]"), said["kernel_version_requirement"]["version"])


FAULTS: dict[str, dict[str, dict[str, object]]] = {
    "the client is killed": {"client_killed": {"ran": 1, "busy": NOT_STOPPED, "again": 0}},
    "the vmm is killed": {"vmm_killed": {"ready": 0, "finished": 0, "error": -1, "stopped": 1, "reason": KILLED, "status": IS_STOPPED,
                                         "again": 0}},
    "a socket is cut in the middle of a message": {"socket_cut": {"cut": 10, "status": IS_RUNNING, "stop": 0}},
    "the disk is full": {"disk_full": {"refused": FAILED, "left": 0, "then": 0}},
}
SERVICE_KILLED: dict[str, dict[str, dict[str, object]]] = {
    "the service is killed": {"service_killed": {"ready": 0, "finished": 0, "error": -1, "stopped": 1, "reason": SERVICE_DIED,
                                                 "status": IS_STOPPED, "again": 0}},
}


@pytest.mark.limit(300)
@both_kinds
@no_packages
def test_libavf_faults(host: Host, check: Checks, figure: Figure, protected: bool) -> None:
    """The vmm, the client, the service are killed, the disk is full, a socket is cut: what the client hears, and nothing more is left."""
    costs = []
    for turn in ("once", "twice", "again"):
        reports = run_groups(host, protected, ["faults"], 90.0)
        if turn == "once":
            judge(check, FAULTS, reports)
        check(f"no vmm is left, {turn}", 0, host.run(NO_VMM, 20.0).exit)
        costs.append(service_load.cost(host, costs[1].threads if len(costs) == 2 else None))
    service_load.check_growth(check, figure, *costs[1:])
    check("VMs in the list", {}, service_load.listed(host))
    judge(check, SERVICE_KILLED, run_groups(host, protected, ["service_killed"], 60.0))
    check("no vmm is left of the service", 0, host.run(NO_VMM, 20.0).exit)


@both_kinds
def test_libavf_raw(host: Host, check: Checks, protected: bool) -> None:
    """A program of AVF's C API, as AVF's vts_libavf_test does it: a bare guest from start to its reason."""
    name = "test_run_protected" if protected else "test_run_unprotected"
    raw = ["avf-raw", *(["-p"] if protected else [])]
    done = host.run([*raw, "/guest/hello.bin"], 60.0, ok=True)
    check(f"{name}: AVirtualMachineStopReason SHUTDOWN", "stopped: 5", done.err.strip())
    check(f"{name}: the guest's reports", ["begin", "value", "value", "ok", "value", "end"], [each.kind for each in done.reports])
    stopped = host.job("stopped", [*raw, "-s", "spinning", "/guest/spin.bin"])
    stopped.wait()
    check("AVirtualMachine_stop: AVirtualMachineStopReason KILLED", "stopped: 3", stopped.err().strip())


@pytest.mark.limit(300)
@both_kinds
@packages
def test_libavf_machine_outlasts_restarts(host: Host, check: Checks, restart: Callable[[], Host], protected: bool) -> None:
    """avf-hello, a program of 30 lines, runs a machine; the host starts anew with its data directory, and it is the same machine."""
    words = ["avf-hello", "protected" if protected else "normal", f"{PACKAGES}/echo_reverse.apk", "echo_reverse.so", "6000"]
    digests = ["sh", "-c", f"cd {HELLO_DATA}/vm/hello && sha256sum config instance_id instance.img"]

    def run(now: Host, name: str) -> None:
        done = now.run(words, microdroid.BOOT_S)
        said = ["ready, and answers: olleh", f"hello stopped: reason {KILLED}"]
        check(f"{name}: what the program says", (0, said), (done.exit, done.out.splitlines()))

    host.put(f"{HELLO_DATA}/new-AbCdEf/config", "of a machine that was being made when the host went down")
    run(host, "first run")
    before = host.run(digests, ok=True).out
    check("the instance knows its package", matches("[1-9]"), host.run(ENTRY, ok=True).out.strip())
    archive = host.run(["sh", "-c", f"cd {HELLO_DATA} && tar -cf - . | gzip | base64"], ok=True).out
    again = restart()
    check("a host that knows nothing of it", 1, again.run(["test", "-e", HELLO_DATA]).exit)
    again.put("/tmp/archive", archive)
    again.run(["sh", "-c", f"mkdir -p {HELLO_DATA} && base64 -d /tmp/archive | tar -xzf - -C {HELLO_DATA}"], ok=True)
    check("the machine's files", before, again.run(digests, ok=True).out)
    run(again, "run after the restart")
    check("the machine's files after that", before, again.run(digests, ok=True).out)
    check("what was half made is gone", "vm", again.run(["ls", HELLO_DATA], ok=True).out.strip())
