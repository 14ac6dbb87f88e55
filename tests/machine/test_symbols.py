# SPDX-License-Identifier: GPL-2.0-or-later
"""platform/machine/symbols.py: from a kernel's symbol table to a symbol file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "platform/machine"))
import symbols  # noqa: E402

TABLE = """\
ffff800080000000 T _text
ffff8000810b6000 T __kvm_nvhe___kvm_hyp_host_vector
ffff8000810b7cc8 t __kvm_nvhe_handle_trap
ffff8000810b7cd0 t __kvm_nvhe_handle_trap
ffff80007a000000 t module_init\t[virtio_blk]
0000000000000010 A absolute
"""


def test_parse_keeps_the_kernel_and_the_first_of_a_name():
    found = symbols.parse(TABLE)
    assert found["__kvm_nvhe_handle_trap"] == 0xFFFF8000810B7CC8
    assert "module_init" not in found and "absolute" not in found


@pytest.mark.parametrize("text, why", [("", "no _text"), ("0000000000000000 T _text\n", "kptr_restrict")])
def test_parse_refuses_what_is_no_table(text, why):
    with pytest.raises(symbols.SymbolError, match=why):
        symbols.parse(text)


def test_the_symbol_file_has_the_kernels_addresses(tmp_path):
    tools = Path(os.environ.get("SDK", ROOT / "out/sdk")) / "bin"
    out = tmp_path / "kernel.elf"
    symbols.build(symbols.parse(TABLE), out, tools)
    listed = subprocess.run([tools / "aarch64-linux-gnu-nm", out], capture_output=True, text=True, check=True).stdout
    assert "ffff8000810b6000 T __kvm_nvhe___kvm_hyp_host_vector" in listed
    assert "ffff800080000000 T _text" in listed
