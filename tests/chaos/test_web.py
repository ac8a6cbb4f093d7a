"""Web processes that die after the commit of a webhook and before its answer, under load, with a real server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest

from pegboard.testing.webhooks import timestamped
from tests.chaos.place import Place, Vendor, outcome, wait_for
from tests.chaos.shop import HEADER, SECRET
from tests.serving import foreign_environment, free_port, served

pytestmark = pytest.mark.slow
_WSGI = """
import os, random

from pegboard import create_app
from pegboard.webhooks.counting import tally_of

app = create_app()

def die(source, outcome):
    if outcome == "stored" and random.random() < 0.01:
        os.write(2, b"stored, and killed before it is answered\\n")
        os.kill(os.getpid(), 9)

tally_of(app).subscribe(die)
"""


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Two processes of gunicorn, which start anew when they die; the port."""
    (folder / "served.py").write_text(_WSGI, encoding="utf-8")
    port = free_port()
    options = ("--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--no-control-socket")
    command = [sys.executable, "-m", "gunicorn", *options, "served:app"]
    with served(command, port=port, folder=folder, environment=foreign_environment()):
        yield port


def test_web_processes_that_die_between_commit_and_answer_lose_and_double_nothing(
    place: Place, full: bool, tell: Callable[[str], None]
) -> None:
    events = 5_000 if full else 1_000

    def post(event: int, thing: int) -> None:
        body = json.dumps({"event": event, "thing": thing}).encode()
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("POST", "/webhooks/shop", body, {HEADER: timestamped(body, SECRET)})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise OSError(f"answered {answer.status}")

    vendor = Vendor(place, events, things=events // 40, write=post)
    began = monotonic()
    with serving(place.folder) as port, place.workers(4), vendor.telling():
        wait_for(lambda: place.done() == events, 1_200)
    took = monotonic() - began
    log = (place.folder / f"server-{port}.log").read_text(encoding="utf-8", errors="replace")
    kills = log.count("stored, and killed before it is answered")
    found = outcome(vendor, "webhook:shop:")
    tell(
        f"kill -9 of web processes between commit and answer, {place.kind}: {events} webhooks to 4 workers and 2 web processes, "
        f"{vendor.again} told twice, {kills} kills, {vendor.refused} unanswered and told again, {found}; {took:.0f} s"
    )
    assert kills
    assert vendor.refused >= kills
    assert found.good, found
