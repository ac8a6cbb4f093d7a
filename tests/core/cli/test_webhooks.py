"""`pegboard webhooks` on a terminal and for scripts: what came, what became of it, and setting it to work again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import select, update

from pegboard.cli.webhooks import webhooks
from pegboard.contracts.webhooks import Webhook
from pegboard.db import db
from pegboard.errors import PegboardError, ProviderError
from pegboard.live import board_of
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work
from pegboard.work.models import Work, WorkReplay
from tests.core.webhooks.acme import OLDER, Acme, order, post

Type = Callable[..., Result]


class Picky(Acme):
    """Fails for good at orders that the test names."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.refuses: set[str] = set()
        self.heard: list[str] = []

    def handle(self, webhook: Webhook) -> None:
        if webhook.subject in self.refuses:
            raise ProviderError(f"there is no order {webhook.subject}", provider="acme", permanent=True)
        self.heard.append(webhook.id)


@pytest.fixture
def app(make_board: MakeBoard) -> Flask:
    """Three were handled, one of them with the older secret, one is dead, one is ignored."""
    app = make_board(Picky)
    plugin(app).refuses.add("o9")
    post(app, order("evt_1")), post(app, order("evt_2", "order.sent"), OLDER), post(app, order("evt_3", of="o2"))
    post(app, order("evt_9", of="o9")), post(app, order("evt_0", "order.dreamt"))
    do_work(app)
    return app


@pytest.fixture
def type_(app: Flask) -> Type:
    """Type `pegboard webhooks …`; what it printed."""

    def run(*words: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(webhooks, words, obj=ScriptInfo(create_app=lambda: app), input=answer)

    return run


def plugin(app: Flask) -> Picky:
    return board_of(app).plugin(Picky)


def change(app: Flask, id_: str, **values: Any) -> None:
    with app.app_context():
        which = Work.dedupe_key == f"webhook:acme:{id_}"
        db.session.execute(update(Work).where(which).values(**values))
        db.session.commit()


def purge(app: Flask, id_: str) -> None:
    """As the daily purge does it."""
    change(app, id_, data=None, payload=None, headers=None, purged_at=1_800_000_000_000)


def statuses(app: Flask) -> dict[str, str]:
    with app.app_context():
        rows = db.session.execute(select(Work.dedupe_key, Work.status).order_by(Work.id))
        return {(row[0] or "").removeprefix("webhook:acme:"): row[1] for row in rows}


def listed(type_: Type, *words: str) -> list[str]:
    return [row["id"] for row in json.loads(type_("list", "--json", *words).output)]


def test_the_list_shows_what_came_the_newest_first(type_: Type) -> None:
    lines = type_("list").output.splitlines()
    assert [line.split()[-1] for line in lines if "evt_" in line] == ["evt_0", "evt_9", "evt_3", "evt_2", "evt_1"]
    assert "ignored   acme  order.dreamt  evt_0" in lines[0]
    assert "there is no order o9" in lines[2], "a failure is shown below"


def test_the_list_can_be_narrowed_down(type_: Type) -> None:
    assert listed(type_, "--status", "dead") == ["evt_9"]
    assert listed(type_, "--type", "order.sent") == ["evt_2"]
    assert listed(type_, "--source", "other") == []
    assert listed(type_, "--limit", "2") == ["evt_0", "evt_9"]
    refused = type_("list", "--status", "deda")
    assert refused.exit_code == 2
    assert "dead" in refused.output


def test_an_empty_list_says_where_they_come_to(make_board: MakeBoard) -> None:
    def run(app: Flask) -> str:
        return CliRunner().invoke(webhooks, ["list"], obj=ScriptInfo(create_app=lambda: app)).output

    assert "They come to http://127.0.0.1:5000/webhooks/acme" in run(make_board(Acme))


def test_show_tells_everything_but_the_body(type_: Type) -> None:
    said = type_("show", "evt_2").output
    for part in (
        "evt_2",
        "order.sent",
        "o1",
        "done",
        "an older one",
        "Content-Type: application/json",
        "bytes, shown by --body",
    ):
        assert part in said
    assert type_("show", "4").output == type_("show", "evt_9").output
    assert "there is no order o9" in type_("show", "evt_9").output


def test_as_work_it_is_shown_by_its_type_alone(app: Flask) -> None:
    from pegboard.cli.work import work

    said = CliRunner().invoke(work, ["show", "2"], obj=ScriptInfo(create_app=lambda: app)).output
    assert re.search(r"^event +order\.sent$", said, re.MULTILINE)


def test_show_gives_scripts_all_and_the_body_as_it_came(type_: Type) -> None:
    data = json.loads(type_("show", "evt_2", "--json").output)
    assert {name: data[name] for name in ("id", "type", "subject", "secret", "status", "number")} == {
        "id": "evt_2", "type": "order.sent", "subject": "o1", "secret": 1, "status": "done", "number": 2,
    }  # fmt: skip
    assert type_("show", "evt_2", "--body").stdout_bytes == order("evt_2", "order.sent")


@pytest.mark.parametrize("id_", ["evt_7", "7", "9" * 40, ""])
def test_what_did_not_come_is_said_so(type_: Type, id_: str) -> None:
    for words in (("show", id_), ("replay", "--id", id_, "--yes")):
        error = type_(*words).exception
        assert isinstance(error, PegboardError)
        assert "has come" in str(error)


def test_a_dead_one_is_set_to_work_again_and_that_is_written_down(app: Flask, type_: Type) -> None:
    plugin(app).refuses.clear()
    said = type_("replay", "--dead", "--by", "mona", answer="y\n").output
    assert "Set 1 to work again?" in said
    assert "Set to work again: 4." in said
    do_work(app)
    assert statuses(app)["evt_9"] == "done"
    with app.app_context():
        (replay,) = db.session.scalars(select(WorkReplay))
    assert (replay.replayed_by, replay.status, "no order o9" in (replay.error or "")) == ("mona", "dead", True)
    assert "by mona; it was dead" in type_("show", "evt_9").output


def test_one_that_was_handled_is_handled_again_when_it_is_named(app: Flask, type_: Type) -> None:
    assert type_("replay", "--id", "evt_1", "--id", "evt_3", "--yes").output == "Set to work again: 1, 3.\n"
    plugin(app).heard.clear()
    do_work(app)
    assert sorted(plugin(app).heard) == ["evt_1", "evt_3"]


def test_type_since_and_dead_narrow_each_other_down(app: Flask, type_: Type) -> None:
    change(app, "evt_1", created_at=0)

    def chosen(*words: str) -> list[int]:
        found: list[int] = json.loads(type_("replay", "--dry-run", "--json", *words).output)["replayed"]
        return found

    assert chosen("--type", "order.paid") == [1, 3, 4]
    assert chosen("--type", "order.paid", "--since", "1h") == [3, 4]
    assert chosen("--since", "2026-01-01") == [2, 3, 4]
    assert chosen("--since", "2026-01-01", "--dead") == [4]
    assert chosen("--dead", "--type", "order.sent") == []
    assert statuses(app)["evt_1"] == "done", "nothing was set to work"


@pytest.mark.parametrize("words", [(), ("--id", "evt_1", "--dead"), ("--source", "acme")])
def test_it_must_be_said_which(type_: Type, words: tuple[str, ...]) -> None:
    refused = type_("replay", *words)
    assert refused.exit_code == 2
    assert "say which" in refused.output


def test_without_a_yes_nothing_is_done(app: Flask, type_: Type) -> None:
    assert type_("replay", "--dead", answer="n\n").exit_code == 1
    assert statuses(app)["evt_9"] == "dead"


def test_one_that_was_purged_cannot_be_and_is_known_all_the_same(app: Flask, type_: Type) -> None:
    purge(app, "evt_1")
    refused = type_("replay", "--id", "evt_1", "--yes")
    assert (refused.exit_code, "what they carried was purged" in refused.output) == (1, True)
    assert statuses(app)["evt_1"] == "done"
    said = type_("show", "evt_1").output
    assert ("evt_1" in said, "purged 2027" in said) == (True, True)
    assert listed(type_, "--type", "order.paid") == ["evt_9", "evt_3", "evt_1"]
    assert "purged" in str(type_("show", "evt_1", "--body").exception)
    assert post(app, order("evt_1")).status_code == 200
    assert len(statuses(app)) == 5, "a purged one that comes again is known"


def test_among_many_the_purged_are_counted_and_left(app: Flask, type_: Type) -> None:
    purge(app, "evt_1")
    said = type_("replay", "--type", "order.paid", "--yes")
    assert said.exit_code == 0
    assert "Set to work again: 3, 4." in said.output
    assert "1 cannot be" in said.output


def test_what_is_ignored_can_be_handled_once_somebody_handles_its_type(
    app: Flask, type_: Type, make_board: MakeBoard
) -> None:
    refused = type_("replay", "--id", "evt_0", "--yes")
    assert (refused.exit_code, "nobody here handles" in refused.output) == (1, True)

    class Dreamer(Picky):
        @property
        def types(self) -> tuple[str, ...]:
            return ("order.dreamt",)

    newer = make_board(Dreamer)
    done = CliRunner().invoke(
        webhooks, ["replay", "--type", "order.dreamt", "--yes"], obj=ScriptInfo(create_app=lambda: newer)
    )
    assert done.output == "Set to work again: 5.\n"
    do_work(newer)
    assert board_of(newer).plugin(Dreamer).heard == ["evt_0"]


def test_one_on_its_way_is_left_on_it(app: Flask, type_: Type) -> None:
    post(app, order("evt_5", of="o5"))
    refused = type_("replay", "--id", "evt_5", "--yes")
    assert (refused.exit_code, "is on its way already" in refused.output) == (1, True)


def test_one_id_of_two_sources_must_be_told_apart(make_board: MakeBoard) -> None:
    class Second(Acme):
        name = source = "second"

    app = make_board(Picky, Second)
    post(app, order("evt_1")), post(app, order("evt_1"), source="second")

    def run(*words: str) -> Result:
        return CliRunner().invoke(webhooks, words, obj=ScriptInfo(create_app=lambda: app))

    assert "--source" in str(run("show", "evt_1").exception)
    assert "second.webhooks.second" in run("show", "evt_1", "--source", "second").output
