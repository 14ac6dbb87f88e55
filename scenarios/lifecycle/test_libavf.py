# SPDX-License-Identifier: GPL-2.0-or-later
"""libavf on the machine: AVF's own tests of its app layer, by their names, and programs of its raw layer."""

from __future__ import annotations

import pytest

from scenarios import microdroid
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.paths import out
from scenarios.harness.report import Report

# AvfError (vmm/libavf's <avf/types.h>); in AVF IllegalArgument, IllegalState, UnsupportedOperation, and VirtualMachineException.
ARGUMENT, STATE, UNSUPPORTED, FAILED = 3, 5, 7, 8
NOT_STOPPED, NOT_RUNNING, DELETED, EXISTS, NOT_FOUND, INCOMPATIBLE = 20, 21, 22, 23, 24, 25

# VirtualMachine.STATUS_*, VirtualMachineCallback.STOP_REASON_*
IS_STOPPED, IS_RUNNING, IS_DELETED = 0, 1, 2
KILLED, SHUTDOWN, START_FAILED = 1, 3, 4

OS = "/usr/share/terrarium/os/microdroid"
PACKAGES = "/guest/payload"
FOLDER = "/run/avf"

os_files = {f"{OS}/{name}": microdroid.built(name)
            for name in ("kernel", "initrd_normal.img", "initrd_debuggable.img", "super.img", "microdroid.json")}
# For machines whose payload is not to run: their end comes before anybody looks into a package.
no_packages = pytest.mark.host_files({f"{PACKAGES}/text_service.apk{kind}": b"none" for kind in ("", ".idsig")} | os_files)
packages = pytest.mark.host_files({f"{PACKAGES}/{name}.apk": out() / f"guest/payload/{name}.apk"
                                   for name in ("text_service", "echo_reverse")} | os_files)
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
    "vmmGetAndCreate": {"vmm_get_and_create": {"none": 0, "made": 1, "again_same": 1, "found_same": 1, "create": EXISTS}},
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
    "createAndConnectToVm_HostCpuTopology": {
        "create_and_connect_to_vm_rpc": {"reversed": "muirarreT"},
        "create_and_connect_to_vm": {"started": 1, "ready": 1, "finished": 1, "exit_code": 7, "error": -1, "stopped": 1,
                                     "reason": SHUTDOWN},
    },
    "canReadFileFromAssets_debugFull": {"can_read_file_from_assets": {"asset": "A_line_of_the_package's_own.", "none": "failed"}},
    "extraApk": {"extra_apk": {"asset": "A_line_of_the_package's_own."}},
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


@no_packages
def test_libavf_configs_and_files(host: Host, check: Checks) -> None:
    """AVF's tests of configurations and of a manager's files. No machine runs, so they are of one kind."""
    reports = run_groups(host, True, ["config", "files"], 60.0)
    judge(check, CONFIG, reports)
    check("nothing is left of the machines", "", host.run(["ls", f"{FOLDER}/vm"], ok=True).out)
    stranger = host.run(["as-user", "1234", "avf-test", "normal", "/tmp/stranger", PACKAGES, "files"], 30.0)
    check("a user without the permission: AVF is not there", [1, True], [stranger.exit, "AVF is not there" in stranger.err])


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
    check("no vmm is left", 0, host.run(["sh", "-c", "while pidof vmm; do :; done"], 20.0).exit)


@pytest.mark.limit(300)
@both_kinds
@packages
def test_libavf_payloads(host: Host, check: Checks, protected: bool) -> None:
    """AVF's tests of payloads: two machines at once, from start to end, one with RPC, console and log, one silent."""
    reports = run_groups(host, protected, ["payloads"], 2 * microdroid.BOOT_S)
    judge(check, PAYLOADS, reports)
    said = {report.name: report for report in reports}
    check("console capture: bytes", at_least(1000), said["console_output"]["bytes"])
    last_cpu = host.run(["cat", "/sys/devices/system/cpu/online"], ok=True).out.strip()
    check("HostCpuTopology: the guest's CPUs are the host's", last_cpu, str(said["host_cpu_topology"]["online"]))
    check("kernelVersionRequirement", matches("^Linux_version_[6-9]"), said["kernel_version_requirement"]["version"])


@both_kinds
def test_libavf_raw(host: Host, check: Checks, protected: bool) -> None:
    """A program of AVF's C API, as AVF's vts_libavf_test does it: a bare guest from start to its reason."""
    kind = "protected" if protected else "normal"
    raw = ["avf-raw", *(["-p"] if protected else [])]
    done = host.run([*raw, "/guest/hello.bin"], 60.0, ok=True)
    check(f"test_run_{kind}: AVirtualMachineStopReason SHUTDOWN", "stopped: 5", done.err.strip())
    check(f"test_run_{kind}: the guest's reports", ["begin", "value", "value", "ok", "value", "end"], [each.kind for each in done.reports])
    stopped = host.job("stopped", [*raw, "-s", "spinning", "/guest/spin.bin"])
    stopped.wait()
    check("AVirtualMachine_stop: AVirtualMachineStopReason KILLED", "stopped: 3", stopped.err().strip())
