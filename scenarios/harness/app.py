# SPDX-License-Identifier: GPL-2.0-or-later
"""A user's own payload in an app VM: `make run-app APK=hello.apk PROTECTED=1`. What `vm` says comes as it is said."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from scenarios.harness import inputs, os_files, paths, pleas
from scenarios.harness.errors import StepFailed, Unusable
from scenarios.harness.folder import RunFolder
from scenarios.harness.host import Host, Job
from scenarios.harness.live_machine import LiveMachine
from scenarios.harness.machine import Setup
from scenarios.harness.progress import Progress

FOLDER = "/run/app"
JOB = "vm"
LIMIT_S = 24 * 3600.0  # unless LIMIT says less
NEWS_S = 20.0  # how long one question for more lines may wait
LIBRARY = re.compile(r"lib/arm64-v8a/([^/]+\.so)")


@dataclasses.dataclass(frozen=True)
class App:
    """What the user wants to run; Unusable says which of his words is wrong."""

    apk: Path
    idsig: Path | None  # None: the service makes it
    extra_apks: tuple[Path, ...]
    what: tuple[str, str]  # --payload-binary-name NAME.so, or --config-path PATH
    flags: tuple[str, ...]  # further words for vm run-app


def _file(name: str, word: str) -> Path:
    path = Path(word)
    if not path.is_file():
        raise Unusable(f"{name}={word}: there is no such file")
    return path


def _libraries(apk: Path) -> list[str]:
    try:
        with zipfile.ZipFile(apk) as package:
            return sorted(found[1] for name in package.namelist() if (found := LIBRARY.fullmatch(name)))
    except zipfile.BadZipFile:
        return []


def _what(apk: Path, env: Mapping[str, str]) -> tuple[str, str]:
    payload, config = env.get("PAYLOAD_BINARY_NAME"), env.get("CONFIG_PATH")
    if payload and config:
        raise Unusable("PAYLOAD_BINARY_NAME and CONFIG_PATH: one of them says what is run")
    if config:
        return "--config-path", config
    if payload:
        return "--payload-binary-name", payload
    found = _libraries(apk)
    if len(found) != 1:
        raise Unusable(f"{apk.name} has {len(found)} libraries in lib/arm64-v8a: PAYLOAD_BINARY_NAME=NAME.so or CONFIG_PATH=PATH says what is run")
    return "--payload-binary-name", found[0]


def app_of(env: Mapping[str, str]) -> App:
    """From APK, PAYLOAD_BINARY_NAME or CONFIG_PATH, IDSIG, EXTRA_APK, PROTECTED, DEBUG and VM_FLAGS. Raises Unusable."""
    if not env.get("APK"):
        raise Unusable("make run-app APK=hello.apk [PROTECTED=1]: which package?")
    if env.get("PROTECTED", "") not in ("", "0", "1"):
        raise Unusable(f"PROTECTED={env['PROTECTED']}: 1 or 0")
    if env.get("DEBUG", "") not in ("", "full", "none"):
        raise Unusable(f"DEBUG={env['DEBUG']}: full or none")
    apk = _file("APK", env["APK"])
    flags = ["--protected"] if env.get("PROTECTED") == "1" else []
    flags += ["--debug", env["DEBUG"]] if env.get("DEBUG") else []
    return App(
        apk=apk,
        idsig=_file("IDSIG", env["IDSIG"]) if env.get("IDSIG") else None,
        extra_apks=tuple(_file("EXTRA_APK", word) for word in env.get("EXTRA_APK", "").split()),
        what=_what(apk, env),
        flags=(*flags, *shlex.split(env.get("VM_FLAGS", ""))),
    )


def _command(host: Host, app: App) -> list[str]:
    """The files into the host, and vm's words."""
    host.put(f"{FOLDER}/{app.apk.name}", app.apk.read_bytes())
    if app.idsig is not None:
        host.put(f"{FOLDER}/{app.apk.name}.idsig", app.idsig.read_bytes())
    words = ["vm", "run-app", app.apk.name, f"{app.apk.name}.idsig", "instance.img", *app.what, *app.flags]
    for number, extra in enumerate(app.extra_apks):
        name = f"extra-{number}.apk"
        host.put(f"{FOLDER}/{name}", extra.read_bytes())
        words += ["--extra-apk", name, "--extra-idsig", f"{name}.idsig"]
    return words


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _follow(host: Host, job: Job) -> str:
    """Print the job's lines until it has ended; all of them."""
    log = f"/run/job/{job.name}/out"
    seen = ""
    ended = False
    while not ended:
        lines = seen.count("\n")
        news = host.run(["job", "await", job.name, "out", "", f"{NEWS_S:g}", "--skip", str(lines)], NEWS_S * 2)
        if news.exit not in (0, 1, 124):  # a line; none, for it has ended; none yet
            raise StepFailed(news.words())
        ended = news.exit == 1
        more = host.run(["tail", "-n", f"+{lines + 1}", log], ok=True).out
        if not ended:
            more = more[: more.rfind("\n") + 1]
        _say(more)
        seen += more
    return seen


def _interruptible(host: Host, job: Job) -> str:
    """_follow(), in which Ctrl-C stops the VM."""
    try:
        return _follow(host, job)
    except KeyboardInterrupt:
        job.signal("TERM")
        return _follow(host, job)


def _succeeded(said: str) -> bool:
    return "payload finished with exit code 0\n" in said and said.rstrip().endswith("VM ended: SHUTDOWN")


def run() -> int:
    """0: the payload has ended with 0, and its VM well."""
    app = app_of(os.environ)
    inputs.build_missing(os_files.microdroid())
    options = paths.machine_description.from_env(os.environ)
    limit = pleas.limit_given(os.environ) or LIMIT_S
    progress = Progress("run-app")
    folder = RunFolder("run-app")
    machine = LiveMachine(Setup(options, files=os_files.microdroid(), trace=False, limit_s=limit), folder, progress)
    try:
        progress.say(options.words())
        machine.start()
        host = Host(machine.ready(), progress.stage)
        words = _command(host, app)
        progress.stage(shlex.join(words))
        job = host.job(JOB, ["sh", "-c", f'cd {FOLDER} && exec "$@" 2>&1', "sh", *words])
        said = _interruptible(host, job)
        status = job.wait()
        (folder.path / "vm.log").write_text(said)
        return 0 if status == 0 and _succeeded(said) else 1
    finally:
        machine.close()
        folder.close()
