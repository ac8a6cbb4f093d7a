"""The fixtures that pytest offers wherever Pegboard is installed. `docs/testing.md` lists them, from their docstrings.

pytest imports this module at every start, also for projects that never ask for a fixture of it: so it imports nothing,
and each fixture imports what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from pegboard import Plugin

    from .boards import BoardClient, MakeBoard
    from .entry_points import Install
    from .people import MakePerson, Person, SignIn
    from .servers import StartPeer
    from .work import DoWork

_PEOPLE = frozenset({"make_person", "owner", "colleague", "outsider", "sign_in", "signed_in_client"})


@pytest.fixture
def plugin() -> type[Plugin[Any]]:
    """The plugin class under test. Override it in your `conftest.py`."""
    raise pytest.UsageError(
        "which plugin is under test? Say so in conftest.py:\n\n"
        "    @pytest.fixture\n    def plugin() -> type[Plugin[Any]]:\n        return MyPlugin\n"
    )


@pytest.fixture
def plugin_settings() -> Mapping[str, Any]:
    """Its settings, as in its table of `pegboard.toml`; none unless you override it."""
    return {}


@pytest.fixture
def board(
    request: pytest.FixtureRequest,
    make_board: MakeBoard,
    plugin: type[Plugin[Any]],
    plugin_settings: Mapping[str, Any],
) -> Flask:
    """A board with the plugin under test and what it requires, nothing else; with accounts when the test asks for people."""
    accounts = ["accounts"] if _PEOPLE.intersection(request.fixturenames) else []
    return make_board(plugin, *accounts, config={plugin.name: plugin_settings})


@pytest.fixture
def make_board(tmp_path: Path, only_loopback: None) -> Iterator[MakeBoard]:
    """Boots a board of the given plugins (classes or names) and what they require, its tables made by their migrations.

    `config` are the settings of plugins by name, other keywords those of the board. Its SQLite file is below `tmp_path`:
    boards of one test share it, as one deployment does when it starts anew.
    """
    from .boards import making_boards

    with making_boards(tmp_path / "instance") as make:
        yield make


@pytest.fixture
def client(board: Flask) -> BoardClient:
    """A browser of somebody who is not signed in: Flask's test client, and `submit` for forms with their token."""
    from .boards import BoardClient

    return BoardClient.of(board)


@pytest.fixture
def do_work(board: Flask) -> DoWork:
    """`do_work()` does what is due later, in this process, and says how many items that were: nothing happens behind a test's back.

    `do_work(whenever=True)` does also what waits for its time, as what has failed does; `ticks=True` what the hook `jobs` has due.
    """
    from .work import doing_work

    return doing_work(board)


@pytest.fixture
def make_person(board: Flask) -> MakePerson:
    """Makes an account on the board: `make_person("Mona", "moderator")` by name and roles."""
    from .people import person_maker

    return person_maker(board)


@pytest.fixture
def owner(make_person: MakePerson) -> Person:
    """Alice: what the test is about belongs to her."""
    return make_person("Alice")


@pytest.fixture
def colleague(make_person: MakePerson) -> Person:
    """Bob: somebody she shares it with."""
    return make_person("Bob")


@pytest.fixture
def outsider(make_person: MakePerson) -> Person:
    """Charlie: has an account, and must be refused."""
    return make_person("Charlie")


@pytest.fixture
def sign_in(board: Flask) -> SignIn:
    """`sign_in(owner)` is a browser in which that person is signed in."""
    from .people import signed_in

    return lambda person: signed_in(board, person)


@pytest.fixture
def signed_in_client(sign_in: SignIn, owner: Person) -> BoardClient:
    """A browser in which the owner is signed in."""
    return sign_in(owner)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`installed(weather=Weather)`: from here on the board finds the class by that name, as if it were installed."""
    from .entry_points import installer

    return installer(tmp_path / "entry-points", monkeypatch)


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartPeer]:
    """Starts a real server on this machine and stops it when the tests end: `peer("dav", command, ready=url)`.

    `ready` is a URL that answers 200, or a function that says so. Start it in a fixture of your own, of any scope.
    """
    from .servers import starting_peers

    with starting_peers(tmp_path_factory) as start:
        yield start


@pytest.fixture
def only_loopback() -> None:
    """A test that reaches for the network fails; this machine can be reached. `board` and all that needs it have it.

    For every test: `usefixtures = ["only_loopback"]` in the configuration of pytest.
    """
    try:
        from pytest_socket import socket_allow_hosts
    except ImportError:
        raise pytest.UsageError('tests of boards need pytest-socket: pip install "pegboard[test]"') from None
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
