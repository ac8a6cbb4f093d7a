"""What the board's own URLs for files answer beyond the contract: headers, conditions, keys that change, bad input."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pegboard.contracts.files import Stat
from pegboard.errors import ProviderError
from pegboard.testing.files.served import Clock
from pegboard.web.served_files import Links, served_files

from .memory import MemoryStorage

PICTURE = "image/png"
Made = Callable[..., MemoryStorage]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Made:
    """Storages that hold the same objects, with the keys given."""
    objects: dict[str, tuple[Stat, bytes]] = {}

    def make(*keys: str, plugin: str = "attic") -> MemoryStorage:
        storage = MemoryStorage(Links(plugin, keys=keys or ("current",), base_url=lambda: "/f", clock=clock))
        storage.objects = objects
        return storage

    return make


@pytest.fixture
def storage(make: Made) -> MemoryStorage:
    storage = make()
    storage.put("a", io.BytesIO(b"0123456789"), size=10, content_type="text/html")
    storage.put("public/a", io.BytesIO(b"0123456789"), size=10, content_type=PICTURE)
    return storage


def client_of(storage: MemoryStorage) -> FlaskClient:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 100
    app.register_blueprint(served_files("attic", lambda: storage), url_prefix="/f")
    return app.test_client()


@pytest.fixture
def client(storage: MemoryStorage) -> FlaskClient:
    return client_of(storage)


def test_what_might_run_is_sandboxed_and_never_sniffed(client: FlaskClient, storage: MemoryStorage) -> None:
    answer = client.get(storage.url("a", filename="page.html", inline=True, content_type="text/html"))
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="page.html"'


def test_what_is_shown_may_load_nothing_and_run_nothing(client: FlaskClient, storage: MemoryStorage) -> None:
    answer = client.get(storage.url("a", inline=True, content_type="application/pdf"))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_signed_answer_is_kept_by_one_browser_until_the_link_expires(
    client: FlaskClient, storage: MemoryStorage
) -> None:
    cached = client.get(storage.url("a", expires=60)).cache_control
    assert cached.private
    assert 0 < (cached.max_age or 0) <= 60


def test_an_unchanged_file_is_not_sent_again(client: FlaskClient, storage: MemoryStorage) -> None:
    url = storage.public_url("public/a")
    first = client.get(url)
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get(url, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
    storage.put("public/a", io.BytesIO(b"9876543210"), size=10, content_type=PICTURE)
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).data == b"9876543210"


def test_a_range_of_another_version_is_the_whole_file(client: FlaskClient, storage: MemoryStorage) -> None:
    url = storage.public_url("public/a")
    etag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"Range": "bytes=2-3", "If-Range": etag}).status_code == 206
    assert client.get(url, headers={"Range": "bytes=2-3", "If-Range": '"other"'}).data == b"0123456789"


@pytest.mark.parametrize("header", ["bytes=1-2,4-5", "lines=1-2", "bytes=x", "bytes=5-2"])
def test_ranges_that_are_not_served_get_the_whole_file(
    client: FlaskClient, storage: MemoryStorage, header: str
) -> None:
    answer = client.get(storage.public_url("public/a"), headers={"Range": header})
    assert (answer.status_code, answer.data) == (200, b"0123456789")


def test_a_head_request_has_the_headers_and_no_body(client: FlaskClient, storage: MemoryStorage) -> None:
    answer = client.head(storage.url("a"))
    assert (answer.status_code, answer.content_length, answer.data) == (200, 10, b"")


def test_an_older_key_still_verifies_and_an_unknown_one_does_not(make: Made, storage: MemoryStorage) -> None:
    url = storage.url("a")
    assert client_of(make("new", "current")).get(url).status_code == 200
    assert client_of(make("new")).get(url).status_code == 403


def test_the_current_key_signs(make: Made, storage: MemoryStorage) -> None:
    url = make("new", "current").url("a")
    assert client_of(make("new")).get(url).status_code == 200
    assert client_of(make("current")).get(url).status_code == 403


def test_a_refused_link_says_why(client: FlaskClient, storage: MemoryStorage, clock: Clock) -> None:
    url = storage.url("a", expires=10)
    assert "was altered" in client.get(f"{url}x").text
    clock.advance(11)
    answer = client.get(url)
    assert (answer.status_code, "has expired" in answer.text) == (403, True)


@pytest.mark.parametrize("token", ["", ".", "a.b", "..", "%00", "é", "a" * 10_000])
def test_a_token_of_nonsense_is_refused(client: FlaskClient, token: str) -> None:
    assert client.get(f"/f/signed/{token}").status_code in (403, 404)
    assert client.put(f"/f/signed/{token}", data=b"x").status_code in (403, 404)


def test_a_link_to_read_does_not_upload_and_the_other_way_round(client: FlaskClient, storage: MemoryStorage) -> None:
    assert client.put(storage.url("a"), data=b"x", content_type=PICTURE).status_code == 403
    assert client.get(storage.sign_upload("a", size=10, content_type=PICTURE).url).status_code == 403


def test_an_upload_may_be_larger_than_a_form(client: FlaskClient, storage: MemoryStorage) -> None:
    upload = storage.sign_upload("big", size=5000, content_type=PICTURE)
    assert client.put(upload.url, data=bytes(5000), content_type=PICTURE).status_code == 200
    assert storage.stat("big").size == 5000


@pytest.mark.parametrize(
    ("size", "content_type", "status"), [(9, PICTURE, 400), (11, PICTURE, 413), (10, "text/html", 415), (10, None, 415)]
)
def test_an_upload_that_differs_is_told_how(
    client: FlaskClient, storage: MemoryStorage, size: int, content_type: str | None, status: int
) -> None:
    upload = storage.sign_upload("new", size=10, content_type=PICTURE)
    answer = client.put(upload.url, data=bytes(size), content_type=content_type)
    assert answer.status_code == status
    assert "This link takes" in answer.text


def test_an_upload_must_say_its_length(client: FlaskClient, storage: MemoryStorage) -> None:
    upload = storage.sign_upload("new", size=10, content_type=PICTURE)
    answer = client.put(upload.url, data=bytes(10), content_type=PICTURE, headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


@pytest.mark.parametrize(
    "path", ["public/../a", "public/%2e%2e/a", "public//etc/passwd", "public/A", "a", "public/", "public/.aside"]
)
def test_no_path_leads_out_of_what_is_public(client: FlaskClient, path: str) -> None:
    assert client.get(f"/f/{path}", follow_redirects=True).status_code == 404


def test_a_range_of_what_is_replaced_meanwhile_is_the_whole_of_the_new(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = storage.stat("public/a")

    def stat(key: str) -> Stat:
        storage.put(key, io.BytesIO(b"other"), size=5)
        return before

    monkeypatch.setattr(storage, "stat", stat)
    answer = client_of(storage).get(storage.public_url("public/a"), headers={"Range": "bytes=2-3"})
    assert (answer.status_code, answer.data) == (200, b"other")


def test_no_plugin_accepts_what_another_signed(make: Made, storage: MemoryStorage) -> None:
    other = make(plugin="cellar")
    assert client_of(other).get(storage.url("a")).status_code == 403
    assert client_of(other).get(other.url("a")).status_code == 200


def test_what_is_sent_is_closed_when_it_is_sent_or_given_up(storage: MemoryStorage) -> None:
    opened: list[str] = []

    class Counting(MemoryStorage):
        @contextmanager
        def open(self, key: str, start: int, end: int | None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
            with super().open(key, start, end) as found:
                opened.append(key)
                yield found
                opened.remove(key)

    counting = Counting(storage.links)
    counting.objects = storage.objects
    etag = f'"{storage.stat("a").etag}"'
    for headers in ({}, {"Range": "bytes=2-3"}, {"If-None-Match": etag}):
        with client_of(counting).get(storage.url("a"), headers=headers):
            assert opened == ["a"]
        assert opened == []
        assert opened == []


def test_a_storage_that_fails_is_unavailable_and_logged(
    client: FlaskClient, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ProviderError("the attic is locked", provider="memory", operation="open")

    monkeypatch.setattr(storage, "open", fail)
    monkeypatch.setattr(storage, "write", fail)
    upload = storage.sign_upload("a", size=1, content_type=PICTURE)
    for answer in (client.get(storage.url("a")), client.put(upload.url, data=b"x", content_type=PICTURE)):
        assert answer.status_code == 503
        assert "attic" not in answer.text
    assert caplog.text.count("the attic is locked") == 2


def test_a_provider_of_another_kind_is_reported_by_its_plugin() -> None:
    app = Flask(__name__)
    app.testing = True
    app.register_blueprint(served_files("attic", object))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="attic serves files of a object, which is no ServedFileStorage"):
        app.test_client().get("/public/a")
