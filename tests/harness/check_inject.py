# SPDX-License-Identifier: GPL-2.0-or-later
"""INJECT= on the machine: faults that stop EL2, a VM or break isolation are judged so; words that are none start nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = Path(os.environ.get("O") or ROOT / "out") / "inject-check"
TARGETS = [os.environ["HYP"]] if os.environ.get("HYP") else ["terrarium", "pkvm"]
SCENARIO = "isolation/shared_page_until_unshared"


def run(target: str, inject: str, **env: str) -> tuple[int, str, Path]:
    """Exit status, what was printed, the run's folder."""
    kept = {name: value for name, value in os.environ.items() if name not in ("ICOUNT", "LIMIT", "ORACLE", "SMP")}
    kept |= {"RUNS": str(RUNS), "PYTHONPATH": str(ROOT), "HYP": target, "INJECT": inject}
    argv = [sys.executable, "-m", "scenarios.harness", "run", SCENARIO]
    done = subprocess.run(argv, env=kept | env, cwd=ROOT, text=True, capture_output=True, timeout=400)
    return done.returncode, done.stdout + done.stderr, RUNS / target / SCENARIO


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "inject, says",
    [
        ("at=insn:el3:1 do=skip", "where 'el3' is unknown; there are el0, el1, el2, host, vm"),
        ("at=hypercal:X do=skip", "trigger 'hypercal' is unknown; there are insn, symbol, pc, call"),
        ("at=eret do=reg:x31 flip=0", "there is no register 'x31'; there are x0 to x30 and sp"),
        ("at=symbol:no_such_function do=skip", "there is no symbol 'no_such_function' at EL2 of HYP="),
        ("at=call:PKVM_MEM_SHARE do=loaded flip=0", "at=call do=loaded: a loaded value needs an instruction"),
        ("at=eret do=mem:pa:0x40000000/2 value=0x10000", "a bit or value is wider than the target"),
    ],
)
def test_words_that_are_no_fault(target: str, inject: str, says: str) -> None:
    """One sentence, before there is a QEMU: but for the one that the kernel's symbols are read from, once."""
    status, text, folder = run(target, inject)
    assert status != 0 and says in text and "Traceback" not in text, text
    assert "machine started" not in text or "reading the kernel's symbols" in text, text
    assert not (folder / "cmdline.txt").exists()


@pytest.mark.parametrize("target", TARGETS)
def test_a_fault_that_never_comes(target: str) -> None:
    status, text, _ = run(target, "at=call:PKVM_MEM_SHARE:1000000 do=arg:1 flip=0")
    assert status == 1 and "INJECT: no fault was made" in text, text


@pytest.mark.parametrize("target", TARGETS)
def test_invalidations_that_are_left_out(target: str) -> None:
    """EL2 takes a page from the host, and the host's TLB keeps it: the oracle says so, and how to have it again."""
    status, text, folder = run(target, "at=tlbi:any who=el2 do=skip for=ever", ORACLE="a", SMP="1")
    verdict = json.loads((folder / "verdict.json").read_text())
    assert status == 1 and verdict["cause"].startswith("oracle: "), text
    assert re.search(r"invalidat|stale|TLB", verdict["cause"]), verdict["cause"]
    assert "INJECT='at=tlbi:any who=el2 do=skip for=ever'" in verdict["replay"]


STOPS = {
    "terrarium": ("guest_share", r"the hypervisor stopped: "),
    "pkvm": ("__pkvm_guest_share_host", r"nVHE hyp panic|hyp panic|HYP panic"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_el2_meets_an_undefined_instruction(target: str) -> None:
    name, cause = STOPS[target]
    status, text, folder = run(target, f"at=symbol:{name}:1 do=opcode value=udf", SMP="1")
    verdict = json.loads((folder / "verdict.json").read_text())
    assert status == 1 and re.search(cause, verdict["cause"]), text
    (shot,) = json.loads((folder / "inject.json").read_text())["shots"]
    assert shot["el"] == 2 and shot["after"] == "0x0"
