"""A process that dies between the commit and the answer: the sender posts it again, and nothing happens twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flask import Flask

from pegboard.live import board_of
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work

from .acme import order, post, rows
from .test_delivering import Shop, effects, with_table

ROOT = Path(__file__).resolve().parents[3]
_DIES = """
import os, sys
from pathlib import Path
from pegboard.testing.boards import making_boards
from pegboard.webhooks.counting import tally_of
from tests.core.webhooks.acme import order, post
from tests.core.webhooks.test_delivering import Shop

with making_boards(Path(sys.argv[1])) as make:
    app = make(Shop, database_url=sys.argv[2])
    tally_of(app).subscribe(lambda source, outcome: os.kill(os.getpid(), 9))  # after the commit, before the answer
    print(post(app, order("evt_1")).status_code, flush=True)
"""


def test_after_a_kill_between_commit_and_answer_the_senders_next_try_has_no_second_effect(
    url: str, tmp_path: Path, make_board: MakeBoard
) -> None:
    app: Flask = with_table(make_board(Shop, database_url=url))
    died = subprocess.run(
        [sys.executable, "-c", _DIES, str(tmp_path / "other"), url],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (died.returncode, died.stdout) == (-9, ""), died.stderr
    assert [row.status for row in rows(app)] == ["pending"]
    assert post(app, order("evt_1")).json == {"received": True}
    assert do_work(app) == 1
    assert post(app, order("evt_1")).status_code == 200
    assert do_work(app) == 0
    assert (len(rows(app)), effects(app)) == (1, [("o1", "unknown")])
    assert [one.id for one in board_of(app).plugin(Shop).heard] == ["evt_1"]
