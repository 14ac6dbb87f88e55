# SPDX-License-Identifier: GPL-2.0-or-later
"""A payload's package: a zip, aligned by zipalign, signed by apksigner (schemes v3 and v4).

    python3 guest/payload/mkapk.py --key key.pk8 --certificate key.pem --output hello.apk lib/arm64-v8a/hello.so=FILE...

Beside the package its signature of scheme v4: hello.apk.idsig. Libraries are stored, all else is deflated.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "guest/payload"))

import axml  # noqa: E402  (guest/payload)

MIN_SDK = 34  # Android 14: the first whose packages AVF runs for everybody
DATE = (1980, 1, 1, 0, 0, 0)
PACKAGE = "org.terrarium.payload."


class BuildError(Exception):
    pass


def pair(text: str) -> tuple[str, Path]:
    dest, equals, source = text.partition("=")
    if not equals or not dest or dest.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text}: not DEST=SOURCE with a relative DEST")
    return dest, Path(source)


def run(argv: list[str | Path]) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BuildError(f"{argv[0]} is missing: make setup installs it") from error
    if done.returncode != 0:
        raise BuildError(f"{argv[0]} failed: {(done.stderr or done.stdout).strip()[:300]}")


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, DATE)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".so") else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def build(args: argparse.Namespace) -> None:
    package = args.package or PACKAGE + args.output.stem
    files = {"AndroidManifest.xml": axml.manifest(package, args.version_code, MIN_SDK)}
    files |= {dest: source.read_bytes() for dest, source in args.files}
    args.output.parent.mkdir(parents=True, exist_ok=True)
    plain = args.output.with_name(args.output.name + ".zip")
    aligned = args.output.with_name(args.output.name + ".aligned")
    partial = args.output.with_name(args.output.name + ".partial")
    write_zip(plain, files)
    run(["zipalign", "-f", "-p", "4", plain, aligned])
    run(["apksigner", "sign", "--key", args.key, "--cert", args.certificate, "--v1-signing-enabled", "false",
         "--v2-signing-enabled", "false", "--v3-signing-enabled", "true", "--v4-signing-enabled", "true",
         *(["--verity-enabled"] if args.verity else []), "--out", partial, aligned])
    plain.unlink()
    aligned.unlink()
    Path(f"{partial}.idsig").replace(f"{args.output}.idsig")
    partial.replace(args.output)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mkapk", description="Build a payload's package.")
    parser.add_argument("--key", type=Path, required=True, help="PKCS #8, DER, not encrypted")
    parser.add_argument("--certificate", type=Path, required=True, help="X.509, PEM or DER")
    parser.add_argument("--output", type=Path, required=True, help="NAME.apk; beside it NAME.apk.idsig")
    parser.add_argument("--package", help=f"its name; default {PACKAGE}NAME")
    parser.add_argument("--version-code", type=int, default=1)
    parser.add_argument("--verity", action="store_true", help="the signature's digest is a hash tree")
    parser.add_argument("files", nargs="+", type=pair, metavar="DEST=SOURCE")
    args = parser.parse_args(argv)
    try:
        build(args)
    except (BuildError, OSError, ValueError) as error:
        print(f"mkapk: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
