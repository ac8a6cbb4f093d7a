"""Safe mode: whatever a plugin fails of, the rest of the board runs, and says what is off and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask

from pegboard import Plugin, create_app
from pegboard.contracts.capability import Capability
from pegboard.contributions import NavItem, Provider, UserSource
from pegboard.errors import ConfigError, ProviderError
from pegboard.live import board_of
from pegboard.sources import read_sources

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]
SMS: Capability[Any] = Capability("sms")


def page(name: str, rule: str = "/") -> Callable[[Any], list[Blueprint]]:
    """A hook that gives one page."""

    def blueprints(self: Any) -> list[Blueprint]:
        blueprint = Blueprint(name, __name__)
        blueprint.add_url_rule(rule, "index", lambda: f"hello from {name}")
        return [blueprint]

    return blueprints


def raising(*args: Any) -> Any:
    raise RuntimeError("out of order")


CAUSES: dict[str, tuple[dict[str, Any], str]] = {
    "settings": ({}, "unknown setting 'colour'"),
    "constructor": ({"__init__": raising}, "its constructor raised RuntimeError: out of order"),
    "hook": ({"slots": raising}, "slots raised RuntimeError: out of order"),
    "url": ({"blueprints": page("zeta"), "url_prefix": "/well"}, "the URL /well/ (GET) is taken by 'well'"),
    "converter": ({"blueprints": page("zeta", "/<nosuch:x>")}, "LookupError: the converter 'nosuch' does not exist"),
    "app_ready": ({"blueprints": page("zeta"), "app_ready": raising}, "RuntimeError: out of order"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_whatever_fails_is_off_with_what_requires_it_and_the_rest_runs(
    make_board: MakeBoard, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture, cause: str
) -> None:
    members, words = CAUSES[cause]
    leaf = {"blueprints": page("leaf"), "nav_items": lambda self: [NavItem("Leaf", "leaf.index")]}
    plugins = [
        make_plugin("zeta", **members),
        make_plugin("leaf", requires=("zeta",), **leaf),
        make_plugin("well", blueprints=page("well")),
    ]
    config = {"zeta": {"colour": "red"}} if cause == "settings" else {}
    with pytest.raises(ConfigError):
        make_board(*plugins, config=config)
    app = make_board(*plugins, config=config, safe=True)
    off = board_of(app).off
    assert words in off["zeta"]
    assert off["leaf"].startswith("requires 'zeta', which failed")
    assert re.search(rf"left out: zeta.*{re.escape(off['zeta'])}", caplog.text)
    client = app.test_client()
    assert client.get("/well/").text == "hello from well"
    assert client.get("/leaf/").status_code in (404, 503)
    assert client.get("/readyz").json["plugins"] == {"zeta": "failed", "leaf": "failed"}  # type: ignore[index]
    assert "/leaf/" not in client.get("/nowhere").text


@pytest.mark.parametrize("source", ["raise OSError('no such library')", "def broken(:", "import nosuch_library"])
def test_a_plugin_that_cannot_be_imported_is_off(board_folder: Any, source: str) -> None:
    name = f"safe_import_{abs(hash(source)) % 10_000_000}"
    board_folder.write(f"{name}.py", source)
    sources = read_sources(
        board_folder.toml(f"[pegboard]\nbuiltins = ['home']\nplugins = ['{name}:Broken', 'nosuch']\n"),
        environ={"PEGBOARD_ENV": "test", "PEGBOARD_SAFE": "1"},
    )
    app = create_app(sources=sources)
    off = board_of(app).off
    assert list(off) == [f"{name}:Broken", "nosuch"]
    assert "cannot be imported" in off[f"{name}:Broken"]
    assert app.test_client().get("/").status_code == 200


def test_of_two_plugins_with_one_name_the_second_is_off(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    one, other = (make_plugin("well", blueprints=page("well")) for _ in range(2))
    other.__qualname__ = "Other"
    app = make_board(one, other, safe=True)
    assert list(board_of(app).off) == ["test_plugins_well:Other"]
    assert app.test_client().get("/well/").status_code == 200


def test_a_plugin_may_not_opt_out(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    zeta = make_plugin("zeta", slots=raising)
    assert "zeta" in board_of(make_board(zeta, config={"zeta": {"on_failure": "abort"}}, safe=True)).off


def test_a_chosen_provider_that_is_off_is_replaced_by_none(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    brings = make_plugin(
        "brings",
        capabilities=lambda self: [SMS],
        providers=lambda self: [Provider(SMS, "embedded", object, embedded=True)],
    )
    gateway = make_plugin("gateway", requires=("brings",), providers=raising)
    with pytest.raises(ConfigError, match="no enabled plugin provides 'gateway'"):
        make_board(brings, gateway, config={"gateway": {"on_failure": "skip"}}, providers={"sms": "gateway"})
    board = board_of(make_board(brings, gateway, providers={"sms": "gateway"}, safe=True))
    assert [problem.key for problem in board.plan.board.warnings] == ["providers.sms"]
    with pytest.raises(ProviderError, match="no provider 'gateway' of sms is enabled; enabled: embedded"):
        board.provider(SMS)


def test_nobody_is_signed_in_where_the_accounts_are_off(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    accounts = make_plugin(
        "people",
        blueprints=page("people"),
        user_source=lambda self: UserSource(load=raising, sign_in_endpoint="people.index"),
        app_ready=raising,
    )
    app = make_board(accounts, make_plugin("well", blueprints=page("well")), safe=True)
    assert app.test_client().get("/nowhere").status_code == 404
    assert app.test_client().get("/well/").status_code == 200


def test_what_is_wrong_with_the_board_itself_still_stops_it(make_board: MakeBoard) -> None:
    with pytest.raises(ConfigError, match="secret_key: is required in production"):
        make_board(env="production", safe=True)


def test_also_in_production_and_the_log_says_that_parts_may_be_missing(
    board_folder: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {
        "PEGBOARD_ENV": "production",
        "PEGBOARD_SAFE": "true",
        "SECRET_KEY": "dY3kP9_qLw7Rz2Vb8TnXc5MhJf4Gs6Ae1UoKi0Np",
        "PUBLIC_URL": "https://example.com",
        "DATABASE_URL": f"sqlite:///{tmp_path}/board.db",
    }
    app = create_app(sources=read_sources(board_folder.toml("[pegboard]\nbuiltins = []\n"), environ=environ))
    assert board_of(app).off == {}
    assert "safe mode: what fails is left out" in caplog.text
