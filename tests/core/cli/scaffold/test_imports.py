"""Imports are left as a formatter would leave them, and only those that are used."""

from __future__ import annotations

import pytest

from pegboard.cli.scaffold.imports import tidied

SOURCE = '''\
"""What it is for."""

from __future__ import annotations

from .plugin import Plugin
import os
from pegboard import files
from typing import TYPE_CHECKING, Any
from flask import Flask
from flask import Blueprint
from .models import LONGEST, Note
from collections.abc import Iterator
import datetime as dt

if TYPE_CHECKING:
    from .views import View
    from pegboard.live import Board

'''


@pytest.mark.parametrize(
    ("body", "imports"),
    [
        ("X = 1", ""),
        ("X = os.sep", "import os"),
        ("class X(Plugin):\n    pass", "from .plugin import Plugin"),
        (
            "def x(a: Any, b: Flask, c: Blueprint, d: Note, e: dt.date) -> Iterator[Any]:\n    return LONGEST, files",
            (
                "import datetime as dt\nfrom collections.abc import Iterator\nfrom typing import Any\n\n"
                "from flask import Blueprint, Flask\n\nfrom pegboard import files\n\nfrom .models import LONGEST, Note"
            ),
        ),
        (
            "def x(a: View) -> Board: ...",
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from pegboard.live import Board\n\n    from .views import View",
        ),
    ],
)
def test_what_is_used_is_imported_in_blocks_and_in_order(body: str, imports: str) -> None:
    gap = "\n\n\n" if body.startswith(("class", "def")) else "\n\n"
    head = '"""What it is for."""\n\nfrom __future__ import annotations' + (f"\n\n{imports}" if imports else "")
    assert tidied(SOURCE + body + "\n") == f"{head}{gap}{body}\n"


def test_a_long_line_is_broken() -> None:
    names = [f"a_name_of_some_length_{number}" for number in range(6)]
    text = tidied(f"from somewhere import {', '.join(names)}\n\nprint({', '.join(names)})\n")
    assert text.startswith("from somewhere import (\n    a_name_of_some_length_0,\n")
