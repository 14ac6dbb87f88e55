# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions of upstream's EL2 by the kernel's symbols."""

from __future__ import annotations

import pytest

from ci.coverage_el2 import Executed, functions_reached
from scenarios.harness import coverage
from scenarios.harness.symbols import parse_kallsyms

KALLSYMS = """
ffff800080000000 T _text
ffff800080010000 T vectors
ffff8000812fc000 T __hyp_text_start
ffff8000812fc000 t __kvm_nvhe_enter
ffff8000812fc010 t __kvm_nvhe_run
ffff8000812fc010 t alias
ffff8000812fc020 d __kvm_nvhe_table
ffff8000812fd000 T __hyp_text_end
ffff800082000000 t later
"""


def test_functions_have_physical_addresses() -> None:
    code = coverage.el2_code(parse_kallsyms(KALLSYMS), 0x40200000)
    assert code == [("enter", 0x414FC000), ("run", 0x414FC010), ("__hyp_text_end", 0x414FD000)]


def test_what_was_reached_is_counted() -> None:
    executed = Executed({0x414FC014: 3, 0x40201000: 9})
    reached = functions_reached(executed, coverage.el2_code(parse_kallsyms(KALLSYMS), 0x40200000))
    assert reached == {"enter": 0, "run": 1}
    assert "1 of 2 reached (50 %); not reached:\n  enter" in coverage.text_of(reached)


def test_another_kernel_is_refused() -> None:
    with pytest.raises(LookupError, match="__hyp_text_end"):
        coverage.el2_code(parse_kallsyms(KALLSYMS.replace("__hyp_text_end", "gone")), 0x40200000)


def test_no_runs(tmp_path: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "kernel_symbols", lambda kernel: parse_kallsyms(KALLSYMS))
    monkeypatch.setattr(coverage.paths.machine_description, "parse_kernel", lambda text: text)
    assert coverage.main([str(tmp_path)]) == 1
    assert "coverage: no scenario ran" in capsys.readouterr().err
