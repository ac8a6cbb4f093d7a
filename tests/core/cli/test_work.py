"""`pegboard work` on a terminal and for scripts: what there is to do, why it failed, and setting it to work again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from tests.core.cli.deployment import Deployment

OFFICE = '''
"""Has functions to call later."""

from pegboard import Plugin
from pegboard.errors import ProviderError
from pegboard.work import progress

fails = [True]


class {cls}(Plugin):
    """Has functions to call later."""

    name = "{name}"


def pay(who: str) -> None:
    if fails[0]:
        raise ProviderError("no money for " + who, provider="bank", permanent=True)


def read(count: int):
    progress(count, count, "rows")
    yield
'''


class Office:
    """A deployment with work, and its board."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.name = deployment.plugin()
        (deployment.folder / self.name / "plugin.py").write_text(
            OFFICE.format(name=self.name, cls=self.name.title()), encoding="utf-8"
        )
        deployment.write("database_url = 'sqlite:///board.db'\n")
        assert deployment.run("db", "upgrade").output == "Upgraded: core.\n"
        from pegboard import create_app

        self.app = create_app()
        self.module = sys.modules[f"{self.name}.plugin"]

    def later(self, function: str, *values: Any) -> None:
        from pegboard import enqueue
        from pegboard.db import db

        with self.app.app_context():
            enqueue(getattr(self.module, function), *values)
            db.session.commit()

    def work(self) -> None:
        from pegboard.testing.work import do_work

        do_work(self.app)

    def change(self, **values: Any) -> None:
        from pegboard.db import db
        from pegboard.work.models import Work

        with self.app.app_context():
            db.session.execute(update(Work).values(**values))
            db.session.commit()


@pytest.fixture
def office(deployment: Deployment) -> Office:
    return Office(deployment)


@pytest.fixture
def run(office: Office) -> Callable[..., Any]:
    """Run `pegboard work …`."""
    return lambda *arguments: office.deployment.run("work", *arguments)


Run = Callable[..., Any]


def test_without_work_the_lists_say_so(run: Run) -> None:
    assert run("list").stderr == "Nothing to show. In all: no work yet.\n"
    assert run("dead").exit_code == 0
    assert run("replay", "--dead").output == "Nothing to do: nothing is dead.\n"


def test_what_is_dead_is_listed_with_its_error_and_is_an_exit_code(office: Office, run: Run) -> None:
    office.later("pay", "ada")
    assert f"1  pending   jobs      {office.name}.plugin:pay" in run("list").output
    office.work()
    found = run("dead")
    assert found.exit_code == 1
    assert "ProviderError: bank: no money for ada" in found.output
    assert "In all: 1 dead." in found.output
    (row,) = json.loads(run("list", "--status", "dead", "--json").stdout)
    assert (row["id"], row["status"], row["tries"]) == (1, "dead", 1)


def test_one_item_is_shown_with_what_it_carries_and_how_far_it_is(office: Office, run: Run) -> None:
    office.later("read", 40)
    office.work()
    shown = run("show", "1").output
    assert '{"count": 40}' in shown
    assert "40 of 40 (100 %): rows" in shown
    data = json.loads(run("show", "1", "--json").stdout)
    assert data["data"] == {"count": 40}
    assert data["progress"] == {"done": 40, "total": 40, "note": "rows"}
    assert "there is no work 99" in str(run("show", "99").exception)


def test_a_payload_is_shown_by_its_size_and_given_to_scripts(office: Office, run: Run) -> None:
    office.later("read", 1)
    office.change(payload=b"\x00\xff", headers='{"a": "b"}')
    assert "2 bytes" in run("show", "1").output
    data = json.loads(run("show", "1", "--json").stdout)
    assert (data["payload"], data["headers"]) == ("AP8=", {"a": "b"})


def test_a_replay_asks_first_and_leaves_a_trail(office: Office, run: Run) -> None:
    office.later("pay", "ada")
    office.work()
    assert run("replay", "1").exit_code == 1
    assert run("replay", "1", "--dry-run").output == "Would set to work again: 1.\n"
    assert "1  dead" in run("list").output
    assert run("replay", "1", "--yes", "--by", "mona").output == "Set to work again: 1.\n"
    office.module.fails[0] = False
    office.work()
    shown = run("show", "1").output
    assert "status        done" in shown
    assert "by mona; it was dead" in shown


def test_the_dead_are_replayed_by_handler_and_time(office: Office, run: Run) -> None:
    office.later("pay", "ada")
    office.later("pay", "eve")
    office.work()
    handler = f"{office.name}.plugin:pay"
    narrowed = json.loads(run("replay", "--dead", "--handler", handler, "--since", "1h", "--dry-run", "--json").stdout)
    assert narrowed == {"replayed": [1, 2], "dry_run": True}
    assert json.loads(run("replay", "--dead", "--handler", "other", "--json").stdout)["replayed"] == []
    assert json.loads(run("replay", "--dead", "--since", "2200-01-01", "--json").stdout)["replayed"] == []
    assert json.loads(run("replay", "--dead", "--json").stdout)["replayed"] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay",), "say which"),
        (("replay", "1", "--dead"), "say which"),
        (("replay", "1", "--since", "1h"), "say which"),
        (("replay", "--dead", "--since", "yesterday"), "write 30m, 2h, 3d or 2026-03-01"),
        (("list", "--status", "deed"), "did you mean 'dead'?"),
        (("run", "--processes", "0"), "0 is not in the range"),
    ],
)
def test_what_makes_no_sense_is_said(run: Run, arguments: tuple[str, ...], said: str) -> None:
    found = run(*arguments)
    assert found.exit_code == 2
    assert said in found.output


def test_what_is_on_its_way_is_not_replayed(office: Office, run: Run) -> None:
    office.later("pay", "ada")
    assert "on its way already" in str(run("replay", "1", "--yes").exception)


def test_a_board_without_a_database_has_no_work(deployment: Deployment) -> None:
    deployment.plugin()
    deployment.write()
    assert "set DATABASE_URL" in str(deployment.run("work", "list").exception)
