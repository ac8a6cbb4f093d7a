"""What a plugin takes that is not its own is named, as is what it collides with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import company
from pegboard.verification.child import Answer, Task
from pegboard.verification.subject import find_subject
from tests.core.verification.planting import Planted, install


def looked_at(planted: Planted, folder: Path) -> Answer:
    (folder / "instance").mkdir()
    answer = Answer()
    company.probe(Task(find_subject(planted.name), folder), answer)
    return answer


def test_a_plugin_that_keeps_to_its_name_is_no_finding(planted: Planted, tmp_path: Path) -> None:
    assert looked_at(planted, tmp_path).findings == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("plugin", "    Settings =", '    url_prefix = "/static/{name}"\n    Settings =', "/static/{name}/<who> is below what is core's"),
        ("plugin", "    Settings =", '    url_prefix = "/webhooks/{name}"\n    Settings =', "/webhooks/{name}/<who> is below what is core's"),
        ("plugin", "    Settings =", '    url_prefix = "/account/x"\n    Settings =', "/account/x/<who> is below what is accounts's"),
        ("settings", "    key:", '    env_prefix = "PEGBOARD_"\n    key:', "the prefix of its variables, 'PEGBOARD_', is core's"),
        ("settings", "    key:", '    env_prefix = "ACCOUNTS_X_"\n    key:', "the prefix of its variables, 'ACCOUNTS_X_', is accounts's"),
        ("settings", "    key:", '    env_prefix = "ACME"\n    key:', "the prefix of its variables, 'ACME', has no end"),
        ("settings", "words: int", 'words: Annotated[int, Env("SECRET_KEY")]', "read from SECRET_KEY, which is core's"),
        ("settings", "words: int", 'words: Annotated[int, Env("FILES_MAX")]', "read from FILES_MAX, which is files's"),
        ("plugin", "    @hookimpl\n    def app", "    hookspecs = Specs\n\n    @hookimpl\n    def app", "it brings a hook called greeted"),
        ("plugin", "    Settings =", '    command = "users"\n    Settings =', "its command users is accounts's"),
    ],
)  # fmt: skip
def test_what_is_anothers_is_named(planted: Planted, tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    planted.change(f"~/{file}.py", old, new.replace("{name}", planted.name))
    planted.change(
        "~/settings.py",
        "from pegboard",
        "from typing import Annotated\nfrom pegboard.settings import Env\nfrom pegboard",
    )
    planted.change("~/plugin.py", "\n\nclass", SPECS)
    planted.change("~/plugin.py", "    @hookimpl\n    def app", COMMANDS)
    found = [one for one in looked_at(planted, tmp_path).findings if one.check == "prefixes"]
    assert [said.format(name=planted.name) in one.what for one in found] == [True]
    assert found[0].where.startswith(planted.package.name)


SPECS = """
from pegboard.hookspecs import hookspec

class Specs:
    @hookspec
    def greeted(self): ...


class"""
COMMANDS = """    @hookimpl
    def commands(self):
        import click
        yield click.Command("greet")

    @hookimpl
    def app"""


def test_a_url_that_is_no_blueprint_s_is_named(planted: Planted, tmp_path: Path) -> None:
    planted.in_app_ready("app.add_url_rule('/account/gift', 'gift', lambda: 'For you')")
    (finding,) = looked_at(planted, tmp_path).findings
    assert (finding.check, finding.what) == ("prefixes", "it adds /account/gift to the application itself")
    assert finding.where == f"{planted.package.name}/plugin.py:22"


def test_a_table_without_its_name_is_a_warning(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", "    Settings =", '    tables = ("greetings",)\n    Settings =')
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.level == "warning"
    assert finding.what == "the table greetings does not carry its name"


def test_a_url_that_a_builtin_has_is_a_collision(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", "    Settings =", '    url_prefix = ""\n    Settings =')
    planted.change("~/plugin.py", '"/<who>"', '"/"')
    planted.change("~/plugin.py", 'lambda who: f"Hello, {who}"', "lambda: 'Hello'")
    found = [one for one in looked_at(planted, tmp_path).findings if one.check == "neighbours"]
    assert any("the URL / (GET) is taken by" in one.what for one in found)


def test_urls_that_overlap_with_another_plugins_are_a_warning(planted: Planted, tmp_path: Path) -> None:
    planted.change("~/plugin.py", "    Settings =", '    url_prefix = "/account"\n    Settings =')
    found = [one for one in looked_at(planted, tmp_path).findings if one.check == "neighbours"]
    assert found
    assert {one.level for one in found} == {"warning"}
    assert any("/account/<who> and /account/sign-in of accounts" in one.what for one in found)


def test_a_plugin_that_another_imports_while_it_is_disabled_is_named(planted: Planted, tmp_path: Path) -> None:
    site = planted.project.parent
    (site / "nosy.py").write_text(
        f"import pegboard_{planted.name}.plugin\nfrom pegboard import Plugin\nclass Nosy(Plugin):\n    name = 'nosy'\n",
        encoding="utf-8",
    )
    install(site, "nosy", entry_points="[pegboard.plugins]\nnosy = nosy:Nosy\n")
    (tmp_path / "instance").mkdir()
    answer = Answer()
    company.probe(Task(find_subject(planted.name), tmp_path, ["nosy"]), answer)
    (finding,) = [one for one in answer.findings if one.check == "disabled"]
    assert finding.what == f"{planted.package.name} is imported by a board that does not enable it"
