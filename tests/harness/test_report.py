# SPDX-License-Identifier: GPL-2.0-or-later
"""Report lines, as platform/abi/guest_report.h has them."""

import pytest

from scenarios.harness.report import BadReport, parse, parse_line, trouble


def test_a_record_with_values():
    report = parse_line("terrarium: value pages private_ipa=0x8000c000 count=-3 how=linear\r")
    assert report is not None
    assert (report.kind, report.name) == ("value", "pages")
    assert report.values == {"private_ipa": 0x8000C000, "count": -3, "how": "linear"}
    assert report["how"] == "linear" and report.number("count") == -3
    with pytest.raises(KeyError, match="no size"):
        report["size"]
    with pytest.raises(KeyError, match="how is no number"):
        report.number("how")


def test_numbers_keep_all_64_bits_and_bytes_stay_text():
    report = parse_line("terrarium: ok x a=0xffffffffffffffff b=x00ff c=0123")
    assert report is not None
    assert report.values == {"a": 2**64 - 1, "b": "x00ff", "c": 123}


@pytest.mark.parametrize("line", ["", "hello", " terrarium: ok x", "Terrarium: ok x", "terrarium:ok x"])
def test_other_lines_are_for_humans(line):
    assert parse_line(line) is None


@pytest.mark.parametrize(
    "line, why",
    [
        ("terrarium: great x", "unknown kind"),
        ("terrarium: ok", "no name"),
        ("terrarium: ok Bad-Name", "no name"),
        ("terrarium: ok x key", "bad value"),
        ("terrarium: ok x key=", "bad value"),
        ("terrarium: ok x a=1 a=2", "bad value"),
        ("terrarium: ok x  a=1", "bad value"),
        ("terrarium: end", "end without a status"),
        ("terrarium: end status=well", "end without a status"),
        ("terrarium: ok x a=" + "1" * 256, "longer than 256"),
    ],
)
def test_a_malformed_record_is_not_passed_over(line, why):
    with pytest.raises(BadReport, match=why):
        parse_line(line)


def test_what_has_no_newline_yet_is_left_out():
    text = "boot\nterrarium: begin x\nnoise\nterrarium: ok a\nterrarium: end stat"
    assert [report.kind for report in parse(text)] == ["begin", "ok"]


@pytest.mark.parametrize(
    "text, cause",
    [
        ("terrarium: begin x\nterrarium: end status=0\n", None),
        ("terrarium: fail secret a=1\nterrarium: end status=1\n", "the guest reported: fail secret a=1"),
        ("terrarium: fault abort esr=0x1 elr=0x2 far=0x3\n", "the guest reported: fault abort"),
        ("terrarium: end status=7\n", "status 7"),
        ("terrarium: end status=0\nterrarium: end status=0\n", "ended twice"),
    ],
)
def test_what_speaks_against_a_guest(text, cause):
    found = trouble(parse(text))
    assert found is None if cause is None else cause in str(found)
