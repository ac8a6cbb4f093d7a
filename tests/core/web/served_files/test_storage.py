"""What is made of three methods, and what becomes of methods that do not keep their word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pegboard.contracts.files import CHUNK, Stat
from pegboard.errors import ProviderError
from pegboard.web.served_files import Links, ServedFileStorage

from .memory import MemoryStorage


@pytest.fixture
def links() -> Links:
    return Links("attic", keys=["key"], base_url=lambda: "/f")


def stored(storage: MemoryStorage, key: str, *pieces: bytes) -> Stat:
    return storage.write(key, iter(pieces), "text/plain", {"made-by": "hand"})


class Generous(MemoryStorage):
    """Gives whatever it holds, whatever it is asked for."""

    @contextmanager
    def open(self, key: str, start: int, end: int | None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        with super().open(key, 0, None) as found:
            yield found


class Stingy(MemoryStorage):
    """Loses the last byte."""

    @contextmanager
    def open(self, key: str, start: int, end: int | None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        with super().open(key, start, end) as (stat, pieces):
            yield stat, iter([b"".join(pieces)[:-1]])


class Forgetful(MemoryStorage):
    """Keeps other bytes than it is given."""

    def write(self, key: str, pieces: Iterator[bytes], *rest: object) -> Stat:
        return super().write(key, (bytes(len(piece)) for piece in pieces), "text/plain", {})


def test_an_author_who_forgets_a_method_hears_of_it_at_once(links: Links) -> None:
    class Unfinished(ServedFileStorage):
        name = "unfinished"

    with pytest.raises(TypeError, match=r"abstract methods '?open'?, '?remove'?, '?write"):
        Unfinished(links)  # type: ignore[abstract]


def test_pieces_of_any_size_are_read_in_chunks(links: Links) -> None:
    storage = MemoryStorage(links)
    stored(storage, "a", bytes(3 * CHUNK + 1))
    with storage.read("a") as chunks:
        assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, CHUNK, 1]


def test_fewer_bytes_than_were_asked_for_raise(links: Links) -> None:
    storage = Stingy(links)
    stored(storage, "a", b"0123456789")
    with (
        pytest.raises(ProviderError, match="ended 1 before the 4") as caught,
        storage.read("a", start=2, end=6) as pieces,
    ):
        b"".join(pieces)
    assert not caught.value.permanent


def test_more_bytes_than_were_asked_for_raise(links: Links) -> None:
    storage = Generous(links)
    stored(storage, "a", b"0123456789")
    with (
        pytest.raises(ProviderError, match="more than the 4 bytes") as caught,
        storage.read("a", start=2, end=6) as pieces,
    ):
        b"".join(pieces)
    assert caught.value.permanent


def test_a_copy_that_ends_early_replaces_nothing(links: Links) -> None:
    storage = Stingy(links)
    stored(storage, "a", b"0123456789")
    stored(storage, "b", b"before")
    with pytest.raises(ProviderError, match="ended 1 before"):
        storage.copy("a", "b")
    assert storage.objects["b"][1] == b"before"


def test_a_copy_keeps_type_and_metadata(links: Links) -> None:
    storage = MemoryStorage(links)
    stored(storage, "a", b"0123456789")
    copied = storage.copy("a", "b")
    assert (copied.content_type, copied.metadata) == ("text/plain", {"made-by": "hand"})


def test_the_check_leaves_nothing(links: Links) -> None:
    storage = MemoryStorage(links)
    storage.check()
    assert storage.objects == {}


def test_the_check_finds_a_store_that_keeps_other_bytes(links: Links) -> None:
    storage = Forgetful(links)
    with pytest.raises(ProviderError, match="memory check: it gives back other bytes"):
        storage.check()
    assert storage.objects == {}
