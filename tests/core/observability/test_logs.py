"""The log of a board whose deployment has set up none."""

from __future__ import annotations

import re
import subprocess
import sys

PROGRAM = """
import logging
{before}
from pegboard import BoardSettings, create_app
for _ in range(2):
    create_app(BoardSettings(env="test", builtins=()))
logging.getLogger("pegboard.web").warning("the queue is full")
"""


def logged(before: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stderr


def test_each_line_says_when_how_grave_and_who_once() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING pegboard\.web: the queue is full\n", logged())


def test_a_log_that_the_deployment_has_set_up_is_left_alone() -> None:
    assert logged("logging.basicConfig(format='mine: %(message)s')") == "mine: the queue is full\n"
