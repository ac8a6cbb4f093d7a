"""File names become headers that hold exactly one name, and nothing that was not meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from pegboard.contracts.filenames import MAX_NAME, clean_filename, content_disposition


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("naïve ü.pdf", "attachment; filename=\"naive u.pdf\"; filename*=UTF-8''na%C3%AFve%20%C3%BC.pdf"),
        ("日本.txt", "attachment; filename=\"file.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt"),
        ('a"b\\c.png', 'attachment; filename="c.png"'),
        ('a"b.png', "attachment; filename=\"a_b.png\"; filename*=UTF-8''a%22b.png"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("\r\nSet-Cookie: x", "attachment; filename=\"Set-Cookie_ x\"; filename*=UTF-8''Set-Cookie%3A%20x"),
        ("100%41.txt", "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ("\u202egnp.exe", 'attachment; filename="gnp.exe"'),
        ("...", "attachment"),
        ("", "attachment"),
        (None, "attachment"),
    ],
)
def test_a_name_becomes_a_header(name: str | None, header: str) -> None:
    assert content_disposition(name, inline=False) == header
    assert content_disposition(name, inline=True) == header.replace("attachment", "inline", 1)


def test_a_long_name_keeps_its_extension() -> None:
    assert clean_filename("x" * 10_000 + ".png") == "x" * (MAX_NAME - 4) + ".png"
    assert len(clean_filename("x" * 10_000)) == MAX_NAME
    assert len(clean_filename("a." + "x" * 10_000)) == MAX_NAME


@given(st.text(max_size=300))
def test_every_name_survives_as_what_was_cleaned(name: str) -> None:
    header = content_disposition(name, inline=False)
    assert header.isascii()
    assert header.isprintable()
    kind, options = parse_options_header(header)
    assert kind == "attachment"
    assert options.get("filename", "") == clean_filename(name)


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(name: str) -> None:
    once = clean_filename(name)
    assert clean_filename(once) == once
