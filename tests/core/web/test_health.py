"""What `/healthz` and `/readyz` answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from pegboard import Plugin
from pegboard.contributions import HealthCheck

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]


def _down() -> None:
    raise ConnectionError("no route to queue.internal, password hunter2")


def test_a_process_that_answers_is_alive(make_board: MakeBoard) -> None:
    answer = make_board().test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_board_is_ready_when_its_plugins_checks_pass(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    checks = [HealthCheck("queue", lambda: None, ready=True), HealthCheck("slow", _down)]
    answer = make_board(make_plugin("shop", health_checks=lambda self: checks)).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "checks": {"shop.queue": "ok"}, "plugins": {}}


def test_a_failing_check_is_named_without_its_details(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: Any
) -> None:
    checks = [HealthCheck("queue", _down, ready=True)]
    answer = make_board(make_plugin("shop", health_checks=lambda self: checks)).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "checks": {"shop.queue": "failed"}, "plugins": {}}
    assert "queue.internal" in caplog.text


def test_asking_often_costs_the_checks_nothing_more(
    make_board: MakeBoard, make_plugin: MakePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, clock = [], [100.0]
    monkeypatch.setattr("pegboard.web.health.monotonic", lambda: clock[0])
    checks = [HealthCheck("queue", lambda: asked.append(1), ready=True)]
    client = make_board(make_plugin("shop", health_checks=lambda self: checks)).test_client()
    for _ in range(5):
        assert client.get("/readyz").status_code == 200
    assert len(asked) == 1
    clock[0] += 1.1
    client.get("/readyz")
    assert len(asked) == 2
