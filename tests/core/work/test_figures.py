"""What `/metrics` says of work, of webhooks and of providers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from pegboard import Plugin, hookimpl, record
from pegboard.app import create_app
from pegboard.db import db
from pegboard.errors import ProviderError, RateLimited
from pegboard.events import UserRegistered
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.observability.calls import told
from pegboard.settings import BoardSettings
from pegboard.testing.work import do_work
from pegboard.work import alarms
from pegboard.work.models import Work
from tests.core.observability.test_metrics import TOKEN, figures
from tests.core.webhooks.acme import SECRET, Acme, order, post
from tests.core.work.items import put, take_one


class Listener(Plugin[Any]):
    """Fails as the name of the account says."""

    name = "listener"

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None:
        if event.name == "permanent":
            raise ProviderError("no", provider="bank", permanent=True)
        if event.name == "limited":
            raise RateLimited("slow", provider="bank", retry_after=60)
        if event.name == "broken":
            raise RuntimeError("broken")


@pytest.fixture
def measured(url: str) -> Flask:
    """A board with metrics, and a plugin that listens."""
    settings = BoardSettings.model_validate(
        {"env": "test", "builtins": (), "database_url": url, "metrics_token": TOKEN}
    )
    app = create_app(settings, plugins=[Listener])
    upgrade(app, board_of(app).plan, board_of(app).plan.database_url)
    return app


def test_items_are_counted_by_queue_and_status(measured: Flask) -> None:
    with measured.app_context():
        put(db.engine, "lane")
        put(db.engine, "lane")
        put(db.engine, queue="mail", run_at=0)
        take_one(db.engine)
        db.session.remove()
    found = figures(measured)
    assert found["pegboard_work_items", "jobs", "leased"] == 1
    assert found["pegboard_work_items", "jobs", "waiting"] == 1
    assert found["pegboard_work_items", "mail", "pending"] == 1
    assert found["pegboard_work_items", "bulk", "dead"] == 0
    assert found["pegboard_work_due_seconds", "mail"] > 1_000_000
    assert found["pegboard_work_due_seconds", "jobs"] == 0


def test_webhooks_are_behind_by_the_age_of_the_oldest(measured: Flask) -> None:
    assert figures(measured)["pegboard_webhook_lag_seconds",] == 0
    with measured.app_context():
        put(db.engine, queue="webhooks", kind="webhook")
        with db.engine.begin() as connection:
            connection.execute(update(Work).values(created_at=Work.created_at - 90_000))
    assert 90 <= figures(measured)["pegboard_webhook_lag_seconds",] < 200


def test_attempts_are_counted_by_handler_and_outcome(measured: Flask) -> None:
    with measured.app_context():
        for name in ("fine", "fine", "permanent", "broken"):
            record(UserRegistered(f"{name} user", "a@example.com", name))
            db.session.commit()
            do_work(measured)
        put(db.engine, handler="gone.user_registered", kind="event")
        do_work(measured)
        record(UserRegistered("last", "a@example.com", "limited"))
        db.session.commit()
        do_work(measured)
    found = figures(measured)
    counted = {key[1:]: value for key, value in found.items() if key[0] == "pegboard_work_attempts_total"}
    assert counted == {
        ("listener.user_registered", "done"): 2,
        ("listener.user_registered", "dead"): 1,
        ("listener.user_registered", "failed"): 1,
        ("listener.user_registered", "rate limited"): 1,
        ("gone.user_registered", "parked"): 1,
    }
    assert found["pegboard_work_items", "events", "dead"] == 1


def test_calls_to_providers_are_counted_by_outcome(measured: Flask) -> None:
    with measured.app_context():
        told("bank", "pay", "ok", 250)
        told("bank", "pay", "ok", 250)
        told("bank", "pay", "timeout", 1000)
        db.session.remove()
    found = figures(measured)
    assert found["pegboard_provider_calls_total", "pay", "ok", "bank"] == 2
    assert found["pegboard_provider_calls_total", "pay", "timeout", "bank"] == 1
    assert found["pegboard_provider_seconds_total", "bank"] == 1.5


def test_an_alarm_is_a_figure_until_it_is_over(measured: Flask) -> None:
    with measured.app_context():
        item = put(db.engine)
        with db.engine.begin() as connection:
            connection.execute(update(Work).where(Work.id == item).values(status="dead"))
        alarms.look(db.engine)
        assert figures(measured)["pegboard_alarms", alarms.DEAD_WORK] == 1
        with db.engine.begin() as connection:
            connection.execute(update(Work).values(status="done"))
        alarms.look(db.engine)
        assert ("pegboard_alarms", alarms.DEAD_WORK) not in figures(measured)


def test_a_database_that_is_away_leaves_the_figures_of_requests(measured: Flask) -> None:
    with measured.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE work")
    measured.test_client().get("/nowhere")
    found = figures(measured)
    assert found["pegboard_requests_total", "none", "GET", "404"] == 1
    assert not [key for key in found if key[0].startswith("pegboard_work_items")]


def test_webhooks_are_counted_by_source_and_by_what_became_of_them(url: str) -> None:
    settings = BoardSettings.model_validate(
        {"env": "test", "builtins": (), "database_url": url, "metrics_token": TOKEN}
    )
    app = create_app(settings, plugins=[Acme])
    upgrade(app, board_of(app).plan, board_of(app).plan.database_url)
    for secret in (SECRET, SECRET, "wrong"):
        post(app, order("evt_1"), secret)
    post(app, order("evt_2"), source="nobody")
    counted = {key[1:]: value for key, value in figures(app).items() if key[0] == "pegboard_webhooks_total"}
    assert counted["stored", "acme"] == counted["duplicate", "acme"] == 1
    assert sum(counted.values()) == 4
