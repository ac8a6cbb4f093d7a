"""The part of the suite about metadata: given back as they were given, kept by copies, and out of a browser's reach."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace

from pegboard.contracts.files import MAX_METADATA, FileStorage
from pegboard.errors import NotFound

from .expectations import Expectations
from .http import perform
from .objects import TEN, NewKey

PICTURE = "image/png"
GIVEN = {"made-by": 'Hand of "A" = 100%, 1/2; #3', "x9": "1", "a" * 40: "v" * 200}
OURS, THEIRS = "the-board", "the-browser"
CHANGES: dict[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
    "change": lambda sent: {name: THEIRS if value == OURS else value for name, value in sent.items()},
    "drop": lambda sent: {name: value for name, value in sent.items() if value != OURS},
    "add": lambda sent: {
        **sent,
        **{name.replace("made-by", "other"): THEIRS for name, value in sent.items() if value == OURS},
    },
}
BAD_METADATA: tuple[dict[str, str], ...] = (
    *({name: "1"} for name in ("", "Made-By", "made by", "made_by", "9a", "-a", "é", "a\r\nb", "a:b", "a" * 41)),
    *({"a": value} for value in ("", " x", "x ", "é", "a\r\nX-Forged: 1", "a\tb", "\x7f", "v" * 201)),
    {f"a{number}": "v" * 200 for number in range(MAX_METADATA // 200 + 1)},
)


class MetadataContract:
    """Tests that store metadata with an object, in each way that there is."""

    def test_metadata_are_given_back(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        for given in (GIVEN, {}, None):
            key = new_key()
            stored = storage.put(key, io.BytesIO(TEN), size=10, content_type=PICTURE, metadata=given)
            for operation, stat in (("put", stored), ("stat", storage.stat(key))):
                _are(expect, operation, stat.metadata, given or {})
        storage.put(key, io.BytesIO(TEN), size=10, metadata={"made-by": "one"})
        storage.put(key, io.BytesIO(TEN), size=10)
        _are(expect, "put", storage.stat(key).metadata, {})

    def test_a_long_stream_keeps_its_metadata(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        size = 9 * 1024 * 1024
        stored = storage.put(key, io.BytesIO(bytes(size)), size=size, metadata=GIVEN)
        for operation, stat in (("put", stored), ("stat", storage.stat(key))):
            _are(expect, operation, stat.metadata, GIVEN)

    def test_a_copy_has_the_metadata_of_its_source(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, source, target = Expectations(storage), new_key(), new_key("public/")
        storage.put(source, io.BytesIO(TEN), size=10, metadata=GIVEN)
        storage.put(target, io.BytesIO(TEN), size=10, metadata={"old": "1"})
        copied = storage.copy(source, target)
        for operation, stat in (("copy", copied), ("stat", storage.stat(target))):
            _are(expect, operation, stat.metadata, GIVEN)

    def test_an_upload_has_the_metadata_that_were_signed(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        answer = perform(storage.sign_upload(key, size=10, content_type=PICTURE, metadata=GIVEN), TEN)
        expect.that(answer.ok, "sign_upload", f"leads to {answer.status} for an upload with metadata")
        _are(expect, "sign_upload", storage.stat(key).metadata, GIVEN)

    def test_a_browser_cannot_change_metadata(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, given = Expectations(storage), {"made-by": OURS}
        for doing, change in CHANGES.items():
            key = new_key()
            upload = storage.sign_upload(key, size=10, content_type=PICTURE, metadata=given)
            upload = replace(upload, headers=change(upload.headers), fields=change(upload.fields))
            answer = perform(upload, TEN)
            try:
                found = dict(storage.stat(key).metadata)
            except NotFound:
                expect.that(answer.refused, "sign_upload", f"answers {answer.status} and stores nothing")
            else:
                expect.that(found == given, "sign_upload", f"lets a browser {doing} metadata: {given} became {found}")

    def test_an_upload_in_parts_has_its_metadata(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        upload_id = storage.begin_parts(key, content_type=PICTURE, metadata=GIVEN)
        perform(storage.sign_part(key, upload_id, 1, size=10), TEN)
        finished = storage.finish_parts(key, upload_id, storage.parts(key, upload_id))
        for operation, stat in (("finish_parts", finished), ("stat", storage.stat(key))):
            _are(expect, operation, stat.metadata, GIVEN)

    def test_bad_metadata_are_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        for bad in BAD_METADATA:
            doing = f"given the metadata {str(bad)[:60]}"
            with expect.refuses("put", doing, permanent=True):
                storage.put(key, io.BytesIO(TEN), size=10, metadata=bad)
            with expect.refuses("sign_upload", doing, permanent=True):
                storage.sign_upload(key, size=10, content_type=PICTURE, metadata=bad)
            with expect.refuses("begin_parts", doing, permanent=True):
                storage.begin_parts(key, content_type=PICTURE, metadata=bad)


def _are(expect: Expectations, operation: str, found: Mapping[str, str], given: Mapping[str, str]) -> None:
    expect.that(dict(found) == given, operation, f"gives back the metadata {dict(found)}, not {given}")
