"""What is checked across plugins: tables, capabilities, permissions, commands, policies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Blueprint

from pegboard import Plugin, Provider
from pegboard.board import Plan, assemble
from pegboard.contracts.capability import Capability
from pegboard.contributions import NavItem, Permission, UserSource
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources

MakePlugin = Callable[..., type[Plugin[Any]]]
SMS: Capability[object] = Capability("sms")
MODELS = """
from sqlalchemy import Column, ForeignKey, Integer, Table
from pegboard.db import metadata
Table({table!r}, metadata, Column("id", Integer, primary_key=True), {column} info={{"plugin": {name!r}}})
"""


def planned(*plugins: Any, **settings: Any) -> Plan:
    values = {"env": "test", "builtins": (), **settings}
    return assemble(given_sources({}), settings=BoardSettings(**values), plugins=plugins)


def messages(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in plan.problems:
        found.setdefault(problem.plugin, []).append(problem.message)
    return found


@pytest.fixture
def with_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a plugin package with one table; the shared metadata forgets it afterwards."""
    from pegboard.db import metadata

    monkeypatch.syspath_prepend(str(tmp_path))
    import_module("pegboard.builtin.accounts.models")  # its tables are made once a process and must stay
    before, modules = set(metadata.tables), set(sys.modules)

    def make(name: str, table: str, column: str = "", attributes: str = "") -> str:
        package = tmp_path / f"kt_{name}"
        package.mkdir()
        (package / "__init__.py").touch()
        code = f"from pegboard import Plugin\nclass P(Plugin):\n    name = {name!r}\n    {attributes}\n"
        (package / "plugin.py").write_text(code, encoding="utf-8")
        models = MODELS.format(table=table, column=column and f"{column},", name=name)
        (package / "models.py").write_text(models, encoding="utf-8")
        return f"kt_{name}.plugin:P"

    yield make
    for table in set(metadata.tables) - before:
        metadata.remove(metadata.tables[table])
    for module in set(sys.modules) - modules:
        if module.startswith("kt_"):
            del sys.modules[module]


def test_a_table_carries_its_plugins_prefix_or_is_declared(with_table: Any) -> None:
    plan = planned(
        with_table("good", "good_articles"), with_table("declared", "articles", attributes="tables = ('articles',)")
    )
    assert not plan.problems
    assert [table.name for entry in plan.active for table in entry.tables] == ["articles", "good_articles"]


def test_a_table_without_the_prefix_is_refused(with_table: Any) -> None:
    problem = planned(with_table("bad", "articles_of_bad")).problems[0]
    assert (problem.plugin, problem.message) == ("bad", "the table 'articles_of_bad' lacks the plugin's prefix")


def test_two_plugins_on_one_table_are_refused(with_table: Any) -> None:
    declared = "tables = ('same',)"
    plan = planned(with_table("aa", "same", attributes=declared), with_table("bb", "same", attributes=declared))
    assert len(plan.problems) == 1
    assert "already defined" in plan.problems[0].message


def test_a_foreign_key_to_a_plugin_that_is_not_required_is_refused(with_table: Any) -> None:
    foreign = "Column('other', ForeignKey('low_x.id'))"
    plan = planned(with_table("low", "low_x"), with_table("top", "top_x", foreign))
    assert messages(plan) == {"top": ["top_x refers to 'low_x', which belongs to no plugin it requires"]}


def test_a_foreign_key_to_a_required_plugin_is_fine(with_table: Any) -> None:
    foreign = "Column('other', ForeignKey('low_x.id'))"
    plan = planned(with_table("low", "low_x"), with_table("top", "top_x", foreign, "requires = ('low',)"))
    assert not plan.problems


def test_a_foreign_key_that_leads_nowhere_blames_its_plugin_and_no_other(with_table: Any) -> None:
    foreign = "Column('other', ForeignKey('ghosts.id'))"
    plan = planned(with_table("haunted", "haunted_x", foreign), with_table("well", "well_x"))
    assert set(messages(plan)) == {"haunted"}


@pytest.mark.parametrize(
    ("ondelete", "refused"), [("", True), (", ondelete='RESTRICT'", True), (", ondelete='cascade'", False)]
)
def test_a_foreign_key_to_accounts_says_what_happens_on_deletion(with_table: Any, ondelete: str, refused: bool) -> None:
    from pegboard.builtin.accounts.plugin import Accounts

    foreign = f"Column('user', ForeignKey('users.id'{ondelete}))"
    plan = planned(Accounts, with_table("notes", "notes_x", foreign, "requires = ('accounts',)"))
    assert (messages(plan) == {"notes": ["notes_x refers to users without ondelete"]}) is refused


def sms(name: str, provider: str, *, embedded: bool = False) -> dict[str, Any]:
    return {"providers": lambda self: [Provider(SMS, provider, object, embedded=embedded)]}


def test_a_provider_of_a_capability_that_nobody_brings_is_refused(make_plugin: MakePlugin) -> None:
    plan = planned(make_plugin("twoway", **sms("twoway", "twoway")))
    assert messages(plan) == {"twoway": ["provides 'sms', a capability that no enabled plugin brings"]}


def test_two_providers_of_one_name_are_refused(make_plugin: MakePlugin) -> None:
    brings = make_plugin("sms", capabilities=lambda self: [SMS])
    plan = planned(brings, make_plugin("a", **sms("a", "same")), make_plugin("b", **sms("b", "same")))
    assert "a provider 'same' of sms comes from 'a' already" in messages(plan)["b"]


def test_one_capability_brought_by_two_plugins_is_refused(make_plugin: MakePlugin) -> None:
    plan = planned(*(make_plugin(name, capabilities=lambda self: [SMS]) for name in "ab"))
    assert messages(plan) == {"b": ["the capability 'sms' is brought by 'a' already"]}


@pytest.mark.parametrize("embedded", [False, True])
def test_an_ambiguous_choice_of_provider_is_an_error_that_says_how_to_choose(
    make_plugin: MakePlugin, embedded: bool
) -> None:
    brings = make_plugin("sms", capabilities=lambda self: [SMS])
    rivals = [make_plugin(name, **sms(name, name, embedded=embedded)) for name in "ab"]
    plan = planned(brings, *rivals)
    assert [(p.key, p.message) for p in plan.problems] == [("providers.sms", "sms has several providers: a, b")]
    assert plan.problems[0].remedy == 'choose one below [pegboard.providers]: sms = "a"'
    assert not planned(brings, *rivals, providers={"sms": "b"}).problems


@pytest.mark.parametrize(
    ("providers", "words"),
    [
        ({"smss": "a"}, "no enabled plugin brings the capability 'smss'"),
        ({"sms": "aa"}, "no enabled plugin provides 'aa'"),
        ({"sms": ("a", "zz")}, "no enabled plugin provides 'zz'"),
        ({"sms": ()}, "chooses no provider"),
    ],
)
def test_a_choice_that_cannot_be_met_is_refused(make_plugin: MakePlugin, providers: dict[str, Any], words: str) -> None:
    brings = make_plugin("sms", capabilities=lambda self: [SMS], **sms("sms", "a"))
    assert words in messages(planned(brings, providers=providers))["pegboard"]


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        (Permission("sell", "x"), "'sell' is not a name for its permission"),
        (Permission("other.sell", "x"), "'other.sell' is not a name for its permission"),
        (Permission("shop.sell", "x", ("boss",)), "unknown role 'boss'"),
    ],
)
def test_a_permission_is_named_after_its_plugin_and_given_to_known_roles(
    make_plugin: MakePlugin, permission: Permission, words: str
) -> None:
    assert messages(planned(make_plugin("shop", permissions=lambda self: [permission]))) == {"shop": [words]}


@pytest.mark.parametrize("word", ["db", "run"])
def test_a_command_of_the_core_cannot_be_taken(make_plugin: MakePlugin, word: str) -> None:
    commands = {"commands": lambda self: [click.Command("x")]}
    assert messages(planned(make_plugin("shop", command=word, **commands))) == {
        "shop": [f"the command {word!r} is taken by the core"]
    }


def test_two_plugins_with_one_command_are_refused(make_plugin: MakePlugin) -> None:
    commands = {"commands": lambda self: [click.Command("x")], "command": "same"}
    plan = planned(make_plugin("a", **commands), make_plugin("b", **commands))
    assert messages(plan) == {"b": ["the command 'same' is taken by a"]}


@pytest.mark.parametrize(
    "policy",
    [
        {"script-src": ["'unsafe-inline'"]},
        {"script-src": ["'unsafe-eval'"]},
        {"script-src": ["*"]},
        {"connect-src": ["*"]},
        {"script-src": ["data:"]},
        {"object-src": ["data:"]},
        {"script-src": ["https:"]},
        {"script-src": ["https://*"]},
        {"script-src": ["'nonce-abc'"]},
        {"img-src": ["https://a.example; script-src *"]},
        {"img-src": ["https://a.example, *"]},
        {"img-src": ["{nonce}"]},
        {"script-src-elem": ["https://a.example"]},
        {"default-src": ["https://a.example"]},
        {"base-uri": ["https://a.example"]},
        {"frame-ancestors": ["https://a.example"]},
        {"script_src": ["https://a.example"]},
    ],
)
def test_an_unsafe_source_in_the_policy_names_its_plugin(make_plugin: MakePlugin, policy: dict[str, list[str]]) -> None:
    plan = planned(make_plugin("shop", content_security_policy=lambda self: policy))
    assert [(problem.plugin, problem.key) for problem in plan.problems] == [("shop", "content_security_policy")]


def test_hosts_and_harmless_schemes_are_allowed_in_the_policy(make_plugin: MakePlugin) -> None:
    policy = {
        "script-src": ["https://cdn.example.com", "*.example.com", "'self'"],
        "connect-src": ["wss://live.example.com:8443/path", "https:"],
        "img-src": ["data:", "blob:"],
    }
    assert not planned(make_plugin("shop", content_security_policy=lambda self: policy)).problems


def test_only_one_plugin_tells_who_is_signed_in(make_plugin: MakePlugin) -> None:
    from flask import Blueprint

    def blueprints(name: str) -> Any:
        def give(self: Any) -> list[Blueprint]:
            blueprint = Blueprint(name, __name__)
            blueprint.add_url_rule("/in", "sign_in", lambda: "")
            return [blueprint]

        return give

    plan = planned(
        *(
            make_plugin(n, blueprints=blueprints(n), user_source=lambda self: UserSource(lambda: None, "a.sign_in"))
            for n in "ab"
        )
    )
    assert messages(plan) == {"b": ["'a' tells who is signed in already"]}


@pytest.mark.parametrize("word", ["price", "url_for", "csrf_token"])
def test_template_globals_do_not_replace_each_other_or_the_cores(make_plugin: MakePlugin, word: str) -> None:
    plan = planned(*(make_plugin(name, template_globals=lambda self: {word: str}) for name in "ab"))
    assert "b" in messages(plan)
    assert ("a" in messages(plan)) is (word != "price")


def test_menu_entries_and_sign_in_pages_must_exist(make_plugin: MakePlugin) -> None:
    plan = planned(
        make_plugin(
            "shop",
            nav_items=lambda self: [NavItem("Shop", "shop.indx")],
            user_source=lambda self: UserSource(lambda: None, "shop.sign_in"),
        )
    )
    assert messages(plan)["shop"] == [
        "the menu entry names an unknown endpoint 'shop.indx'",
        "sign_in_endpoint names an unknown endpoint 'shop.sign_in'",
    ]


def test_a_menu_entry_for_a_permission_that_nobody_declares_or_a_page_with_arguments_is_refused(
    make_plugin: MakePlugin,
) -> None:
    pages = Blueprint("shop", __name__)
    pages.add_url_rule("/<int:number>", "one", lambda number: "")
    items = [NavItem("One", "shop.one"), NavItem("None", "healthz", permission="shop.swep")]
    plan = planned(
        make_plugin(
            "shop",
            blueprints=lambda self: [pages],
            nav_items=lambda self: items,
            permissions=lambda self: [Permission("shop.sweep", "Sweep.")],
        )
    )
    found = {p.message: p.remedy for p in plan.problems}
    assert (
        found.items()
        >= {
            "the menu entry names 'shop.one', whose URL needs arguments": "name a page that can be linked to by itself",
            "the menu entry of healthz names an unknown permission 'shop.swep'": "did you mean 'shop.sweep'?",
        }.items()
    )


TEMPLATES = {
    "sweep.html": """{% if can("guardian.sweep") and has_role('admin') %}yes{% endif %}""",
    "typo.html": """{% if can('guardian.swep') or has_role("owner") %}yes{% endif %}""",
}


def test_a_guard_in_a_template_that_names_an_unknown_permission_or_role_is_an_error_at_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "guardian" / "templates" / "guardian"
    folder.mkdir(parents=True)
    (tmp_path / "guardian" / "__init__.py").touch()
    (tmp_path / "guardian" / "plugin.py").write_text(
        "from pegboard import Plugin, hookimpl\nfrom pegboard.contributions import Permission\n\n\n"
        "class Guardian(Plugin):\n    name = 'guardian'\n\n"
        "    @hookimpl\n    def permissions(self):\n        yield Permission('guardian.sweep', 'Sweep.')\n"
    )
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = BoardSettings(env="test", builtins=(), plugins=("guardian.plugin:Guardian",))
    plan = assemble(given_sources({}), settings=settings)
    assert messages(plan) == {
        "guardian": [
            "guardian/typo.html asks for an unknown permission 'guardian.swep'",
            "guardian/typo.html asks for an unknown role 'owner'",
        ]
    }
