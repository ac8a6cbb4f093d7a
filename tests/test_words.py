"""Every visible word comes in the reader's language: a board whose translations all stand in brackets shows nothing else.

Names, addresses, sizes and times are data, and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from gettext import NullTranslations
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask, abort
from werkzeug.exceptions import TooManyRequests
from werkzeug.test import TestResponse

from pegboard import BoardSettings, Plugin, create_app, hookimpl
from pegboard.errors import ProviderError
from pegboard.settings import DEFAULT_BUILTINS, PluginSettings
from pegboard.work.models import STATUSES
from tools.translations import extracted, packages

NAME, EMAIL, PASSWORD, BOARD = "Ada Lovelace", "ada@example.com", "correct horse battery", "Reading club"
FILE, PICTURE, HANDLER = "letter.txt", "chart.png", "shop.plugin:send"
CORE = next(packages())
PROBLEMS = (None, "too_large", "quota", "pending", "type", "refused", "unchecked", "truncated", "unreachable")
LARGEST = 2048
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
MEDIA_TYPE = re.compile(r"(?:application|audio|chemical|image|text|video)/[\w.+-]+")
DATA = (NAME, EMAIL, BOARD, FILE, PICTURE, "PNG", "KiB", "admin", "moderator", "Firefox", "Linux", "127.0.0.1", HANDLER)
SHOWN = ("title", "aria-label", "alt", "placeholder")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
READ_BELOW = {
    "console.item",
    "console.replay_all",
    "files.download",
    "files.delete",
    "files.public",
    "local_files.signed",
    "local_files.public",
}
NO_PAGES = {
    "static",
    "healthz",
    "readyz",
    "files.progress",
    "files.s3_params",
    "files.s3_parts",
    "files.s3_sign",
    "faulty.code",
    "faulty.busy",
    "faulty.broken",
    "faulty.away",
}
ONLY_SIGNED_OUT = {"accounts.sign_in", "accounts.sign_up"}
JSON = {"Accept": "application/json"}


class Bracketed(NullTranslations):
    """A catalogue in which every message is translated, and which notes those that are asked of it."""

    asked: ClassVar[set[str]] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.asked.add(msgid1)
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Words(HTMLParser):
    """What a page says: its text, and the attributes that are shown, heard, or put on the page by its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "code", "time") or ("class", "initial") in attrs:
            self._skipped = tag
        for name, value in attrs if tag != "time" else ():
            if value and (name in SHOWN or (name.startswith("data-") and (value[0].isupper() or "⟦" in value))):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipped:
            self._skipped = ""

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.found.append(data)


def untranslated(text: str) -> str:
    """What is left of a text without its translations and its data."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    for word in sorted(DATA, key=len, reverse=True):
        text = text.replace(word, "")
    text = MEDIA_TYPE.sub("", text)
    return " ".join(text.split()) if re.search(r"[^\W\d_]", text) else ""


@dataclass
class Reader:
    """Somebody at a browser who notes every word that is not translated."""

    app: Flask
    noted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def get(self, path: str, status: int = 200, **more: Any) -> TestResponse:
        return self._read(self.client.get(path, **_as_firefox(more)), path, status)

    def post(self, path: str, status: int = 200, form: str = "", **data: Any) -> TestResponse:
        """Send a form as the page `form` (by default the same path) has it, and go where it leads."""
        headers = data.pop("headers", {})
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(form or path).text)
        assert found, f"{form or path} has no form"
        sent = self.client.post(
            path, data={"csrf_token": found[1], **data}, follow_redirects=True, **_as_firefox({"headers": headers})
        )
        return self._read(sent, path, status)

    def _read(self, answer: TestResponse, path: str, status: int) -> TestResponse:
        assert answer.status_code == status, f"{path} answered {answer.status_code}: {answer.text[:500]}"
        if answer.is_json:
            said = [answer.get_json().get("error", {}).get("message", "")]
        else:
            said = Words(answer.text).found if answer.mimetype == "text/html" and status // 100 != 3 else []
        self.noted += [f"{path}: {left}" for text in said if (left := untranslated(text))]
        return answer


def _as_firefox(more: dict[str, Any]) -> dict[str, Any]:
    return {**more, "headers": {"User-Agent": FIREFOX, **more.get("headers", {})}}


class Faulty(Plugin[PluginSettings]):
    """Pages that fail in every way there is."""

    name = "faulty"

    @hookimpl
    def blueprints(self) -> Iterator[Blueprint]:
        pages = Blueprint("faulty", __name__)
        pages.add_url_rule("/<int:code>", "code", abort)
        pages.add_url_rule("/busy", "busy", lambda: raised(TooManyRequests(retry_after=3)))
        pages.add_url_rule("/broken", "broken", lambda: raised(RuntimeError("never shown")))
        pages.add_url_rule("/away", "away", lambda: raised(ProviderError("never shown", provider="p", operation="o")))
        yield pages


def raised(error: Exception) -> str:
    raise error


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Every builtin, in brackets, with an administrator."""
    from pegboard.builtin.accounts.service import create_user
    from pegboard.db import db
    from pegboard.live import board_of
    from pegboard.work.models import Base

    monkeypatch.setattr("pegboard.i18n._catalogue", Bracketed)
    settings = BoardSettings(env="test", app_name=BOARD, instance_path=tmp_path, builtins=DEFAULT_BUILTINS)
    app = create_app(settings, plugins=[Faulty], config={"files": {"max_size": LARGEST, "max_pending": 100}})
    app.testing = False  # what breaks is answered with a page
    with app.app_context():
        for entry in board_of(app).plan.active:
            db.metadata.create_all(db.engine, tables=list(entry.tables))
        db.metadata.create_all(db.engine, tables=[db.metadata.tables[name] for name in Base.tables()])
        create_user(EMAIL, NAME, PASSWORD, roles=["admin", "moderator"])
    return app


@pytest.fixture(scope="module")
def found() -> set[str]:
    """The messages that translators get to see."""
    return {next(iter([message.id] if isinstance(message.id, str) else message.id)) for message in extracted(CORE)}


@pytest.fixture
def reader(board: Flask, found: set[str]) -> Iterator[Reader]:
    """Whatever they read, translators were given."""
    Bracketed.asked.clear()
    yield Reader(board)
    assert Bracketed.asked - found == set(), "marked where extraction does not find it, or put together while serving"


@pytest.fixture
def administrator(reader: Reader) -> Reader:
    reader.post("/account/sign-in", email=EMAIL, password=PASSWORD)
    return reader


def test_every_page_of_every_builtin_is_read(administrator: Reader) -> None:
    for rule in administrator.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in {*READ_BELOW, *NO_PAGES}:
            continue
        assert not rule.arguments, f"{rule.rule} is a new page: read it below, and add {rule.endpoint} to READ_BELOW"
        administrator.get(rule.rule, 302 if rule.endpoint in ONLY_SIGNED_OUT else 200)
    assert administrator.noted == []


def test_signed_out_and_on_the_way_in(reader: Reader) -> None:
    for path in ("/", "/account/sign-in", "/account/sign-up"):
        reader.get(path)
    reader.post("/account/sign-in", 422)
    reader.post("/account/sign-in", 422, email=EMAIL, password="wrong")
    reader.post("/account/sign-in", 422, email="a" * 300, password="wrong")
    reader.post("/account/sign-up", 422)
    reader.post("/account/sign-up", 422, name="\u200b", email="nowhere", password="short")
    reader.post("/account/sign-up", 422, name="a" * 300, email="a" * 300, password=PASSWORD)
    reader.post("/account/sign-up", 422, name=NAME, email=EMAIL, password=PASSWORD)
    reader.post("/account/sign-up", name=NAME, email="new@example.com", password=PASSWORD)
    assert reader.noted == []


def test_ones_own_account(administrator: Reader) -> None:
    reader = administrator
    for path in ("/", "/account/profile", "/account/password", "/account/sessions"):
        reader.get(path)
    reader.post("/account/profile", 422, name=" ")
    reader.post("/account/profile", name=NAME)
    reader.post("/account/password", 422)
    reader.post("/account/password", 422, current_password="wrong", new_password=PASSWORD)
    reader.post("/account/password", 422, current_password=PASSWORD, new_password="short")
    reader.post("/account/password", current_password=PASSWORD, new_password=PASSWORD)
    another = Reader(reader.app)
    another.post("/account/sign-in", email=EMAIL, password=PASSWORD, headers={"User-Agent": ""})
    page = reader.get("/account/sessions").text
    own, other = re.findall(r'action="([^"]+/revoke)"', page)
    reader.post(other, form="/account/sessions")
    reader.post(own, form="/account/sessions")
    reader.post("/account/sign-in", email=EMAIL, password=PASSWORD)
    reader.post("/account/sign-out", form="/account/profile")
    assert reader.noted + another.noted == []


def test_files(administrator: Reader) -> None:
    from pegboard.builtin.files.models import DELETING, FAILED, File
    from pegboard.builtin.files.service import ANYONE, files
    from pegboard.db import db

    reader = administrator
    for path in ("/", "/files/", "/files/all"):
        reader.get(path)
    reader.post("/files/upload", form="/files/")
    reader.post("/files/upload", form="/files/", file=[(BytesIO(b"text"), FILE), (BytesIO(PNG), PICTURE)])
    reader.post("/files/upload", form="/files/", file=(BytesIO(bytes(LARGEST + 1)), FILE))
    with reader.app.app_context():
        (*_, stored) = files.list(ANYONE)
        owner, kinds = (
            stored.owner,
            ("image/x-much-too-long", "audio/x-long-name", "video/x-long-name", "chemical/x-pdb-file"),
        )
        for number, problem in enumerate(PROBLEMS):
            db.session.add(File(id=f"f{number}", owner=owner, provider="local", key=f"k{number}", filename=FILE, problem=problem,
                     content_type=kinds[number % 4], size=None, state=FAILED, public=False))  # fmt: skip
        db.session.add(File(id="d", owner=owner, provider="local", key="d", filename=FILE, content_type="", size=1,
                 state=DELETING, public=False))  # fmt: skip
        db.session.commit()
        for _ in range(50):
            files.begin_upload(FILE, None, 1, owner)
        public = files.save(BytesIO(PNG), PICTURE, None, owner, public=True)
    for path in ("/", "/files/", "/files/?page=2", "/files/all", f"/files/{stored.id}/delete", "/files/f1/delete"):
        reader.get(path)
    reader.get(f"/files/{stored.id}", 302)
    reader.get(reader.get(f"/files/public/{public.id}/{PICTURE}", 302).location)
    reader.post(f"/files/{stored.id}/delete")
    assert reader.noted == []


def test_the_console(administrator: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import insert

    from pegboard.db import db
    from pegboard.work.models import Base, Work

    reader, lists = administrator, ("/console/", "/console/work", "/console/webhooks")
    body = b'{"number": 1}'
    row = {"queue": "jobs", "handler": HANDLER, "run_at": 0, "created_at": 0, "tries": 1, "error": "OSError: no"}
    some = [{**row, "kind": "job", "status": status} for status in STATUSES]
    some += [
        {**row, "kind": "event", "status": "dead", "handler": f"{HANDLER}{number}", "tries": 2} for number in range(10)
    ]
    reader.get("/console/work/1", 404)
    for path in lists:
        reader.get(path)
    with reader.app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(Work), some)
        for more in ({"payload": body}, {"payload": body * 2}, {"payload": b"1"}, {"purged_at": 1}, {"data": "{}"}, {"data": " " * 20_000},
                     {"progress": '{"done": 1, "total": 2, "note": "rows"}'}, {"progress": '{"done": 1}'}, {"run_at": 2**42}):  # fmt: skip
            connection.execute(insert(Work), [{**row, "kind": "webhook", "source": "acme", "status": "done", **more}])
        number = len(some) + 9
    for path in lists:
        for query in ("", "?before=8", "?before=1", "?handler=nobody", *(f"?status={one}" for one in STATUSES)):
            reader.get(path + query)
    reader.post("/console/work/5/replay", form="/console/")
    reader.post("/console/work/5/replay", form="/console/")
    reader.post(f"/console/work/{len(some) + 4}/replay", form="/console/")
    ignored = 1 + STATUSES.index("ignored")
    reader.post(f"/console/work/{ignored}/replay", form="/console/")
    for item in range(1, number + 1):
        reader.get(f"/console/work/{item}")
    reader.post("/console/replay", form=f"/console/replay?handler={HANDLER}1", handler=f"{HANDLER}1")
    reader.post("/console/replay", form="/console/", handler=f"{HANDLER}1")
    reader.get(f"/console/replay?handler={HANDLER}1", 302)
    with reader.app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(Work), [{**row, "kind": "job", "status": "dead"}] * 1_000)
    reader.get("/console/")
    reader.post("/console/replay", form=f"/console/replay?handler={HANDLER}", handler=HANDLER)
    with reader.app.app_context():
        monkeypatch.setattr("pegboard.builtin.console.tables._behind", lambda: ["core"])
        db.metadata.drop_all(db.engine, tables=[db.metadata.tables[name] for name in Base.tables()])
    reader.get("/console/", 503)
    assert sorted(set(reader.noted)) == []


def test_what_scripts_ask_of_files(administrator: Reader) -> None:
    from pegboard.builtin.files.service import ANYONE, files

    reader = administrator
    headers = {**JSON, "X-CSRFToken": _token(reader)}

    def asked(path: str, status: int, **more: Any) -> TestResponse:
        return reader._read(reader.client.post(path, headers=headers, **more), path, status)

    asked("/files/uploads", 400, json=[])
    asked("/files/uploads", 413, json={"name": FILE, "type": "", "size": 10**9})
    asked("/files/upload", 200, data={"file": (BytesIO(b""), "")}, follow_redirects=True)
    begun = asked("/files/uploads", 201, json={"name": FILE, "type": "", "size": 3}).get_json()
    asked(f"/files/uploads/{begun['id']}/complete", 400)
    asked("/files/uploads/nothing/complete", 404)
    begun = asked("/files/uploads", 201, json={"name": FILE, "type": "", "size": 3}).get_json()
    link = begun["upload"]["url"]
    for status, sent in ((413, b"more"), (400, b"le"), (415, b"fit")):
        reader._read(reader.client.put(link, data=sent, headers=JSON), "PUT of an upload", status)
    with reader.app.app_context():
        assert [file.state for file in files.list(ANYONE)] == ["pending", "failed"]
    assert reader.noted == []


@pytest.mark.parametrize("headers", [{}, JSON], ids=["page", "json"])
def test_errors(reader: Reader, headers: dict[str, str]) -> None:
    for code in (400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 413, 415, 416, 418, 422, 429, 500, 501, 502, 503):
        reader.get(f"/faulty/{code}", code, headers=headers)
    for name, code in (("busy", 429), ("broken", 500), ("away", 503)):
        reader.get(f"/faulty/{name}", code, headers=headers)
    reader.get("/nowhere", 404, headers=headers)
    reader.get("/account/sign-out", 405, headers=headers)
    reader.get("/local-files/signed/altered", 403, headers=headers)
    for token in ({}, {"X-CSRFToken": "forged"}, {"X-CSRFToken": _token(reader, "/account/sign-in")[:-3]}):
        answer = reader.client.post("/account/sign-in", headers={**headers, **token})
        reader._read(answer, f"with the token {token}", 400)
    assert reader.noted == []


def _token(reader: Reader, page: str = "/files/") -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', reader.client.get(page).text)
    assert found
    return found[1]
