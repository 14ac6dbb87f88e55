# SPDX-License-Identifier: GPL-2.0-or-later
"""The report's page in a real browser: it draws, its filters filter, its pictures show something."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.campaigns import report, results
from tests.campaigns.browser import Browser

KEPT = Path(os.environ.get("O") or "out") / "report-test"
OUTCOMES = {"masked": 80, "sdc": 5, "guest_killed": 6, "hang": 4, "breach": 3, "el2_stopped": 2}
NASTY = "</script><img src=x onerror=alert(1)>"


def rows() -> list[dict]:
    found: list[dict] = []
    for outcome, count in OUTCOMES.items():
        for _ in range(count):
            number = len(found)
            hit = f"x{number % 20}"
            found.append({
                "id": number, "space": "register", "kind": "register", "insn": number + 1, "register": hit,
                "bit": number % 64, "pc": 0x1000 + number, "symbol": f"function_{number % 7}+0x{number:x}",
                "weight": 2, "draws": 1, "audit": False, "fault": f"at=insn:el2:{number + 1} do=reg:{hit} flip=1",
                "outcome": outcome, "how": "test", "reason": f"page 0x{number:x} of {NASTY}", "status": 94,
                "before": "0x0", "after": "0x2", "insns": 100, "trace": "", "attempts": 1, "seconds": 0.1,
                "worker": "w", "path": "by a path" if outcome == "breach" else "",
            })  # fmt: skip
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("report")
    population = {
        "name": "register", "live": 4000, "dead": 6000, "classes": 4000, "injections": 100, "draws": 100,
        "audit": 0,
    }  # fmt: skip
    head = {
        "key": "k", "name": "test", "title": f"A test {NASTY}", "target": "terrarium", "scenario": "s",
        "mark": "m", "seed": 1, "instructions": 5000, "visits": 7, "insns": 100, "populations": [population],
    }  # fmt: skip
    kept = results.Results(folder, head, resume=False)
    kept.add(rows())
    kept.close()
    browser = Browser(folder / "profile")
    try:
        browser.load(report.write(folder))
        yield browser
    finally:
        browser.close()


def shown(page: Browser) -> int:
    return int(page.value("document.getElementById('count').textContent").split()[0].replace(",", ""))


def pixels(path: Path) -> set[bytes]:
    """The different colours of a PNG of 8 bits a channel without filters being undone: enough to see ink."""
    data, at, body = path.read_bytes(), 8, b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"IDAT":
            body += data[at + 8 : at + 8 + length]
        at += length + 12
    raw = zlib.decompress(body)
    return {raw[n : n + 3] for n in range(1, len(raw) - 3, 3)}


def test_page_draws_without_errors(page: Browser) -> None:
    assert page.errors == []
    assert shown(page) == 100
    assert page.value("document.querySelectorAll('#spaces .card').length") == 1
    assert page.value("document.querySelectorAll('#heat tr').length") == 8
    assert page.value("document.querySelectorAll('#breaches .way').length") == 3
    assert page.value("document.querySelectorAll('svg').length") == len(OUTCOMES) - 1
    assert page.value("document.querySelectorAll('img').length") == 0  # texts are texts


def test_shares_and_their_ranges(page: Browser) -> None:
    text = page.value("document.querySelector('#spaces .card').innerText")
    assert "60.0 % of the faults are dead" in text
    assert "92.0 %" in text  # 60 % ruled out, and 80 of 100 of the rest
    assert "1.200 %" in text and "0.410 % to 3.381 %" in text  # breaches: 3 of 100, Wilson, of 40 %


def test_filter_by_outcome(page: Browser) -> None:
    page.click("#reset")
    page.click('[data-outcome="breach"]')
    assert shown(page) == 3
    page.click('[data-outcome="hang"]')
    assert shown(page) == 7
    page.click('[data-outcome="breach"]')
    assert shown(page) == 4
    assert page.value("document.querySelector('#breaches').innerText").strip() == "None."
    page.click("#reset")
    assert shown(page) == 100


def test_filter_by_cell_of_the_heat_map(page: Browser) -> None:
    page.click("#reset")
    page.click("#heat td:not(.none)")
    chosen = json.loads(page.value("JSON.stringify({symbol: shown.symbol, register: shown.register})"))
    wanted = [
        row for row in rows() if row["symbol"].startswith(chosen["symbol"] + "+") and row["register"] == chosen["register"]
    ]
    assert shown(page) == len(wanted) > 0


def test_filter_by_typed_function(page: Browser) -> None:
    page.click("#reset")
    page.type("#symbol", "function_3")
    assert shown(page) == sum(1 for row in rows() if row["symbol"].startswith("function_3+"))


def test_every_breach_has_its_command(page: Browser) -> None:
    page.click("#reset")
    text = page.value("document.querySelector('#breaches').innerText")
    assert "make campaign NAME=test HYP=terrarium REPLAY=95" in text and "by a path" in text


def test_picture_shows_something(page: Browser) -> None:
    page.click("#reset")
    KEPT.mkdir(parents=True, exist_ok=True)
    page.picture(KEPT / "report.png")
    assert len(pixels(KEPT / "report.png")) > 20
