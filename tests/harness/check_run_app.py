# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run-app` on the machine."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("O", ROOT / "out"))
LIMIT_S = 300


def test_a_packages_payload_runs() -> None:
    env = os.environ | {
        "APK": str(OUT / "guest/payload/probe.apk"), "IDSIG": str(OUT / "guest/payload/probe.apk.idsig"),
        "PAYLOAD_BINARY_NAME": "probe.so", "PROTECTED": "1", "HYP": "terrarium",
    }
    done = subprocess.run(
        ["make", "-s", "-C", ROOT, "run-app"], env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line for line in done.stdout.splitlines() if re.match(r"payload |VM ended|Created |terrarium: value identity", line)]
    assert said[0].startswith("Created debuggable VM from probe.apk!probe.so with CID 2048")
    assert said[1] == "payload started"
    assert said[2].startswith("terrarium: value identity uid=10000")
    assert said[3:] == ["payload finished with exit code 0", "VM ended: SHUTDOWN"]
