"""Parts that arrive late, twice or not at all leave nothing behind, and never half an object."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pegboard.contracts.files import MAX_PARTS, SignedUpload, Stat
from pegboard.errors import NotFound, ProviderError
from pegboard.web.served_files import Links, served_files

from .memory import MemoryStorage

FILM = "video/mp4"


class Eventful(MemoryStorage):
    """Lets something happen before and after an object is written or removed."""

    def __init__(self, links: Links) -> None:
        super().__init__(links)
        self.before: Callable[[str], object] = str
        self.after: Callable[[str], object] = str

    def write(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        self.before(key)
        stat = super().write(key, pieces, content_type, metadata)
        self.after(key)
        return stat

    def remove(self, key: str) -> None:
        self.before(key)
        super().remove(key)


@pytest.fixture
def storage() -> Eventful:
    return Eventful(Links("attic", keys=["key"], base_url=lambda: "/f"))


@pytest.fixture
def client(storage: Eventful) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(served_files("attic", lambda: storage), url_prefix="/f")
    return app.test_client()


def sent(client: FlaskClient, upload: SignedUpload, body: bytes) -> int:
    return client.put(upload.url, data=body, headers=dict(upload.headers)).status_code


def begun(client: FlaskClient, storage: Eventful, *bodies: bytes) -> str:
    upload_id = storage.begin_parts("film", content_type=FILM)
    for number, body in enumerate(bodies, 1):
        assert sent(client, storage.sign_part("film", upload_id, number, size=len(body)), body) == 200
    return upload_id


def content(storage: Eventful) -> bytes:
    return storage.objects["film"][1]


@pytest.mark.parametrize("end", ["abort", "finish"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_part_that_arrives_while_its_upload_ends_is_removed_again(
    client: FlaskClient, storage: Eventful, end: str, moment: str
) -> None:
    upload_id = begun(client, storage, b"one")

    def end_it(key: str) -> None:
        if key.endswith("-2"):
            storage.before = storage.after = str
            if end == "abort":
                storage.abort_parts("film", upload_id)
            else:
                storage.finish_parts("film", upload_id, storage.parts("film", upload_id))

    setattr(storage, moment, end_it)
    late = storage.sign_part("film", upload_id, 2, size=3)
    assert sent(client, late, b"two") == 404
    assert [*storage.objects] == (["film"] if end == "finish" else [])


def test_a_part_that_is_replaced_while_parts_are_joined_spoils_nothing(client: FlaskClient, storage: Eventful) -> None:
    storage.put("film", io.BytesIO(b"before"))
    upload_id = begun(client, storage, b"one", b"two")
    again = storage.sign_part("film", upload_id, 2, size=3)

    def replace(key: str) -> None:
        if key == "film":
            storage.before = str
            assert sent(client, again, b"TWO") == 200

    storage.before = replace
    with pytest.raises(ProviderError, match="part 2 was sent again meanwhile"):
        storage.finish_parts("film", upload_id, storage.parts("film", upload_id))
    assert content(storage) == b"before"
    storage.finish_parts("film", upload_id, storage.parts("film", upload_id))
    assert content(storage) == b"oneTWO"


@pytest.mark.parametrize("end", ["abort", "finish"])
def test_an_upload_that_ends_while_its_parts_are_listed_is_not_found_and_never_half_of_it(
    client: FlaskClient, storage: Eventful, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    upload_id = begun(client, storage, b"one", b"two", b"three")
    parts, stat = storage.parts("film", upload_id), storage.stat

    def end_it(key: str) -> Stat:
        if key.endswith("-2"):
            monkeypatch.setattr(storage, "stat", stat)
            if end == "abort":
                storage.abort_parts("film", upload_id)
            else:
                storage.finish_parts("film", upload_id, parts)
        return stat(key)

    monkeypatch.setattr(storage, "stat", end_it)
    with pytest.raises(NotFound):
        storage.parts("film", upload_id)


def test_an_upload_that_was_begun_and_never_answered_is_ended_by_its_key(
    storage: Eventful,
) -> None:
    def die(key: str) -> None:
        if not key.endswith("-begun"):
            raise SystemExit

    storage.after = die
    with pytest.raises(SystemExit):
        storage.begin_parts("film", content_type=FILM)
    assert storage.objects != {}
    storage.after = str
    storage.abort_uploads("film")
    assert storage.objects == {}


def test_parts_that_could_not_be_joined_can_be_joined_later(client: FlaskClient, storage: Eventful) -> None:
    upload_id = begun(client, storage, b"one", b"two")

    def fail(key: str) -> None:
        raise ProviderError("the attic is full", provider="memory", operation="write")

    storage.before = fail
    with pytest.raises(ProviderError, match="full"):
        storage.finish_parts("film", upload_id, storage.parts("film", upload_id))
    storage.before = str
    storage.finish_parts("film", upload_id, storage.parts("film", upload_id))
    assert content(storage) == b"onetwo"


@pytest.mark.parametrize("count", range(20))
def test_what_an_interrupted_abort_left_is_removed_by_the_next(
    client: FlaskClient, storage: Eventful, count: int
) -> None:
    upload_id = begun(client, storage, b"one", b"two", b"three")
    left = count

    def fail(key: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise ProviderError("the attic is locked", provider="memory", operation="remove")

    storage.before = fail
    with pytest.raises(ProviderError, match="locked"):
        storage.abort_parts("film", upload_id)
    storage.before = str
    storage.abort_parts("film", upload_id)
    assert storage.objects == {}


def test_the_last_of_the_most_parts_is_found(client: FlaskClient, storage: Eventful) -> None:
    upload_id = begun(client, storage)
    assert sent(client, storage.sign_part("film", upload_id, MAX_PARTS, size=4), b"last") == 200
    assert [part.number for part in storage.parts("film", upload_id)] == [MAX_PARTS]
    storage.abort_parts("film", upload_id)
    assert storage.objects == {}


def test_a_part_after_the_end_is_told_so(client: FlaskClient, storage: Eventful) -> None:
    upload_id = begun(client, storage)
    late = storage.sign_part("film", upload_id, 1, size=3)
    storage.abort_parts("film", upload_id)
    answer = client.put(late.url, data=b"one")
    assert answer.status_code == 404
    assert "was finished or given up" in answer.text


def test_a_part_may_come_with_any_content_type(client: FlaskClient, storage: Eventful) -> None:
    upload_id = begun(client, storage)
    upload = storage.sign_part("film", upload_id, 1, size=3)
    assert client.put(upload.url, data=b"one", content_type="text/html").status_code == 200
    storage.finish_parts("film", upload_id, storage.parts("film", upload_id))
    assert storage.stat("film").content_type == FILM


def test_parts_are_private(client: FlaskClient, storage: Eventful) -> None:
    upload_id = storage.begin_parts("public/film", content_type=FILM)
    assert sent(client, storage.sign_part("public/film", upload_id, 1, size=3), b"one") == 200
    assert not [key for key in storage.objects if key.startswith("public/")]


def test_another_id_is_another_upload(client: FlaskClient, storage: Eventful) -> None:
    first, second = begun(client, storage, b"one"), begun(client, storage, b"two")
    storage.abort_parts("film", first)
    storage.finish_parts("film", second, storage.parts("film", second))
    assert content(storage) == b"two"
    with pytest.raises(NotFound):
        storage.parts("film", first)
