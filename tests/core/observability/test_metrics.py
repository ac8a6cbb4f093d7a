"""`/metrics`: nothing without a token, figures with it, also of several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from pegboard.app import create_app
from pegboard.errors import ConfigError
from pegboard.observability.metrics import Metrics, init_metrics
from pegboard.settings import BoardSettings
from tests.core.observability.asking import Asking

TOKEN = "a-token-for-the-tests"


def board(folder: Path, **settings: Any) -> Flask:
    given = {"env": "test", "builtins": (), "database_url": f"sqlite:///{folder}/test.db", "metrics_token": TOKEN}
    return create_app(BoardSettings.model_validate({**given, **settings}), plugins=[Asking])


def figures(app: Flask) -> dict[tuple[str, ...], float]:
    """Each figure by its name and the values of its labels, in the order of their names: endpoint, method, status."""
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return parsed(answer.text)


def parsed(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in families
        for one in family.samples
    }


def test_without_a_token_in_the_settings_there_is_no_such_page(tmp_path: Path) -> None:
    app = board(tmp_path, metrics_token=None)
    assert app.test_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}é"])
def test_who_does_not_know_the_token_sees_nothing(tmp_path: Path, sent: str) -> None:
    answer = board(tmp_path).test_client().get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == 401
    assert "pegboard_requests" not in answer.text


def test_answers_are_counted_by_page_and_status(tmp_path: Path) -> None:
    app = board(tmp_path)
    client = app.test_client()
    for path in ("/asking/1", "/asking/2", "/nowhere", "/asking/x"):
        client.get(path)
    client.post("/asking/1")
    client.open("/asking/1", method="BREW")
    found = figures(app)
    assert found["pegboard_requests_total", "asking.ask", "GET", "200"] == 2
    assert found["pegboard_requests_total", "none", "GET", "404"] == 2
    assert found["pegboard_requests_total", "none", "POST", "405"] == 1
    assert found["pegboard_requests_total", "none", "other", "405"] == 1
    assert found["pegboard_request_seconds_count", "asking.ask"] == 2
    assert 0 < found["pegboard_request_seconds_sum", "asking.ask"] < 60


def test_an_error_is_counted_as_what_people_saw(tmp_path: Path) -> None:
    app = board(tmp_path)
    app.test_client().get("/asking/sleep")
    assert figures(app)["pegboard_requests_total", "asking.sleep", "GET", "503"] == 1


def test_two_boards_of_a_process_count_for_themselves(tmp_path: Path) -> None:
    one, other = board(tmp_path), board(tmp_path)
    one.test_client().get("/asking/1")
    assert ("pegboard_requests_total", "asking.ask", "GET", "200") not in figures(other)


def test_others_are_asked_for_their_figures_when_they_are_read() -> None:
    metrics, asked = Metrics(), []

    def source() -> Iterator[Any]:
        asked.append(1)
        yield GaugeMetricFamily("pegboard_work_items", "Items.", value=7)

    metrics.ask(source)
    assert asked == []
    assert parsed(metrics.text().decode())[("pegboard_work_items",)] == 7
    assert asked == [1]


def test_without_the_library_the_boot_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigError, match=r'pip install "pegboard\[metrics\]"'):
        init_metrics(Flask("bare"), TOKEN)


PROCESS = """
from pathlib import Path
from tests.core.observability.test_metrics import TOKEN, board
app = board(Path({folder!r}))
for _ in range({times}):
    app.test_client().get("/asking/1")
print(app.test_client().get("/metrics", headers={{"Authorization": "Bearer " + TOKEN}}).text)
"""


def test_processes_with_one_folder_add_up_their_figures(tmp_path: Path) -> None:
    shared = tmp_path / "metrics"
    shared.mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(shared)}
    for times in (2, 3):
        program = PROCESS.format(folder=str(tmp_path), times=times)
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
    assert parsed(done.stdout)["pegboard_requests_total", "asking.ask", "GET", "200"] == 5
