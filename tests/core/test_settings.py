"""How a setting is found, which source wins, and how a wrong one is reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from flask import Flask
from pydantic import BaseModel, Field, SecretStr, field_validator

from pegboard import BoardSettings, Capability, Env, Plugin, PluginSettings, Provider, create_app
from pegboard.board import Plan, assemble
from pegboard.errors import ConfigError
from pegboard.resolution import resolve
from pegboard.settings import is_secret, secret_parts, secrets_in
from pegboard.sources import given_sources, read_sources

MakePlugin = Callable[..., type[Plugin[Any]]]
LAYERS = ["code", "environment", "secrets", "dotenv", "overlay", "table", "default"]
SECRET = "planted-secret-value"
GREETER = """
from pegboard import Plugin, PluginSettings


class GreeterSettings(PluginSettings):
    times: int = 1


class Greeter(Plugin[GreeterSettings]):
    name = "greeter"
    Settings = GreeterSettings
"""


class ShopSettings(PluginSettings):
    """Settings of the shop."""

    currency: Annotated[str, Env("CURRENCY")] = "default"
    tills: int = Field(1, ge=1, description="How many.")
    towns: tuple[str, ...] = ()
    key: SecretStr = SecretStr("default")


def board_of(board_folder: Any, layers: list[str], given: Any = None) -> BoardSettings:
    """The settings of a board whose name is set in each of these layers."""
    toml = "[pegboard]\nenv = 'test'\n"
    toml += "app_name = 'table'\n" if "table" in layers else ""
    toml += "[env.test.pegboard]\napp_name = 'overlay'\n" if "overlay" in layers else ""
    environ = {"PEGBOARD_SECRETS_DIR": "secrets"} | ({"APP_NAME": "environment"} if "environment" in layers else {})
    if "secrets" in layers:
        board_folder.write("secrets/APP_NAME", "secrets")
    if "dotenv" in layers:
        board_folder.write(".env", "APP_NAME=dotenv\n")
    given = {"pegboard": {"app_name": "code"}} if "code" in layers else {}
    plan = assemble(read_sources(board_folder.toml(toml), environ=environ, given=given), plugins=[])
    return plan.settings


@pytest.mark.parametrize("strongest", range(len(LAYERS)))
def test_each_layer_wins_over_all_that_are_weaker(board_folder: Any, strongest: int) -> None:
    expected = LAYERS[strongest].replace("default", "Pegboard")
    assert board_of(board_folder, LAYERS[strongest:]).app_name == expected


class Optional(PluginSettings):
    """Lists, tables and secrets that need not be there."""

    hosts: tuple[str, ...] | None = None
    prices: dict[str, int] | None = None
    code: int | str = ""
    keys: tuple[SecretStr, ...] | None = None


def test_optional_lists_and_tables_may_be_given_in_variables(board_folder: Any) -> None:
    environ = {"SHOP_HOSTS": "a, b", "SHOP_PRICES": '{"tea": 3}', "SHOP_CODE": "a,b", "SHOP_KEYS": "x,y"}
    found = resolve(
        Optional, read_sources(board_folder.toml(""), environ=environ), plugin="shop", table="shop", prefix="SHOP_"
    )
    assert found.value is not None
    assert (found.value.hosts, found.value.prices, found.value.code) == (("a", "b"), {"tea": 3}, "a,b")
    assert found.value.keys is not None
    assert [key.get_secret_value() for key in found.value.keys] == ["x", "y"]


def test_a_secret_is_one_also_in_an_optional_list_and_as_a_class_of_ones_own() -> None:
    class ApiKey(SecretStr):
        """A secret of this plugin's."""

    class Keyed(PluginSettings):
        one: ApiKey = ApiKey("")
        many: tuple[SecretStr, ...] | None = None
        name: str = "SecretStr"

    assert [key for key, info in Keyed.model_fields.items() if is_secret(info)] == ["one", "many"]


class Server(BaseModel):
    host: str
    pin: SecretStr
    next: Server | None = None


class ServersSettings(PluginSettings):
    server: Server | None = None
    more: tuple[Server, ...] = ()
    keys: dict[str, SecretStr] = Field(default_factory=dict)
    plain: dict[str, int] = Field(default_factory=dict)


SERVER: dict[str, Any] = {
    "host": "mail.example.com",
    "pin": "pin-one",
    "next": {"host": "b.example.com", "pin": "pin-two"},
}


def test_a_secret_in_a_table_is_one_however_deep() -> None:
    fields = ServersSettings.model_fields
    assert [key for key, info in fields.items() if is_secret(info)] == ["server", "more", "keys"]
    assert list(secret_parts(fields["more"], [SERVER])) == ["pin-one", "pin-two"]
    assert list(secret_parts(fields["server"], Server(**SERVER))) == [SecretStr("pin-one"), SecretStr("pin-two")]
    settings = ServersSettings.model_validate({"server": SERVER, "more": [SERVER], "keys": {"main": "key-one"}})
    assert list(secrets_in(settings)) == ["pin-one", "pin-two"] * 2 + ["key-one"]


def test_a_table_with_fields_may_be_given_as_json_in_a_variable(board_folder: Any) -> None:
    found = resolve(
        ServersSettings,
        read_sources(board_folder.toml(""), environ={"MAIL_SERVER": json.dumps(SERVER)}),
        plugin="mail",
        table="mail",
        prefix="MAIL_",
    )
    assert found.value is not None
    assert found.value.server == Server(**SERVER)


def test_the_first_of_two_names_for_one_setting_wins(board_folder: Any) -> None:
    environ = {"APP_URL": "https://alias.example.com", "PUBLIC_URL": "https://own.example.com"}
    plan = assemble(read_sources(board_folder.toml(""), environ=environ), plugins=[])
    assert plan.settings.public_url == "https://own.example.com"


def test_an_empty_variable_counts_as_not_set(board_folder: Any) -> None:
    plan = assemble(read_sources(board_folder.toml(""), environ={"APP_NAME": ""}), plugins=[])
    assert plan.settings.app_name == "Pegboard"


def test_the_origin_of_every_value_is_known(board_folder: Any) -> None:
    board_folder.write(".env", "SHOP_TILLS=3\n")
    sources = read_sources(board_folder.toml("[shop]\nkey = 'x'\n"), environ={"CURRENCY": "EUR"})
    found = resolve(ShopSettings, sources, plugin="shop", table="shop", prefix="SHOP_")
    assert {key: str(origin) for key, origin in found.origins.items()} == {
        "currency": "CURRENCY in the environment",
        "tills": "SHOP_TILLS in .env",
        "key": "[shop] key in pegboard.toml",
        "towns": "default",
        "on_failure": "default",
        "url_prefix": "default",
    }


@pytest.mark.parametrize("text", ["Ulm, Bonn", '["Ulm", "Bonn"]', "Ulm,Bonn,"])
def test_a_list_in_a_variable_is_json_or_has_commas(board_folder: Any, text: str) -> None:
    sources = read_sources(board_folder.toml(""), environ={"SHOP_TOWNS": text})
    found = resolve(ShopSettings, sources, plugin="shop", table="shop", prefix="SHOP_")
    assert found.value is not None
    assert found.value.towns == ("Ulm", "Bonn")


def test_wrong_types_in_three_plugins_are_one_report(board_folder: Any, make_plugin: MakePlugin) -> None:
    """Each with plugin, key, source and remedy."""
    toml = "[b]\ntills = 'many'\n[c]\ntils = 3\n"
    board_folder.write(".env", "")
    plugins = [make_plugin(name, Settings=ShopSettings) for name in "abc"]
    sources = read_sources(board_folder.toml(toml), environ={"A_TILLS": "0", "PEGBOARD_BUILTINS": "[]"})
    plan = assemble(sources, plugins=plugins)
    found = {(p.plugin, p.key): (p.source, p.remedy) for p in plan.problems}
    assert found == {
        ("a", "tills"): ("A_TILLS in the environment", "correct it there, or set A_TILLS"),
        ("b", "tills"): ("[b] tills in pegboard.toml", "correct it there, or set B_TILLS"),
        ("c", "tils"): ("[c] in pegboard.toml", "did you mean 'tills'?"),
    }
    with pytest.raises(ConfigError, match="3 problems keep the board from booting"):
        plan.require()


def test_a_required_value_says_which_variable_to_set_and_where_to_get_it(make_plugin: MakePlugin) -> None:
    class Keyed(PluginSettings):
        token: SecretStr = Field(json_schema_extra={"where": "the dashboard"})

    plan = planned(make_plugin("shop", Settings=Keyed), {})
    assert plan.problems[0].remedy == "set SHOP_TOKEN; get it: the dashboard"


def test_a_required_value_that_is_no_secret_may_also_be_written_into_the_file(make_plugin: MakePlugin) -> None:
    class Placed(PluginSettings):
        town: str

    plan = planned(make_plugin("shop", Settings=Placed), {})
    assert plan.problems[0].remedy == "set SHOP_TOWN, or town below [shop] in pegboard.toml"


def test_a_value_of_the_wrong_form_is_told_in_words_what_is_expected(make_plugin: MakePlugin) -> None:
    class Coloured(PluginSettings):
        paint: str = Field("#fff", pattern="^#[0-9a-f]{3}$", json_schema_extra={"expects": "a colour such as #fff"})
        other: str = Field("#fff", pattern="^#[0-9a-f]{3}$")

    plan = planned(make_plugin("shop", Settings=Coloured), {"shop": {"paint": "red", "other": "red"}})
    assert [p.message for p in plan.problems] == ["it must be a colour such as #fff", "it must be in another form"]


def planned(plugin: Any, config: dict[str, Any]) -> Plan:
    return assemble(given_sources(config), settings=BoardSettings(env="test", builtins=()), plugins=[plugin])


def test_a_secret_in_two_places_with_two_values_is_a_warning(board_folder: Any) -> None:
    board_folder.write(".env", f"SHOP_KEY={SECRET}\n")
    sources = read_sources(board_folder.toml(""), environ={"SHOP_KEY": "another"})
    found = resolve(ShopSettings, sources, plugin="shop", table="shop", prefix="SHOP_")
    assert found.value is not None
    assert found.value.key.get_secret_value() == "another"
    assert [warning.source for warning in found.warnings] == ["SHOP_KEY in .env"]
    assert SECRET not in str(found.warnings)


class Careless(PluginSettings):
    """Its author quotes the value in the message."""

    key: SecretStr = Field(min_length=40)
    other: SecretStr = SecretStr("")
    number: int = 1

    @field_validator("other")
    @classmethod
    def _check(cls, value: SecretStr) -> SecretStr:
        raise ValueError(f"{value.get_secret_value()} does not begin with sk_")


def test_no_secret_is_in_any_report_or_repr(make_plugin: MakePlugin, make_board: Callable[..., Flask]) -> None:
    careless = make_plugin("shop", Settings=Careless)
    config = {"shop": {"key": SECRET, "other": SECRET, "number": "x"}}
    plan = planned(careless, config)
    assert len(plan.problems) == 3
    error = ConfigError(plan.problems)
    for text in (str(error), repr(error), repr(plan.problems), repr(plan), repr(plan.entries)):
        assert SECRET not in text
    with pytest.raises(ConfigError) as caught:
        make_board(careless, config=config)
    assert SECRET not in str(caught.value)


def test_no_secret_is_in_the_repr_of_a_running_board(make_plugin: MakePlugin, tmp_path: Path) -> None:
    shop = make_plugin("shop", Settings=ShopSettings)
    settings = BoardSettings(
        env="test",
        builtins=(),
        instance_path=tmp_path,
        secret_key=SecretStr(f"{SECRET}-0123456789-0123456789"),
        database_url=f"postgresql://app:{SECRET}@127.0.0.1/board",
    )
    app = create_app(settings, plugins=[shop], config={"shop": {"key": SECRET}})
    board = app.extensions["pegboard"]
    for thing in (board, board.plan, board.settings, board.plan.sources, board.plan.entries[0].settings):
        assert SECRET not in repr(thing)


def test_an_unknown_key_of_the_board_itself_suggests_the_nearest(board_folder: Any) -> None:
    plan = assemble(read_sources(board_folder.toml("[pegboard]\nap_name = 'x'\n"), environ={}), plugins=[])
    assert [problem.remedy for problem in plan.problems] == ["did you mean 'app_name'?"]


def test_plugins_are_still_checked_when_the_boards_own_settings_are_wrong(board_folder: Any) -> None:
    toml = "[pegboard]\nbuiltins = []\nplugins = ['nosuch']\ntrusted_proxies = -1\n"
    plan = assemble(read_sources(board_folder.toml(toml), environ={}))
    assert {problem.plugin for problem in plan.problems} == {"pegboard", "nosuch"}


def test_wrong_settings_of_the_board_hide_none_of_a_plugin(board_folder: Any) -> None:
    board_folder.write("greeter.py", GREETER)
    environ = {"PEGBOARD_PLUGINS": "greeter:Greeter", "TRUSTED_PROXIES": "-1", "GREETER_TIMES": "many"}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(board_folder.path))
        plan = assemble(read_sources(board_folder.toml("[pegboard]\nacent = 1\n"), environ=environ))
    assert {(p.plugin, p.key) for p in plan.problems} == {
        ("pegboard", "trusted_proxies"), ("pegboard", "acent"), ("greeter", "times"),
    }  # fmt: skip
    with pytest.raises(ConfigError, match="3 problems"):
        plan.require()


def test_what_a_plugin_would_have_brought_is_not_missed_when_the_plugin_itself_is_reported(
    make_plugin: MakePlugin,
) -> None:
    """No follow-up errors; where nothing else is wrong, they are errors."""
    paint: Capability[Any] = Capability("paint")
    shop = make_plugin("shop", Settings=ShopSettings, capabilities=lambda self: [paint])
    painter = make_plugin("painter", providers=lambda self: [Provider(paint, "oil", object)])
    settings = BoardSettings(env="test", builtins=(), providers={"paint": "water"})
    wrong = assemble(given_sources({"shop": {"tills": 0}}), settings=settings, plugins=[shop, painter])
    assert [(p.plugin, p.key) for p in wrong.problems] == [("shop", "tills")]
    sound = assemble(given_sources({}), settings=settings, plugins=[shop, painter])
    assert [(p.plugin, p.key) for p in sound.problems] == [("pegboard", "providers.paint")]


def test_a_table_that_no_plugin_reads_is_a_warning_that_suggests_the_nearest(
    board_folder: Any, make_plugin: MakePlugin
) -> None:
    toml = "[shopp]\ntills = 3\n[env.test.shpo]\ntills = 3\n[shop]\ntills = 2\n"
    sources = read_sources(board_folder.toml(toml), environ={"PEGBOARD_ENV": "test", "PEGBOARD_BUILTINS": "[]"})
    plan = assemble(sources, plugins=[make_plugin("shop", Settings=ShopSettings)])
    assert not plan.problems
    assert {(w.plugin, w.source, w.remedy) for w in plan.board.warnings} == {
        ("shopp", "pegboard.toml", "did you mean 'shop'?"),
        ("shpo", "[env.test] of pegboard.toml", "did you mean 'shop'?"),
    }
