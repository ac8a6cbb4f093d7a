"""The part of the suite about objects: put, read, stat, delete, copy, keys, and what is left after an error."""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from pegboard.contracts.files import CHUNK, MAX_KEY, ByteStream, FileStorage, Stat
from pegboard.errors import NotFound

from .expectations import Expectations
from .streams import Breaking, Pattern, StreamBroke, digest, digest_of_pattern

HELD = 16 * 1024 * 1024  # bytes that a provider may hold while it streams
TEN = b"0123456789"
BAD_KEYS: tuple[str, ...] = (
    *("", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".a", "a/.b", "-a", "public/../a", "~/a", "c:/a", "a\\b"),
    *("A", "a b", "a\x00b", "a\nb", "a\n", "é", "a?b", "a#b", "a%2e", "a@b", "a" * (MAX_KEY + 1)),
)

NewKey = Callable[..., str]


class ObjectContract:
    """Tests that need no network but the provider's own."""

    large: int = 64 * 1024 * 1024
    """Bytes of the objects that may not be in memory as a whole; more than `HELD`."""

    def test_what_is_put_is_read_back(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        for size in (0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 1):
            for declared in (size, None):
                key = new_key()
                with expect.works("put", f"{size} bytes come with size={declared}"):
                    storage.put(key, Pattern(size), size=declared)
                content = _content(expect, storage, key)
                expect.that(
                    content == Pattern(size).read(size),
                    "read",
                    f"gave {len(content)} bytes that differ from the {size} put",
                )

    def test_a_stat_says_size_type_etag_and_time(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        stored = storage.put(key, io.BytesIO(TEN), size=10, content_type="text/plain; charset=utf-8")
        for operation, stat in (("put", stored), ("stat", storage.stat(key))):
            expect.that(stat.size == 10, operation, f"says size {stat.size} of 10 bytes")
            expect.that(
                stat.content_type == "text/plain; charset=utf-8",
                operation,
                f"says type {stat.content_type!r}, not the one put",
            )
            expect.that(stat.modified.utcoffset() == timedelta(0), operation, "says a time that is not UTC")
            expect.that(
                bool(stat.etag) and '"' not in stat.etag, operation, f"says the etag {stat.etag!r}: empty or quoted"
            )
        expect.that(stored.etag == storage.stat(key).etag, "put", "says another etag than stat")

    def test_a_second_put_replaces_the_first(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        before = storage.put(key, io.BytesIO(TEN), size=10, content_type="text/plain")
        storage.put(key, io.BytesIO(b"9876543210"), size=10, content_type="image/png")
        after = storage.stat(key)
        expect.that(_content(expect, storage, key) == b"9876543210", "put", "left the old content in place")
        expect.that(after.content_type == "image/png", "put", "left the old type in place")
        expect.that(after.etag != before.etag, "stat", "keeps the etag when the content changes")

    def test_a_long_stream_is_stored_in_constant_memory(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        _warm_up(storage, new_key())
        for declared in (self.large, None):
            key = new_key()
            with held_memory(expect, "put", self.large):
                storage.put(key, Pattern(self.large), size=declared)
            expect.that(
                storage.stat(key).size == self.large, "put", f"stored {storage.stat(key).size} of {self.large} bytes"
            )
            with storage.read(key) as chunks:
                same = digest(chunks) == digest_of_pattern(self.large)
            expect.that(same, "put", f"changed the content of a stream of {self.large} bytes with size={declared}")
            storage.delete(key)

    def test_a_large_object_is_read_in_constant_memory(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, Pattern(self.large), size=self.large)
        _warm_up(storage, new_key())
        longest = total = 0
        with held_memory(expect, "read", self.large), storage.read(key) as chunks:
            for chunk in chunks:
                longest, total = max(longest, len(chunk)), total + len(chunk)
        expect.that(longest <= CHUNK, "read", f"gave a chunk of {longest} bytes; {CHUNK} is the most")
        expect.that(total == self.large, "read", f"ended after {total} of {self.large} bytes")

    def test_a_stream_of_another_size_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        for size in (10, 9 * 1024 * 1024, 20 * 1024 * 1024):
            for given, word in ((size // 2, "truncated"), (size + 1, "too long")):
                key = new_key()
                with expect.refuses("put", f"a stream of {size} bytes is {word} ({given})"):
                    storage.put(key, Pattern(given), size=size)
                _nothing_is_left(expect, storage, key, f"a stream that is {word}")

    def test_a_stream_that_raises_leaves_nothing(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        for given in (0, 5, 20 * 1024 * 1024):
            for declared in (given + 10, None):
                key = new_key()
                try:
                    storage.put(key, Breaking(given), size=declared)
                except StreamBroke:
                    pass
                except Exception as error:  # noqa: BLE001
                    expect.fail("put", f"turned the stream's own error into {type(error).__name__}")
                else:
                    expect.fail("put", f"took a stream that broke after {given} bytes")
                _nothing_is_left(expect, storage, key, "a stream that raised")

    def test_a_failed_put_leaves_what_was_there(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        with expect.refuses("put", "a stream is truncated"):
            storage.put(key, io.BytesIO(b"new"), size=9)
        with expect.works("read", "a put to the same key had failed before"):
            expect.that(_content(expect, storage, key) == TEN, "put", "damaged what the key held, by a put that failed")

    def test_a_range_is_a_slice(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        ranges = ((0, None), (3, None), (0, 4), (2, 5), (4, 5), (9, None), (9, 10), (0, 10), (7, 50), (10, None))
        for start, end in (*ranges, (10, 10), (11, 20), (0, 0), (5, 5), (500, None)):
            content = _content(expect, storage, key, start, end)
            expect.that(
                content == TEN[start:end],
                "read",
                f"gave {content!r} for the range {start}:{end} of {TEN!r}, not {TEN[start:end]!r}",
            )
        for start, end in ((-1, None), (5, 2), (-5, -1), (0, -1)):
            with (
                expect.refuses("read", f"asked for the range {start}:{end}", permanent=True),
                storage.read(key, start=start, end=end),
            ):
                pass

    def test_a_range_of_an_empty_object_is_empty(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(b""), size=0)
        for start, end in ((0, None), (0, 10), (5, None), (0, 0)):
            expect.that(_content(expect, storage, key, start, end) == b"", "read", "gave bytes of an empty object")

    def test_reading_may_stop_early_any_number_of_times(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, Pattern(4 * CHUNK), size=4 * CHUNK)
        for _ in range(30):
            with expect.works("read", "earlier readers had stopped half way"), storage.read(key) as chunks:
                next(chunks)
        with expect.works("read", "left without reading"), storage.read(key):
            pass

    def test_what_is_not_there_is_not_found(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        with expect.finds_nothing("stat", "nothing is stored"):
            storage.stat(key)
        for start, end in ((0, None), (5, 9), (0, 0)):
            with expect.finds_nothing("read", "nothing is stored"), storage.read(key, start=start, end=end):
                pass
        with expect.finds_nothing("copy", "nothing is stored under the source"):
            storage.copy(key, new_key())

    def test_delete_removes_and_may_be_repeated(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, other = Expectations(storage), new_key(), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        storage.put(other, io.BytesIO(TEN), size=10)
        with expect.works("delete", "the object is there"):
            storage.delete(key)
        _nothing_is_left(expect, storage, key, "delete", operation="delete")
        with expect.works("delete", "there is nothing to delete"):
            storage.delete(key)
            storage.delete(f"{other}/below")
        expect.that(_content(expect, storage, other) == TEN, "delete", "removed another key too")

    def test_a_copy_is_a_second_object(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, source, target = Expectations(storage), new_key(), new_key()
        storage.put(source, io.BytesIO(TEN), size=10, content_type="image/png")
        storage.put(target, io.BytesIO(b"old"), size=3, content_type="text/plain")
        with expect.works("copy", "both keys hold something"):
            copied = storage.copy(source, target)
        expect.that(_content(expect, storage, target) == TEN, "copy", "did not replace the target's content")
        for operation, stat in (("copy", copied), ("stat", storage.stat(target))):
            expect.that(
                (stat.size, stat.content_type) == (10, "image/png"), operation, f"lost size or type of a copy: {stat}"
            )
        expect.that(copied.etag == storage.stat(target).etag, "copy", "says another etag than stat")
        with expect.works("copy", "the source must still be there (it was moved)"):
            storage.stat(source)
        storage.put(source, io.BytesIO(b"changed"), size=7)
        expect.that(_content(expect, storage, target) == TEN, "copy", "tied the copy to its source: both changed")
        with expect.works("copy", "source and target are the same"):
            storage.copy(target, target)
        expect.that(_content(expect, storage, target) == TEN, "copy", "damaged an object copied onto itself")

    def test_one_key_may_continue_another(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, short = Expectations(storage), new_key()
        long = f"{short}/below"
        with expect.works("put", "one key continues another with a slash"):
            storage.put(short, io.BytesIO(b"short"), size=5)
            storage.put(long, io.BytesIO(b"longer"), size=6)
        both = _content(expect, storage, short), _content(expect, storage, long)
        storage.delete(long)
        expect.that(both == (b"short", b"longer"), "put", "mixed up two keys, one of which continues the other")

    def test_a_bad_key_is_refused_by_every_method(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, good = Expectations(storage), new_key()
        storage.put(good, io.BytesIO(TEN), size=10)
        for bad in BAD_KEYS:
            for operation, call in _calls_with(storage, bad, good):
                with expect.refuses(operation, f"given the bad key {bad[:40]!r}", permanent=True):
                    call()
        expect.that(_content(expect, storage, good) == TEN, "put", "changed another key when refusing a bad one")

    def test_sizes_types_and_lifetimes_are_checked(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        with expect.refuses("put", "the size is negative", permanent=True):
            storage.put(key, io.BytesIO(TEN), size=-1)
        for bad in (
            "",
            "png",
            "text/html\r\nX-Forged: 1",
            "text/plain; x=y; z",
            "IMAGE/PNG",
            "image/ png",
            "a" * 300 + "/b",
        ):
            with expect.refuses("put", f"the type is {bad[:30]!r}", permanent=True):
                storage.put(key, io.BytesIO(TEN), size=10, content_type=bad)
            with expect.refuses("sign_upload", f"the type is {bad[:30]!r}", permanent=True):
                storage.sign_upload(key, size=1, content_type=bad)
        for lifetime in (0, -1, 7 * 24 * 3600 + 1):
            with expect.refuses("url", f"the lifetime is {lifetime} s", permanent=True):
                storage.url(key, expires=lifetime)
            with expect.refuses("sign_upload", f"the lifetime is {lifetime} s", permanent=True):
                storage.sign_upload(key, size=1, content_type="image/png", expires=lifetime)
        with expect.refuses("sign_upload", "the size is negative", permanent=True):
            storage.sign_upload(key, size=-1, content_type="image/png")

    def test_threads_share_one_provider(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        keys = [new_key() for _ in range(8)]

        def round_trip(key: str) -> bool:
            storage.put(key, io.BytesIO(key.encode()), size=len(key))
            with storage.read(key) as chunks:
                return b"".join(chunks) == key.encode()

        with expect.works("put", "eight threads use one provider"), ThreadPoolExecutor(8) as pool:
            expect.that(all(pool.map(round_trip, keys)), "read", "gave one thread the content of another")

    def test_the_check_of_a_working_storage_passes(self, storage: FileStorage) -> None:
        with Expectations(storage).works("check", "everything works"):
            storage.check()


def _content(expect: Expectations, storage: FileStorage, key: str, start: int = 0, end: int | None = None) -> bytes:
    with expect.works("read", f"asked for the range {start}:{end}"), storage.read(key, start=start, end=end) as chunks:
        return b"".join(chunks)


def _nothing_is_left(expect: Expectations, storage: FileStorage, key: str, after: str, operation: str = "put") -> None:
    stat: Stat | None = None
    try:
        stat = storage.stat(key)
    except NotFound:
        return
    except Exception as error:  # noqa: BLE001
        expect.fail("stat", f"raised {type(error).__name__}, not NotFound, when nothing is stored")
    expect.fail(operation, f"left {stat.size} bytes behind after {after}")


def _warm_up(storage: FileStorage, key: str) -> None:
    """What is imported and cached on first use does not count as held."""
    storage.put(key, Pattern(10), size=10)
    with storage.read(key) as chunks:
        b"".join(chunks)


@contextmanager
def held_memory(expect: Expectations, operation: str, size: int) -> Iterator[None]:
    """Fails when more than `HELD` is held inside, for an object of `size` bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    mebibytes = peak // (1024 * 1024)
    expect.that(peak <= HELD, operation, f"held {mebibytes} MiB in memory for an object of {size // (1024 * 1024)} MiB")


def _calls_with(storage: FileStorage, bad: str, good: str) -> list[tuple[str, Callable[[], object]]]:
    stream: ByteStream = io.BytesIO(TEN)
    return [
        ("put", lambda: storage.put(bad, stream, size=10)),
        ("read", lambda: storage.read(bad).__enter__()),
        ("stat", lambda: storage.stat(bad)),
        ("delete", lambda: storage.delete(bad)),
        ("copy", lambda: storage.copy(bad, good)),
        ("copy", lambda: storage.copy(good, bad)),
        ("url", lambda: storage.url(bad)),
        ("public_url", lambda: storage.public_url(bad)),
        ("sign_upload", lambda: storage.sign_upload(bad, size=10, content_type="image/png")),
    ]
