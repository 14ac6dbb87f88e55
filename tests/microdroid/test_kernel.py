# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's builder: what names a build, what stops it, and that the cache is used."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT / "guest/kernel/build.py"
MANIFEST = {"gcc": "14.2.0", "packages": {"kernel": {"linux-binary-7.3-arm64:arm64": {"version": "7.3-1"}}}}


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("microdroid_kernel_build", BUILDER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fragment(tmp_path: Path) -> Path:
    path = tmp_path / "fragment"
    path.write_text("# a comment\nCONFIG_A=y\nCONFIG_B=2\n")
    return path


def test_a_key_names_all_that_goes_in(build: ModuleType, fragment: Path) -> None:
    key = build.key_of(MANIFEST, fragment)
    fragment.write_text("CONFIG_B=2\n\n# another comment\nCONFIG_A=y\n")
    assert build.key_of(MANIFEST, fragment) == key, "comments and order change nothing"
    other_gcc = dict(MANIFEST, gcc="14.3.0")
    other_source = json.loads(json.dumps(MANIFEST).replace("7.3-1", "7.3-2"))
    fragments = ["CONFIG_A=y\n", "CONFIG_A=n\nCONFIG_B=2\n"]
    keys = {key, build.key_of(other_gcc, fragment), build.key_of(other_source, fragment)}
    for text in fragments:
        fragment.write_text(text)
        keys.add(build.key_of(MANIFEST, fragment))
    assert len(keys) == 5


def test_an_option_that_kconfig_dropped(build: ModuleType, fragment: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("CONFIG_A=y\nCONFIG_B=2\nCONFIG_C=y\n")
    build.check_config(fragment, config)
    config.write_text("CONFIG_A=y\n# CONFIG_B is not set\n")
    with pytest.raises(build.SdkError, match="CONFIG_B=2"):
        build.check_config(fragment, config)


def run_builder(fragment: Path, tmp_path: Path, cache: Path) -> subprocess.CompletedProcess:
    sdk = tmp_path / "sdk"
    sdk.mkdir(exist_ok=True)
    (sdk / "manifest.json").write_text(json.dumps(MANIFEST))
    return subprocess.run(
        [sys.executable, BUILDER, "--sdk", sdk, "--config", fragment, "--work", tmp_path / "work", "--output", tmp_path / "out"],
        env={"TERRARIUM_CACHE": str(cache), "PATH": "/nonexistent"}, capture_output=True, text=True, check=False)


def test_what_the_cache_has_is_not_built(build: ModuleType, fragment: Path, tmp_path: Path) -> None:
    kept = tmp_path / f"cache/built/microdroid-kernel-{build.key_of(MANIFEST, fragment)}"
    kept.mkdir(parents=True)
    for name in build.RESULTS:
        (kept / name).write_text(name)
    done = run_builder(fragment, tmp_path, tmp_path / "cache")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out/kernel").read_text() == "Image"
    assert (tmp_path / "out/kernel-config").read_text() == "config"


def test_half_of_a_result_is_none(build: ModuleType, fragment: Path, tmp_path: Path) -> None:
    kept = tmp_path / f"cache/built/microdroid-kernel-{build.key_of(MANIFEST, fragment)}"
    kept.mkdir(parents=True)
    (kept / "Image").write_text("Image")
    done = run_builder(fragment, tmp_path, tmp_path / "cache")
    assert done.returncode == 1, "it has to build, and has no tools here"
    assert done.stderr.startswith("kernel: error: ")
    assert not (tmp_path / "out/kernel").exists()
