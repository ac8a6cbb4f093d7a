"""Nobody sees the console but who may, and nobody replays but who may."""

from __future__ import annotations

import pytest
from flask import Flask

from pegboard.builtin.console.plugin import REPLAY, VIEW
from pegboard.contributions import Permission
from pegboard.live import board_of
from pegboard.testing.boards import BoardClient, MakeBoard
from pegboard.testing.people import Person, SignIn, person_maker, signed_in
from tests.core.builtin.console.office import PAY, Office, failed, status_of, trail

PAGES = ["/console/", "/console/work", "/console/webhooks", "/console/work/1", f"/console/replay?handler={PAY}"]
POSTS = ["/console/work/1/replay", "/console/replay"]


def _token(client: BoardClient) -> str:
    return client.token("/account/profile")


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_asked_to_sign_in(board: Flask, path: str) -> None:
    failed(board, "zebedee")
    answer = BoardClient.of(board).get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/account/sign-in?next=/console/")


@pytest.mark.parametrize("path", PAGES)
def test_who_has_no_permission_sees_nothing(board: Flask, sign_in: SignIn, outsider: Person, path: str) -> None:
    failed(board, "zebedee")
    answer = sign_in(outsider).get(path)
    assert answer.status_code == 403
    assert "zebedee" not in answer.text


@pytest.mark.parametrize("path", POSTS)
def test_who_has_no_permission_replays_nothing(board: Flask, sign_in: SignIn, outsider: Person, path: str) -> None:
    (item,) = failed(board, "zebedee")
    client = sign_in(outsider)
    assert client.post(path, data={"csrf_token": _token(client), "handler": PAY}).status_code == 403
    assert (status_of(board, item), trail(board)) == ("dead", [])


@pytest.mark.parametrize("path", POSTS)
def test_who_is_not_signed_in_replays_nothing(board: Flask, path: str) -> None:
    (item,) = failed(board, "zebedee")
    client = BoardClient.of(board)
    answer = client.post(path, data={"csrf_token": client.token("/account/sign-in"), "handler": PAY})
    assert answer.location == "/account/sign-in"
    assert (status_of(board, item), trail(board)) == ("dead", [])


@pytest.mark.parametrize("path", POSTS)
def test_without_the_token_of_a_form_nothing_is_replayed(board: Flask, client: BoardClient, path: str) -> None:
    (item,) = failed(board, "zebedee")
    assert client.post(path, data={"handler": PAY}).status_code == 400
    assert status_of(board, item) == "dead"


def test_a_link_replays_nothing(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "zebedee")
    assert client.get(f"/console/work/{item}/replay").status_code == 405
    assert client.get(f"/console/replay?handler={PAY}").status_code == 200
    assert status_of(board, item) == "dead"


def test_who_may_look_and_not_replay_is_shown_no_button(make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    def for_moderators(name: str, description: str) -> Permission:
        return Permission(name, description, roles=("moderator",) if name == VIEW else ())

    monkeypatch.setattr("pegboard.builtin.console.plugin.Permission", for_moderators)
    app = make_board("console", "accounts", Office)
    (item,) = failed(app, "zebedee")
    client = signed_in(app, person_maker(app)("Mona", "moderator"))
    for path in ("/console/", f"/console/work/{item}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "/replay" not in page.text
    assert client.get(f"/console/replay?handler={PAY}").status_code == 403
    data = {"csrf_token": _token(client), "handler": PAY}
    assert [client.post(path, data=data).status_code for path in POSTS] == [403, 403]
    assert status_of(app, item) == "dead"


def test_from_the_start_only_administrators_have_the_permissions(board: Flask) -> None:
    permissions = board_of(board).permissions
    assert (permissions[VIEW].roles, permissions[REPLAY].roles) == ((), ())


def test_the_entry_in_the_menu_is_for_who_may(
    board: Flask, client: BoardClient, sign_in: SignIn, outsider: Person
) -> None:
    assert 'href="/console/"' in client.get("/account/profile").text
    assert 'href="/console/"' not in sign_in(outsider).get("/account/profile").text
    assert 'href="/console/"' not in BoardClient.of(board).get("/account/sign-in").text


def test_pages_are_not_kept_by_the_browser(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "zebedee")
    for path in ("/console/", f"/console/work/{item}"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_switched_off_nothing_of_it_is_there(make_board: MakeBoard) -> None:
    app = make_board("accounts", Office)
    client = signed_in(app, person_maker(app)("Ada", "admin"))
    assert client.get("/console/").status_code == 404
    assert "Console" not in client.get("/account/profile").text
    assert VIEW not in board_of(app).permissions
