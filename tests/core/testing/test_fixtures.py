"""The fixtures that authors of plugins get: a board of their own, people on it, servers, and nothing for who asks for nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, request
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import inspect

from pegboard import Plugin, PluginSettings, hookimpl
from pegboard.board import assemble
from pegboard.builtin.files.plugin import Files
from pegboard.builtin.local_files.plugin import LocalFiles
from pegboard.contributions import Permission
from pegboard.db import db
from pegboard.errors import ConfigError, PegboardError
from pegboard.events import UserRegistered
from pegboard.live import board_of
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources
from pegboard.testing import BoardClient, Install, MakeBoard, MakePerson, Person, SignIn, StartPeer, free_ports
from pegboard.testing.peers import answers
from pegboard.web.users import current_user, permission, signed_in
from tests.serving import foreign_environment

FORM = '<form method="post"><input name="csrf_token" type="hidden" value="{{ csrf_token() }}"></form>'


class DiarySettings(PluginSettings):
    greeting: str = "Dear"


class Diary(Plugin[DiarySettings]):
    """Pages for one person each."""

    name = "diary"
    Settings = DiarySettings

    @hookimpl
    def permissions(self) -> Iterable[Permission]:
        yield Permission("diary.read_all", "Read them all.", roles=("moderator",))

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        pages = Blueprint("diary", __name__)
        pages.add_url_rule("/", "index", signed_in(self.index), methods=["GET", "POST"])
        pages.add_url_rule("/all", "all", permission("diary.read_all")(lambda: "all of them"))
        yield pages

    def index(self) -> str:
        user = current_user()
        assert user is not None
        if request.method == "POST":
            return f"{user.subject} wrote {request.form['text']}"
        return f"{self.settings.greeting} {user.name}" + render_template_string(FORM)


@pytest.fixture
def plugin() -> type[Plugin[Any]]:
    return Diary


@pytest.fixture
def plugin_settings() -> Mapping[str, Any]:
    return {"greeting": "My dear"}


def names(app: Flask) -> list[str]:
    return [entry.name for entry in board_of(app).plan.active]


def tables(app: Flask) -> list[str]:
    with app.app_context():
        return inspect(db.engine).get_table_names()


def test_a_board_has_the_plugin_under_test_with_its_settings_and_nothing_else(board: Flask) -> None:
    assert names(board) == ["diary"]
    assert board_of(board).plugin(Diary).settings.greeting == "My dear"
    assert "sqlalchemy" not in board.extensions


def test_accounts_come_only_when_a_test_asks_for_people(board: Flask, owner: Person) -> None:
    assert names(board) == ["accounts", "diary"]


def test_what_a_plugin_requires_comes_too_with_tables_from_the_migrations(make_board: MakeBoard) -> None:
    app = make_board(LocalFiles)
    assert names(app) == ["files", "local_files"]
    assert {"files", "alembic_version_files"} <= set(tables(app))


def test_a_board_with_files_and_no_storage_gets_the_embedded_one(make_board: MakeBoard) -> None:
    assert names(make_board(Files)) == ["files", "local_files"]


def test_what_is_given_is_not_added_again(make_board: MakeBoard) -> None:
    assert names(make_board(LocalFiles, Files)) == ["files", "local_files"]


def test_a_requirement_that_is_not_installed_is_reported_as_on_any_board(make_board: MakeBoard) -> None:
    lonely = type("Lonely", (Plugin,), {"name": "lonely", "requires": ("nobody_at_all",)})
    with pytest.raises(ConfigError, match="requires 'nobody_at_all'"):
        make_board(lonely)


def test_boards_of_one_test_share_their_database(make_board: MakeBoard) -> None:
    with make_board("accounts").app_context():
        from pegboard.builtin.accounts.service import create_user

        create_user("ada@example.com", "Ada", "correct horse battery")
    with make_board("accounts").app_context():
        from pegboard.builtin.accounts.service import find_user

        assert find_user("ada@example.com")


def test_three_people_are_three_accounts(owner: Person, colleague: Person, outsider: Person) -> None:
    assert [one.name for one in (owner, colleague, outsider)] == ["Alice", "Bob", "Charlie"]
    assert len({one.subject for one in (owner, colleague, outsider)}) == 3
    assert owner.password not in repr(owner)


def test_each_client_is_its_own_browser(
    signed_in_client: BoardClient, sign_in: SignIn, outsider: Person, client: BoardClient
) -> None:
    assert "My dear Alice" in signed_in_client.get("/diary/").text
    assert "My dear Charlie" in sign_in(outsider).get("/diary/").text
    assert "/account/sign-in" in client.get("/diary/").location


def test_a_person_s_password_signs_in_through_the_form(client: BoardClient, owner: Person) -> None:
    client.submit("/account/sign-in", email=owner.email, password=owner.password)
    assert "My dear Alice" in client.get("/diary/").text


def test_a_form_is_submitted_with_its_token(signed_in_client: BoardClient, owner: Person) -> None:
    assert signed_in_client.post("/diary/", data={"text": "no token"}).status_code == 400
    assert signed_in_client.submit("/diary/", text="hello").text == f"{owner.subject} wrote hello"


def test_a_page_without_a_form_is_named(client: BoardClient) -> None:
    with pytest.raises(AssertionError, match=r"/healthz \(200 OK\) has no form"):
        client.token("/healthz")


def test_a_person_has_the_roles_they_were_given(make_person: MakePerson, sign_in: SignIn, owner: Person) -> None:
    assert sign_in(make_person("Mona Lisa", "moderator")).get("/diary/all").text == "all of them"
    assert sign_in(owner).get("/diary/all").status_code == 403


def test_people_need_a_board_with_accounts(make_board: MakeBoard) -> None:
    from pegboard.testing.people import person_maker

    with pytest.raises(PegboardError, match=r'make_board\(plugin, "accounts"\)'):
        person_maker(make_board(Diary))


def test_an_injected_entry_point_is_found_like_an_installed_one(installed: Install) -> None:
    installed(diary=Diary)
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=["diary"])
    assert not plan.problems
    assert (plan.active[0].plugin, plan.active[0].origin) == (Diary, "pegboard-diary")


def test_an_injected_entry_point_hides_the_installed_one_of_its_name(installed: Install) -> None:
    mine = type("Mine", (Plugin,), {"name": "home"})
    installed(home=mine, diary=Diary)
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=("home",)), plugins=["diary"])
    assert not plan.problems
    assert [entry.plugin for entry in plan.active] == [Diary, mine]


def test_an_injected_entry_point_is_gone_after_the_test() -> None:
    plan = assemble(given_sources({}), settings=BoardSettings(env="test", builtins=()), plugins=["diary"])
    assert "no plugin of the name 'diary'" in plan.problems[0].message


@pytest.fixture(scope="session")
def web(peer: StartPeer) -> str:
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    peer("web", command, ready=f"http://127.0.0.1:{port}/")
    return f"http://127.0.0.1:{port}/"


def test_a_peer_runs_when_it_is_ready(web: str) -> None:
    assert answers(web)


def test_nothing_but_this_machine_is_reached() -> None:
    with pytest.raises((SocketConnectBlockedError, UserWarning), match=r'with host "192\.0\.2\.1"'):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


STRANGER = """
import sys

def test_nothing_was_imported():
    ours = {name for name in sys.modules if name.startswith("pegboard")}
    assert ours <= {"pegboard", "pegboard.lazily", "pegboard.testing", "pegboard.testing.fixtures"}, ours
    assert not {"flask", "pydantic", "sqlalchemy", "werkzeug"} & set(sys.modules)

def test_the_network_is_nobody_s_business():
    import socket
    assert socket.socket.connect.__qualname__ == "socket.connect"
"""

AUTHOR = """
import os
import pytest
from pegboard import Plugin

def test_without_a_plugin(board):
    pass

class TestServer:
    @pytest.fixture
    def server(self, peer):
        import sys
        from pegboard.testing import free_ports
        port = free_ports(1)[0]
        return peer("web", [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], ready=f"http://127.0.0.1:{port}/")

    def test_starts(self, server):
        print("PID", server.pid)
"""


def pytest_run(folder: Path, code: str, *options: str) -> str:
    """What a fresh pytest says of one file, without this repository's configuration."""
    (folder / "test_it.py").write_text(code, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *options, "test_it.py"]
    done = subprocess.run(
        command, cwd=folder, env=foreign_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_project_that_asks_for_no_fixture_pays_for_none(tmp_path: Path) -> None:
    assert "2 passed" in pytest_run(tmp_path, STRANGER)


@pytest.mark.slow
def test_without_pytest_socket_a_board_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys\nsys.modules['pytest_socket'] = None\ndef test_board(make_board): pass\n"
    assert 'pip install "pegboard[test]"' in pytest_run(tmp_path, code, "-p", "no:socket")


@pytest.mark.slow
def test_an_author_is_told_to_name_the_plugin_and_servers_end_with_the_tests(tmp_path: Path) -> None:
    said = pytest_run(tmp_path, AUTHOR, "-s")
    assert "1 passed, 1 error" in said
    assert "which plugin is under test? Say so in conftest.py" in said
    assert "return MyPlugin" in said
    pid = int(said.partition("PID ")[2].split()[0])
    assert not Path(f"/proc/{pid}/exe").exists()


class Greeter(Plugin[Any]):
    """Greets whoever has registered."""

    name = "greeter"
    requires = ("accounts",)

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.greeted: list[str] = []

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None:
        self.greeted.append(event.name)


def test_what_happens_later_happens_when_the_test_says_so(make_board: MakeBoard) -> None:
    from pegboard.testing.people import person_maker
    from pegboard.testing.work import doing_work

    app = make_board(Greeter)
    person_maker(app)("Ada")
    greeter = board_of(app).plugin(Greeter)
    assert greeter.greeted == []
    assert doing_work(app)() == 1
    assert greeter.greeted == ["Ada"]
