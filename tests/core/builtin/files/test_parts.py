"""Types from first bytes, sizes in words, settings, and a migration that makes what the models say."""

from __future__ import annotations

import pytest
from flask import Flask

from pegboard.builtin.files.settings import FilesSettings
from pegboard.builtin.files.sizes import file_size
from pegboard.builtin.files.sniffing import sniffed_type
from pegboard.live import board_of
from pegboard.migrations import differences
from tests.core.builtin.files.boards import PNG


@pytest.mark.parametrize(
    ("head", "name", "declared", "found"),
    [
        (PNG[:4096], "a.png", "image/png", "image/png"),
        (PNG[:4096], "a.html", "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a", "", "image/jpeg"),
        (b"GIF89a\x01\x00\x01\x00", "a.gif", "", "image/gif"),
        (b"%PDF-1.7\n", "a.pdf", "", "application/pdf"),
        (b"hello", "a.png", "image/png", "text/plain"),
        (b"a,b\n1,2\n", "a.csv", "", "text/csv"),
        (b'{"a": 1}', "a", "application/json", "application/json"),
        (b"<!DOCTYPE HTML>", "a.txt", "text/plain", "text/html"),
        (b"x <svg onload='x'>", "a.txt", "", "image/svg+xml"),
        (b"<?xml version='1.0'?><a/>", "a.txt", "", "application/xml"),
        ("grüße".encode(), "a.txt", "", "text/plain"),
        (("x" * 4095 + "ü").encode()[:4096], "a.txt", "", "text/plain"),
        (b"\x00\x01\x02\x03", "a.png", "image/png", "application/octet-stream"),
        (b"", "a.png", "image/png", "text/plain"),
    ],
)
def test_a_type_is_what_the_bytes_say(head: bytes, name: str, declared: str, found: str) -> None:
    assert sniffed_type(head, name, declared) == found


def test_a_signature_shared_by_many_types_is_decided_by_the_name() -> None:
    zipped = b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(100)
    assert "wordprocessingml" in sniffed_type(zipped, "a.docx", "")
    assert "spreadsheetml" in sniffed_type(zipped, "a.xlsx", "")
    assert sniffed_type(zipped, "a.png", "image/png") != "image/png"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (2_400_000, "2.3 MiB"),
        (100 * 1024**2, "100 MiB"),
        (1024**2 - 1, "1 MiB"),
        (5 * 1024**5, "5120 TiB"),
    ],
)
def test_sizes_are_words(count: int, words: str) -> None:
    assert file_size(count) == words


def test_accepted_types_may_be_families() -> None:
    settings = FilesSettings(allowed_types=("image/*", "application/pdf"))
    assert settings.accepts("image/png")
    assert settings.accepts("application/pdf; charset=binary")
    assert not settings.accepts("imagex/png")
    assert not settings.accepts("application/pdfx")


@pytest.mark.parametrize("wrong", ["png", "*", "Image/PNG", "image/", "image/png, image/gif"])
def test_a_setting_that_is_no_type_is_an_error_that_says_how_to_write_it(wrong: str) -> None:
    with pytest.raises(ValueError, match="write it like image/png"):
        FilesSettings(allowed_types=(wrong,))


def test_the_migration_makes_what_the_models_say(board: Flask) -> None:
    plan = board_of(board).plan
    assert differences(board, plan, plan.database_url, "files") == {}
