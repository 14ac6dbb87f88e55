# SPDX-License-Identifier: GPL-2.0-or-later
"""A signed Debian archive of three tiny packages, a server for it, and a set-up that uses it."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

SDK = Path(__file__).resolve().parents[2] / "platform/sdk"
SUITE = "tiny"
PACKAGES = {"tool": "lib-of-tool, notes", "lib-of-tool": "", "notes": ""}
PAYLOAD_BYTES = 300_000  # large enough to be cut off half-way


def gpg(home: Path, *words: str) -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
    return subprocess.run([*command, "--passphrase", "", *words], check=True, capture_output=True).stdout


def build_package(name: str, depends: str, work: Path, pool: Path) -> str:
    """One .deb with a file named after it; returns its stanza for Packages."""
    tree = work / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr/share").mkdir(parents=True)
    noise = b"".join(hashlib.sha256(f"{name}{n}".encode()).digest() for n in range(PAYLOAD_BYTES // 32))
    (tree / f"usr/share/{name}").write_bytes(noise)
    control = f"Package: {name}\nVersion: 1.0\nArchitecture: amd64\nMaintainer: nobody <n@example.org>\n"
    control += (f"Depends: {depends}\n" if depends else "") + "Description: a test's own\n"
    (tree / "DEBIAN/control").write_text(control)
    deb = pool / f"{name}_1.0_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, deb], check=True, capture_output=True)
    data = deb.read_bytes()
    return control + f"Filename: pool/{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n"


def write_release(root: Path, home: Path) -> None:
    """dists/tiny/InRelease over the Packages files, signed."""
    suite = root / "dists" / SUITE
    now = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S UTC")
    text = f"Origin: Debian\nLabel: Debian\nSuite: {SUITE}\nCodename: {SUITE}\nDate: {now}\n"
    text += "Architectures: amd64 arm64\nComponents: main\nSHA256:\n"
    for file in sorted(suite.glob("main/*/Packages")):
        data = file.read_bytes()
        text += f" {hashlib.sha256(data).hexdigest()} {len(data)} {file.relative_to(suite)}\n"
    (suite / "Release").write_text(text)
    gpg(home, "--yes", "--clearsign", "--output", str(suite / "InRelease"), str(suite / "Release"))
    (suite / "Release").unlink()


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The archive's folder; its public key is key.gpg in it."""
    root = tmp_path_factory.mktemp("archive")
    home = Path(tempfile.mkdtemp(prefix="g."))  # short: gpg's socket has a path limit
    home.chmod(0o700)
    try:
        gpg(home, "--quick-gen-key", "test <t@example.org>", "ed25519", "sign", "1d")
        (root / "key.gpg").write_bytes(gpg(home, "--export"))
        (root / "pool").mkdir()
        work = tmp_path_factory.mktemp("work")
        stanzas = [build_package(n, d, work, root / "pool") for n, d in PACKAGES.items()]
        for architecture, text in (("amd64", "".join(stanzas)), ("arm64", "")):
            folder = root / f"dists/{SUITE}/main/binary-{architecture}"
            folder.mkdir(parents=True)
            (folder / "Packages").write_text(text)
        write_release(root, home)
        yield root
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class Mirror:
    """A server of a copy of the archive, whose behaviour a test may change."""

    root: Path
    address: str = ""
    cut_after: int = 0  # bytes of a package after which the connection is dropped; 0: never
    ranges: list[str] = field(default_factory=list)  # "Range:" headers seen on packages
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def mirror(archive: Path, tmp_path: Path) -> Iterator[Mirror]:
    state = Mirror(tmp_path / "mirror")
    shutil.copytree(archive, state.root)

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(state.root))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            state.requests.append(self.path)
            file = state.root / self.path.lstrip("/")
            if file.suffix != ".deb" or not file.exists():
                super().do_GET()
                return
            data, start = file.read_bytes(), 0
            asked = self.headers.get("Range")
            if asked:
                state.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.send_header("Last-Modified", self.date_time_string(int(file.stat().st_mtime)))
            self.end_headers()
            self.wfile.write(data[start : start + state.cut_after] if state.cut_after else data[start:])
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def modules() -> Iterator[Callable[[str], ModuleType]]:
    """The set-up's modules by name; they import each other from their own folder."""
    sys.path.insert(0, str(SDK))
    # Under its own name sdk.py would be taken for this folder.
    spec = importlib.util.spec_from_file_location("sdk_main", SDK / "sdk.py")
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    yield lambda name: main if name == "sdk" else importlib.import_module(name)
    sys.path.remove(str(SDK))


@dataclass
class SetUp:
    """`sdk.py setup` in this process, on the tiny archive."""

    out: Path
    cache: Path
    main: Callable[[], int]
    capture: pytest.CaptureFixture[str]

    def run(self) -> tuple[int, list[str], list[str]]:
        """(exit status, lines said, lines of error)."""
        self.capture.readouterr()
        status = self.main()
        said = self.capture.readouterr()
        return status, said.out.splitlines(), said.err.splitlines()

    def unpacked(self) -> list[str]:
        return sorted(path.name for path in (self.out / "tool/usr/share").glob("*"))

    def kept(self) -> list[str]:
        """Whole package files in the cache."""
        return sorted(path.name for path in (self.cache / "archives").glob("*"))


@pytest.fixture
def set_up(
    tmp_path: Path,
    mirror: Mirror,
    modules: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> SetUp:
    sdk, aptroot, layout = modules("sdk"), modules("aptroot"), modules("layout")
    here = tmp_path / "here"
    here.mkdir()
    for name in ("layout.py", "unpack.py"):
        shutil.copy(SDK / name, here)
    (here / "packages.toml").write_text(
        f'suites = ["{SUITE}"]\n[tool]\nsuite = "{SUITE}"\npackages = ["tool:amd64"]\nkeep = "tool"\n'
    )
    prepare = aptroot.AptRoot.prepare

    def prepare_for_tests(self: object) -> None:
        """No proxy for the loopback address, and no waiting before another try."""
        prepare(self)
        with open(self.config, "a", encoding="utf-8") as config:  # type: ignore[attr-defined]
            config.write('Acquire::http::Proxy "DIRECT";\nAcquire::Retries "0";\n')

    monkeypatch.setattr(sdk, "HERE", here)
    monkeypatch.setattr(aptroot, "KEYRING", mirror.root / "key.gpg")
    monkeypatch.setattr(aptroot.AptRoot, "prepare", prepare_for_tests)
    monkeypatch.setattr(layout, "FINISH", {"tool": lambda out: None})
    monkeypatch.setattr(layout, "write_manifest", lambda *_: None)
    monkeypatch.setenv("TERRARIUM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DEBIAN_MIRROR", mirror.address)
    monkeypatch.setattr(sys, "argv", ["sdk", "setup", "--out", str(tmp_path / "out")])
    return SetUp(tmp_path / "out", tmp_path / "cache", sdk.main, capsys)
