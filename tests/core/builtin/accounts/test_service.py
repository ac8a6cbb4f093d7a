"""Accounts as commands, the sandbox and other code make them."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from pegboard.builtin.accounts import passwords, roles, service
from pegboard.builtin.accounts.keys import uuid7
from pegboard.builtin.accounts.models import User, UserRole
from pegboard.db import db, utc_now
from pegboard.errors import Refused
from pegboard.web.users import names_of

from .conftest import ALICE, BOB, PASSWORD, Browser, Make, add_user


def users(app: Flask, *arguments: str, stdin: str = "") -> Any:
    """Run `pegboard users …`."""
    return app.test_cli_runner().invoke(args=["users", *arguments], input=stdin)


def test_two_who_register_one_address_at_once_make_one_account(make_board: Make) -> None:
    app = make_board()
    together, outcomes = threading.Barrier(4), []

    def register() -> None:
        with app.app_context():
            together.wait(10)
            try:
                service.create_user("Both@example.com", "Both", PASSWORD)
                outcomes.append("made")
            except service.EmailTaken:
                outcomes.append("taken")

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["made", "taken", "taken", "taken"]
    with app.app_context():
        assert db.session.scalars(select(User.email)).all() == ["both@example.com"]


@pytest.mark.parametrize(
    ("email", "name", "password", "given", "words"),
    [
        (ALICE.upper(), "A", PASSWORD, (), "already"),
        ("nobody", "A", PASSWORD, (), "Please give an email address"),
        (BOB, "", PASSWORD, (), "A name has"),
        (BOB, "A\u202eB", PASSWORD, (), "A name has"),
        (BOB, "A", "seven77", (), "8 to 256"),
        (BOB, "A", "x" * 257, (), "8 to 256"),
        (BOB, "A", "ｓ\ud800" * 8, (), "8 to 256"),
        (BOB, "A", PASSWORD, ("owner",), "user, moderator, admin"),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_words(
    app: Flask, email: str, name: str, password: str, given: tuple[str, ...], words: str
) -> None:
    with app.app_context():
        with pytest.raises(Refused, match=words) as refused:
            service.create_user(email, name, password, roles=given)
        assert password not in str(refused.value)
        assert len(service.all_users()) == 1


def test_a_password_typed_on_another_keyboard_is_the_same() -> None:
    stored = passwords.hashed("Å\ufb01ve ｆｕｌｌ width")
    assert passwords.verify(stored, "A\u030afive full width")
    assert not passwords.verify(stored, "Afive full width")


def test_a_password_is_stored_as_argon2id_and_nowhere_in_clear(app: Flask) -> None:
    with app.app_context():
        user = service.find_user(ALICE)
        assert user
        assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert user.password_hash not in repr(user)
    assert not passwords.outdated(passwords.UNKNOWN)


def test_a_hash_of_other_parameters_is_renewed_at_sign_in(app: Flask) -> None:
    from argon2 import PasswordHasher

    with app.app_context():
        user = service.find_user(ALICE)
        assert user
        user.password_hash = weak = PasswordHasher(memory_cost=1024, time_cost=1, parallelism=1).hash(PASSWORD)
        db.session.commit()
    assert Browser(app).sign_in().status_code == 302
    with app.app_context():
        user = service.find_user(ALICE)
        assert user
        assert user.password_hash != weak
        assert not passwords.outdated(user.password_hash)
    assert Browser(app).sign_in().status_code == 302


def test_a_broken_hash_opens_nothing(app: Flask) -> None:
    for stored in ("", "x", "$argon2id$"):
        assert not passwords.verify(stored, "")


def test_keys_sort_by_time_and_are_uuids_of_version_7() -> None:
    from uuid import UUID

    keys = [uuid7() for _ in range(200)]
    assert len(set(keys)) == 200
    assert all((UUID(key).version, UUID(key).variant) == (7, "specified in RFC 4122") for key in keys)
    assert [key[:13] for key in keys] == sorted(key[:13] for key in keys)


def test_an_administrator_is_made_with_a_password_shown_once(make_board: Make) -> None:
    app = make_board()
    made = users(app, "create", "root@example.com", "--admin")
    password = re.search(r"shown this once\): (\S+)", made.output)
    assert (made.exit_code, bool(password)) == (0, True)
    assert password
    root = Browser(app)
    assert root.sign_in("root@example.com", password[1]).status_code == 302
    assert root.get("/guarded/sweep").status_code == 200


def test_a_password_from_standard_input_is_not_shown(make_board: Make) -> None:
    app = make_board()
    made = users(app, "create", BOB, "--name", "Bob", "--password-stdin", stdin=f"{PASSWORD}\nmore\n")
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    assert Browser(app).sign_in(BOB).status_code == 302


def test_a_command_that_cannot_says_why_in_one_line(app: Flask) -> None:
    for arguments, words in [
        (("create", ALICE), "There is an account with this address already."),
        (("create", "nobody"), "Please give an email address"),
        (("grant", BOB, "admin"), "There is no account 'bob@example.com'"),
        (("grant", ALICE, "owner"), "'owner' is not one of 'user', 'moderator', 'admin'"),
        (("revoke", ALICE, "user"), "cannot be taken away"),
    ]:
        answer = users(app, *arguments)
        assert answer.exit_code != 0
        assert words in answer.output
        assert "Traceback" not in answer.output


def test_accounts_are_listed_for_people_and_for_scripts(app: Flask) -> None:
    add_user(app, BOB, "Bob", roles=("moderator", "admin"))
    rows = json.loads(users(app, "list", "--json").output)
    assert [(row["email"], row["roles"]) for row in rows] == [(ALICE, ["user"]), (BOB, ["user", "admin", "moderator"])]
    assert "argon2" not in json.dumps(rows)
    assert "bob@example.com  Bob  user, admin, moderator" in users(app, "list").output


def test_an_empty_list_says_what_to_do(make_board: Make) -> None:
    assert "pegboard users create" in users(make_board(), "list").output
    assert json.loads(users(make_board(), "list", "--json").output) == []


def test_missing_tables_are_an_error_that_says_how_to_make_them(app: Flask) -> None:
    with app.app_context():
        db.metadata.drop_all(db.engine)
    for arguments in (("list",), ("create", BOB), ("grant", ALICE, "admin")):
        answer = users(app, *arguments)
        assert answer.exit_code == 1
        assert "pegboard db upgrade" in answer.output
        assert "INSERT" not in answer.output


def test_roles_are_given_and_taken_once(app: Flask) -> None:
    assert "now has" in users(app, "grant", ALICE, "moderator").output
    assert "already had" in users(app, "grant", ALICE, "moderator").output
    assert "already had" in users(app, "grant", ALICE, "user").output
    assert "no longer has" in users(app, "revoke", ALICE, "moderator").output
    assert "did not have" in users(app, "revoke", ALICE, "moderator").output


def test_the_last_administrator_stays_one(app: Flask) -> None:
    add_user(app, BOB, "Bob", roles=("admin",))
    refused = users(app, "revoke", BOB, "admin")
    assert refused.exit_code != 0
    assert "Make somebody else one first" in refused.output
    users(app, "grant", ALICE, "admin")
    assert users(app, "revoke", BOB, "admin").exit_code == 0
    assert users(app, "revoke", ALICE, "admin").exit_code != 0


def test_a_disabled_administrator_does_not_count_as_one(app: Flask) -> None:
    add_user(app, BOB, "Bob", roles=("admin",))
    users(app, "grant", ALICE, "admin")
    with app.app_context():
        bob = service.find_user(BOB)
        assert bob
        bob.disabled_at = utc_now()
        db.session.commit()
    assert users(app, "revoke", ALICE, "admin").exit_code != 0
    assert users(app, "revoke", BOB, "admin").exit_code == 0


def test_two_administrators_who_go_at_once_leave_one(make_board: Make) -> None:
    app = make_board()
    emails = (ALICE, BOB)
    for email in emails:
        add_user(app, email, roles=("admin",))
    together, outcomes = threading.Barrier(2), []

    def go(email: str) -> None:
        with app.app_context():
            user = service.find_user(email)
            assert user
            together.wait(10)
            try:
                roles.revoke(user, "admin")
                outcomes.append("gone")
            except Refused:
                outcomes.append("stays")

    threads = [threading.Thread(target=go, args=(email,)) for email in emails]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["gone", "stays"]


def test_an_account_takes_its_sessions_and_roles_along(app: Flask, alice: Browser) -> None:
    with app.app_context():
        user = service.find_user(ALICE)
        assert user
        roles.grant(user, "moderator")
        db.session.delete(user)
        db.session.commit()
        assert db.session.scalars(select(UserRole)).all() == []
    assert not alice.is_signed_in


def test_a_name_is_changed_and_others_are_not(app: Flask, alice: Browser) -> None:
    add_user(app, BOB, "Bob")
    assert alice.submit("/account/profile", name="  Alice   Liddell ").status_code == 302
    assert "Hello, Alice Liddell" in alice.get("/").text
    assert alice.submit("/account/profile", name="a" * 201).status_code == 422
    with app.app_context():
        assert [user.name for user in service.all_users()] == ["Alice Liddell", "Bob"]


def test_names_are_found_by_the_keys_that_other_plugins_store(app: Flask) -> None:
    bob = add_user(app, BOB, "Bob")
    with app.app_context():
        assert names_of({bob, "gone"}) == {bob: "Bob"}


def test_the_migration_makes_the_tables_of_the_models(make_board: Make, tmp_path: Any) -> None:
    migrations = pytest.importorskip("pegboard.migrations")
    from pegboard.live import board_of

    app = make_board()
    with app.app_context():
        db.metadata.drop_all(db.engine)
    plan, url = board_of(app).plan, f"sqlite:///{tmp_path}/test.db"
    assert migrations.upgrade(app, plan, url) == ["core", "accounts"]
    assert migrations.differences(app, plan, url) == {}
    add_user(app, ALICE)
    assert Browser(app).sign_in().status_code == 302
    migrations.downgrade(app, plan, url, "accounts", "base")
    assert migrations.pending(plan, url) == ["accounts"]


def test_a_sign_in_that_renews_its_hash_never_undoes_a_password_changed_meanwhile(
    make_board: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = make_board()
    with board.app_context():
        user = service.create_user("carol@example.com", "Carol", "the old password")
        newer = passwords.hashed("the new password")

        def changed_meanwhile(password: str) -> str:
            change = update(User).where(User.id == user.id).values(password_hash=newer)
            db.session.execute(change, execution_options={"synchronize_session": False})
            return "renewed"

        monkeypatch.setattr(passwords, "outdated", lambda _: True)
        monkeypatch.setattr(passwords, "hashed", changed_meanwhile)
        assert service.authenticate("carol@example.com", "the old password") is None
    with board.app_context():
        found = service.find_user("carol@example.com")
        assert found is not None
        assert found.password_hash == newer
