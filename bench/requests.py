"""A request through a board: against Flask wired by hand, and with a hundred plugins that do nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder

from .boards import bare_board, board, builtins, has_s3
from .by_hand import by_hand
from .empty import COUNT, written
from .hello_by_hand import hello
from .measure import Sample, difference, pairs, ratio
from .report import Row

_REQUESTS = 30
_ROUNDS = 301


def against_hand_wired(folder: Path) -> Iterator[Row]:
    """The budget of DESIGN: a request costs what the extensions cost."""
    ours, theirs = board(folder), by_hand(folder, hello())
    _same_answer(ours, theirs)
    measured = ratio(pairs(_requests(ours), _requests(theirs), _ROUNDS))
    enabled = ", ".join([*builtins(), *(["s3_storage"] if has_s3() else [])]) or "no builtins"
    yield Row("a request, against Flask wired by hand", 1.03, "×", measured, f"with {enabled}")


def with_empty_plugins(folder: Path) -> Iterator[Row]:
    """What a hundred plugins that contribute nothing add to a request."""
    many, none = bare_board(folder, written(folder)), bare_board(folder)
    extra = difference(pairs(_requests(many), _requests(none), _ROUNDS))
    yield Row(f"{COUNT} empty plugins, more per request", 2.0, "µs", extra.scaled(1e6 / _REQUESTS))


def _requests(app: Flask) -> Sample:
    """CPU seconds of a batch of requests, without a server around them."""
    environ = EnvironBuilder(path="/hello/", base_url="https://bench.example").get_environ()

    def start_response(*_: Any) -> Any:
        return None

    gc.collect()
    gc.freeze()  # what the applications are made of is not looked through again at each sample

    def sample() -> float:
        gc.collect()
        gc.disable()
        started = process_time()
        for _ in range(_REQUESTS):
            answer: Any = app.wsgi_app(dict(environ), start_response)
            b"".join(answer)
            answer.close()
        took = process_time() - started
        gc.enable()
        return took

    return sample


def _same_answer(ours: Flask, theirs: Flask) -> None:
    """The comparison is fair only while both say the same."""
    one, other = (app.test_client().get("/hello/", base_url="https://bench.example") for app in (ours, theirs))
    if (one.status_code, one.data) != (200, other.data):
        raise RuntimeError(f"the board answers {one.status_code} {one.data!r}, the other {other.data!r}")
    # Flask-Login looks into the session at every answer, which adds `Vary: Cookie` also where nothing was read for it.
    if differing := (set(one.headers.keys()) ^ set(other.headers.keys())) - {"Vary"}:
        raise RuntimeError(f"only one of the two sends: {', '.join(sorted(differing))}")
