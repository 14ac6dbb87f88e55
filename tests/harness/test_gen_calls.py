# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of call names: numbers are counted as a C compiler counts the kernel's enumerators."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "qemu-plugins" / "common" / "gen_calls.py"

SMCCC = """
#define SMCCC_VERSION 0x80000000
#define A_CALL 0xc6000003 /* x1 what, x2 pages (0 = 1) -> x0 low, x1 high: a sum */
#define A_UID 0xb66fb428
#define A_STATUS -1
#define A_SIZE 8
"""
KVM_ASM = """
#define KVM_HOST_SMCCC_ID(id) \\
	ARM_SMCCC_CALL_VAL(ARM_SMCCC_FAST_CALL, ARM_SMCCC_SMC_64, ARM_SMCCC_OWNER_VENDOR_HYP, (id))
#define __KVM_HOST_SMCCC_FUNC_first 0
enum __kvm_host_smccc_func {
	/* __KVM_HOST_SMCCC_FUNC_first, */
	__KVM_HOST_SMCCC_FUNC_second = __KVM_HOST_SMCCC_FUNC_first + 1,
	MARKER(__KVM_HOST_SMCCC_FUNC_MIN),
	__KVM_HOST_SMCCC_FUNC_third, /* after a marker */
	__KVM_HOST_SMCCC_FUNC_tenth = 9,
	__KVM_HOST_SMCCC_FUNC_eleventh,
	MARKER(__KVM_HOST_SMCCC_FUNC_MAX)
};
"""
HYP = """
/*
 * X(number, NAME):
 *   FIRST_CALL   x1 HYP_VM_* flags, x2 HYP_CONFIG_*, x3 pfn: it must be
 *                x4 times as large -> x1 largest ipa_bits, x2 tables' of these
 */
#define HYP_HOST_CALLS(X)         \\
	X(0xc6007000, FIRST_CALL) \\
	X(0xc6007031, LAST_CALL)

#define HYP_HOST_CALL_FIRST 0xc6007000
#define OTHER(X) X(0xc6007032, NO_CALL)
"""
VIRT = """
#define HVC_SET_VECTORS 0
#define HVC_LAST	1
#define HVC_STUB_HCALL_NR 2
#define HVC_STUB_ERR	0xbadca11
"""


def generate(
    tmp_path: Path,
    kvm_asm: str | None = KVM_ASM,
    virt: str = VIRT,
    hyp: str = HYP,
    kernel: bool = True,
) -> subprocess.CompletedProcess[str]:
    (tmp_path / "smccc.h").write_text(SMCCC)
    (tmp_path / "asm").mkdir()
    if kvm_asm is not None:
        (tmp_path / "asm" / "kvm_asm.h").write_text(kvm_asm)
        (tmp_path / "asm" / "virt.h").write_text(virt)
    (tmp_path / "hyp_hypercalls.h").write_text(hyp)
    (tmp_path / "pkvm_arguments.txt").write_text("# x\nsecond: pfn gfn > result\n")
    names = ("smccc.h", "hyp_hypercalls.h", "pkvm_arguments.txt")
    headers = [str(tmp_path / name) for name in names]
    command = [sys.executable, str(GENERATOR), *headers, *([str(tmp_path)] if kernel else [])]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_numbers(tmp_path: Path) -> None:
    assert generate(tmp_path).stdout.splitlines()[1:] == [
        'CALL(ANY, 0x80000000u, "SMCCC_VERSION", ">x0=status")',
        'CALL(ANY, 0xc6000003u, "A_CALL", "x1=what x2=pages>x0=low x1=high")',
        'CALL(HOST, 0xc6007000u, "FIRST_CALL", "x1=flags x2=config x3=pfn>x0=status x1=ipa_bits x2=tables")',
        'CALL(HOST, 0xc6007031u, "LAST_CALL", ">x0=status")',
        'CALL(HOST, 0xc6000000u, "first", "")',
        'CALL(HOST, 0xc6000001u, "second", "x1=pfn x2=gfn>x0=status x1=result")',
        'CALL(HOST, 0xc6000002u, "third", "")',
        'CALL(HOST, 0xc6000009u, "tenth", "")',
        'CALL(HOST, 0xc600000au, "eleventh", "")',
        'CALL(STUB, 0x0u, "HVC_SET_VECTORS", "")',
        'CALL(STUB, 0x1u, "HVC_LAST", "")',
    ]


def test_without_the_kernels_headers(tmp_path: Path) -> None:
    result = generate(tmp_path, kvm_asm=None)
    assert result.returncode == 0
    assert "first" not in result.stdout
    assert "A_CALL" in result.stdout and "LAST_CALL" in result.stdout
    assert "its calls will have no names" in result.stderr


def test_headers_of_another_shape_are_refused(tmp_path: Path) -> None:
    result = generate(tmp_path, kvm_asm=KVM_ASM.replace("SMC_64", "SMC_32"))
    assert result.returncode == 1
    assert "KVM_HOST_SMCCC_ID is not what this script knows" in result.stderr


def test_unknown_enumerator_is_refused(tmp_path: Path) -> None:
    result = generate(tmp_path, kvm_asm=KVM_ASM.replace("= 9,", "= BIT(3),"))
    assert result.returncode == 1
    assert "cannot read the enumerator" in result.stderr


def test_without_a_kernel(tmp_path: Path) -> None:
    result = generate(tmp_path, kernel=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("CALL(") == 4


def test_a_header_without_a_call_is_refused(tmp_path: Path) -> None:
    result = generate(tmp_path, hyp=HYP.replace("HYP_HOST_CALLS(X)", "OTHER_CALLS(X)"))
    assert result.returncode == 1
    assert "hyp_hypercalls.h: no call found" in result.stderr
