# SPDX-License-Identifier: GPL-2.0-or-later
"""Run libFuzzer programs side by side, for a fixed number of runs, or of seconds."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ci import junit

_LIMIT_S = 120  # for a fixed number of runs; above it something hangs
_INPUT_LIMIT_S = 5
_SLOW = {"service_methods": 20}  # an input is calls to a process of threads: so many times fewer runs, of any length from the start


def command_for(fuzzer: Path, out: Path, runs: int, seconds: int, seed: int) -> list[str]:
    """The corpus lives in out/fuzz/corpus/NAME; a finding is written beside it."""
    corpus = out / "corpus" / fuzzer.name
    corpus.mkdir(parents=True, exist_ok=True)
    return [
        str(fuzzer),
        *(["-len_control=0"] if fuzzer.name in _SLOW else []),
        f"-max_total_time={seconds}" if seconds else f"-runs={runs}",
        f"-seed={seed}",
        f"-timeout={_INPUT_LIMIT_S}",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        f"-artifact_prefix={out}/{fuzzer.name}-",
        str(corpus),
    ]


def run_fuzzer(fuzzer: Path, out: Path, runs: int, seconds: int, seed: int) -> junit.Case:
    """A case that fails on a finding, a hang, or fewer runs than asked for."""
    runs = max(runs // _SLOW.get(fuzzer.name, 1), 1)
    command = command_for(fuzzer, out, runs, seconds, seed)
    began = time.monotonic()
    failure, output = "", ""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + _LIMIT_S,
        )
        output = done.stdout.decode(errors="replace")
        if done.returncode:
            failure = f"exit status {done.returncode}; again with: {' '.join(command)}"
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
        failure = f"no end in {seconds + _LIMIT_S} s; again with: {' '.join(command)}"
    except OSError as error:
        failure = f"cannot run: {error}"
    executed = re.search(r"number_of_executed_units: (\d+)", output)
    count = int(executed.group(1)) if executed else 0
    if not failure and (count == 0 or (not seconds and count < runs)):
        failure = f"{count} runs were made, {runs} asked for"
    took = time.monotonic() - began
    said = f"fuzz: {'FAIL' if failure else 'ok  '} {fuzzer.name}: {count} runs in {took:.1f} s, seed {seed}\n"
    if failure:
        said += f"{output.strip()[-4000:]}\nfuzz:   {failure}\n"
    sys.stdout.write(said)  # in one piece, between those of others
    sys.stdout.flush()
    return junit.Case("fuzz", fuzzer.name, took, failure=f"{failure}\n{output[-4000:]}" if failure else "")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ci.fuzz", description="Run libFuzzer programs.")
    parser.add_argument("fuzzer", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--junit", type=Path, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args(arguments)
    def run(fuzzer: Path) -> junit.Case:
        return run_fuzzer(fuzzer, options.out, options.runs, options.seconds, options.seed)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        cases = list(pool.map(run, options.fuzzer))
    return junit.finish("fuzz", options.junit, cases, "there is no fuzzer")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
