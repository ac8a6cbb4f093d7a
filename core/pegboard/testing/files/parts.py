"""The part of the suite about uploads in parts: sent in any order, resumed, finished as one object, or aborted."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import replace

from pegboard.contracts.files import MAX_PARTS, MIN_PART, FileStorage, Part
from pegboard.errors import NotFound

from .expectations import Expectations
from .http import Answer, fetch, perform
from .links import altered
from .objects import TEN, NewKey, held_memory
from .streams import Pattern, digest, digest_of_pattern

FILM = "video/mp4"
LAST = 1000  # bytes


class PartContract:
    """Tests that send a file in parts, as a browser does with a large one."""

    part: int = MIN_PART
    """Bytes of a part; may be less where the provider takes less, so that the tests take less time."""

    large: int

    def let_pass(self, seconds: float) -> None:
        raise NotImplementedError

    def leftovers(self, storage: FileStorage) -> Collection[str]:
        """Names for what the store holds, parts of uploads among it; override it where the store can be asked."""
        return ()

    def test_parts_become_one_object(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        before = set(self.leftovers(storage))
        upload_id = storage.begin_parts(key, content_type=FILM)
        bodies = _bodies(3, self.part)
        tags = {number: _send(storage, key, upload_id, number, bodies[number - 1]) for number in (2, 3, 1)}
        parts = storage.parts(key, upload_id)
        expect.that(
            [(part.number, part.size) for part in parts] == [(n, len(body)) for n, body in enumerate(bodies, 1)],
            "parts",
            f"gives {[(part.number, part.size) for part in parts]}: not what was sent, in order",
        )
        for part in parts:
            answered = tags[part.number].headers.get("etag", "").strip('"')
            expect.that(part.etag == answered, "parts", f"says the etag {part.etag!r}; the browser got {answered!r}")
        with expect.works("finish_parts", "all parts were sent"):
            stat = storage.finish_parts(key, upload_id, parts)
        with storage.read(key) as chunks:
            expect.that(b"".join(chunks) == b"".join(bodies), "finish_parts", "stored other bytes than its parts")
        for operation, found in (("finish_parts", stat), ("stat", storage.stat(key))):
            expect.that(
                (found.size, found.content_type) == (sum(map(len, bodies)), FILM),
                operation,
                f"says another size or type of an upload in parts: {found}",
            )
        expect.that(stat.etag == storage.stat(key).etag, "finish_parts", "says another etag than stat")
        left = set(self.leftovers(storage)) - before - {key}
        expect.that(not left, "finish_parts", f"leaves {len(left)} things behind, parts among them")

    def test_nothing_is_seen_of_parts_before_they_are_finished(self, storage: FileStorage, new_key: NewKey) -> None:
        new, old = new_key(), new_key()
        storage.put(old, io.BytesIO(TEN), size=10)
        for key in (new, old):
            upload_id = storage.begin_parts(key, content_type=FILM)
            _send(storage, key, upload_id, 1, b"x" * self.part)
            _holds(storage, key, TEN if key == old else None, "sign_part", "before the upload was finished")
            storage.abort_parts(key, upload_id)
            _holds(storage, key, TEN if key == old else None, "abort_parts", "after the upload was aborted")

    def test_an_interrupted_upload_says_what_has_arrived(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        upload_id = storage.begin_parts(key, content_type=FILM)
        expect.that(list(storage.parts(key, upload_id)) == [], "parts", "gives parts of which none was sent")
        for number in (6, 1, 3):
            _send(storage, key, upload_id, number, b"x" * self.part)
        numbers = [part.number for part in storage.parts(key, upload_id)]
        expect.that(numbers == [1, 3, 6], "parts", f"gives {numbers} where 1, 3 and 6 were sent")
        for number in (2, 4, 5):
            _send(storage, key, upload_id, number, b"x" * self.part)
        with expect.works("finish_parts", "the rest was sent later"):
            stat = storage.finish_parts(key, upload_id, storage.parts(key, upload_id))
        expect.that(stat.size == 6 * self.part, "finish_parts", f"stored {stat.size} of {6 * self.part} bytes")

    def test_an_upload_that_does_not_exist_is_not_found(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, other = Expectations(storage), new_key(), new_key()
        aborted, begun = storage.begin_parts(key, content_type=FILM), storage.begin_parts(key, content_type=FILM)
        storage.abort_parts(key, aborted)
        for wrong_key, wrong_id in ((key, aborted), (other, begun)):
            with expect.finds_nothing("parts", "there is no such upload"):
                storage.parts(wrong_key, wrong_id)
            with expect.finds_nothing("finish_parts", "there is no such upload"):
                storage.finish_parts(wrong_key, wrong_id, [Part(1, 10, "0")])
            with expect.works("abort_parts", "there is no such upload"):
                storage.abort_parts(wrong_key, wrong_id)
        storage.abort_parts(key, begun)

    def test_finishing_takes_what_was_sent_and_nothing_else(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        upload_id = storage.begin_parts(key, content_type=FILM)
        bodies = _bodies(3, self.part)
        for number, body in enumerate(bodies, 1):
            _send(storage, key, upload_id, number, body)
        one, two, three = storage.parts(key, upload_id)
        for doing, named in (
            ("no part is named", []),
            ("the parts come in the wrong order", [two, one, three]),
            ("a part in the middle is missing", [one, three]),
            ("the last part is missing", [one, two]),
            ("a part comes twice", [one, two, two, three]),
            ("a part is named that was not sent", [one, two, three, Part(4, 10, three.etag)]),
            ("a part has another etag than was sent", [one, replace(two, etag=three.etag), three]),
            ("a part has another size than was sent", [one, two, replace(three, size=three.size + 1)]),
        ):
            with expect.refuses("finish_parts", doing, permanent=True):
                storage.finish_parts(key, upload_id, named)
            _holds(storage, key, TEN, "finish_parts", f"after it was refused because {doing}")
        self.let_pass(1.5)
        _send(storage, key, upload_id, 2, b"z" * self.part)
        with expect.refuses("finish_parts", "a part was sent again with other bytes", permanent=True):
            storage.finish_parts(key, upload_id, [one, two, three])
        with expect.works("finish_parts", "the parts are asked for again"):
            storage.finish_parts(key, upload_id, storage.parts(key, upload_id))
        _holds(storage, key, bodies[0] + b"z" * self.part + bodies[2], "finish_parts", "after a part was replaced")

    def test_an_aborted_upload_is_gone(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        before = set(self.leftovers(storage))
        upload_id = storage.begin_parts(key, content_type=FILM)
        for number in (1, 2, 3):
            _send(storage, key, upload_id, number, b"x" * self.part)
        parts, late = storage.parts(key, upload_id), storage.sign_part(key, upload_id, 4, size=10)
        for doing in ("an upload is under way", "it was aborted before"):
            with expect.works("abort_parts", doing):
                storage.abort_parts(key, upload_id)
        with expect.finds_nothing("finish_parts", "the upload was aborted"):
            storage.finish_parts(key, upload_id, parts)
        with expect.finds_nothing("parts", "the upload was aborted"):
            storage.parts(key, upload_id)
        answer = perform(late, TEN)
        expect.that(answer.refused, "sign_part", f"answers {answer.status} to a part after the upload was aborted")
        _holds(storage, key, None, "abort_parts", "after the upload was aborted")
        left = set(self.leftovers(storage)) - before
        expect.that(not left, "abort_parts", f"leaves {len(left)} things behind, parts among them")

    def test_uploads_whose_ids_were_lost_are_aborted_by_their_key(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        longer = f"{key}-2"
        storage.put(key, io.BytesIO(TEN), size=10)
        before = set(self.leftovers(storage))
        lost = [storage.begin_parts(key, content_type=FILM) for _ in range(3)]
        other = storage.begin_parts(longer, content_type=FILM)
        _send(storage, key, lost[0], 1, b"x" * self.part)
        storage.abort_parts(key, lost.pop())
        for doing in ("uploads are under way", "they were aborted before"):
            with expect.works("abort_uploads", doing):
                storage.abort_uploads(key)
        for upload_id in lost:
            with expect.finds_nothing("parts", "all uploads of the key were aborted"):
                storage.parts(key, upload_id)
        with expect.works("parts", "the uploads of another key were aborted"):
            storage.parts(longer, other)
        _holds(storage, key, TEN, "abort_uploads", "by uploads that were not finished")
        storage.abort_parts(longer, other)
        left = set(self.leftovers(storage)) - before
        expect.that(not left, "abort_uploads", f"leaves {len(left)} things behind, parts among them")
        with expect.refuses("abort_uploads", "the key is no key", permanent=True):
            storage.abort_uploads("../a")

    def test_a_finished_upload_is_over(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        upload_id = storage.begin_parts(key, content_type=FILM)
        _send(storage, key, upload_id, 1, TEN)
        late = storage.sign_part(key, upload_id, 1, size=10)
        storage.finish_parts(key, upload_id, storage.parts(key, upload_id))
        with expect.finds_nothing("parts", "the upload was finished"):
            storage.parts(key, upload_id)
        answer = perform(late, b"9876543210")
        expect.that(answer.refused, "sign_part", f"answers {answer.status} to a part after the upload was finished")
        with expect.works("abort_parts", "the upload was finished"):
            storage.abort_parts(key, upload_id)
        _holds(storage, key, TEN, "abort_parts", "after the upload was finished")

    def test_a_part_of_another_size_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        key = new_key()
        upload_id = storage.begin_parts(key, content_type=FILM)
        for body in (TEN[:9], TEN + b"!", b"", b"z" * 2_000_000):
            upload = storage.sign_part(key, upload_id, 1, size=10)
            _is_refused(
                storage, key, upload_id, perform(upload, body), f"of {len(body)} bytes where 10 were signed: wrong size"
            )
        storage.abort_parts(key, upload_id)

    def test_a_link_for_a_part_expires_and_is_for_that_part(self, storage: FileStorage, new_key: NewKey) -> None:
        key = new_key()
        upload_id = storage.begin_parts(key, content_type=FILM)
        upload = storage.sign_part(key, upload_id, 1, size=10, expires=1)
        for forged in (altered(upload.url), upload.url.replace("artNumber=1", "artNumber=2")):
            if forged != upload.url:
                answer = perform(replace(upload, url=forged), TEN)
                _is_refused(storage, key, upload_id, answer, "with an altered signature")
        for method in ("GET", "DELETE", "POST"):
            answer = fetch(upload.url, method, body=TEN)
            _is_refused(storage, key, upload_id, answer, f"by {method}")
        self.let_pass(2.5)
        _is_refused(storage, key, upload_id, perform(upload, TEN), "after it expired")
        storage.abort_parts(key, upload_id)

    def test_a_public_page_sent_in_parts_is_not_shown(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key("public/")
        upload_id = storage.begin_parts(key, content_type="text/html")
        _send(storage, key, upload_id, 1, TEN)
        storage.finish_parts(key, upload_id, storage.parts(key, upload_id))
        disposition = fetch(storage.public_url(key)).headers.get("content-disposition", "")
        expect.that(
            disposition.startswith("attachment"), "begin_parts", "lets a browser upload a public page that is shown"
        )

    def test_parts_are_joined_in_constant_memory(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        upload_id = storage.begin_parts(key, content_type=FILM)
        stream, number = Pattern(self.large), 0
        while body := stream.read(max(self.part, self.large // 12)):
            number += 1
            _send(storage, key, upload_id, number, body)
        body = b""
        with held_memory(expect, "finish_parts", self.large):
            storage.finish_parts(key, upload_id, storage.parts(key, upload_id))
        with storage.read(key) as chunks:
            same = digest(chunks) == digest_of_pattern(self.large)
        expect.that(same, "finish_parts", f"stored other bytes than its {number} parts")

    def test_numbers_sizes_and_ids_of_parts_are_checked(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        upload_id = storage.begin_parts(key, content_type=FILM)
        for number in (0, -1, MAX_PARTS + 1):
            with expect.refuses("sign_part", f"the number is {number}", permanent=True):
                storage.sign_part(key, upload_id, number, size=10)
        for size in (0, -1):
            with expect.refuses("sign_part", f"the size is {size}", permanent=True):
                storage.sign_part(key, upload_id, 1, size=size)
        for expires in (0, 7 * 24 * 3600 + 1):
            with expect.refuses("sign_part", f"the lifetime is {expires} s", permanent=True):
                storage.sign_part(key, upload_id, 1, size=10, expires=expires)
        with expect.refuses("begin_parts", "the type is no type", permanent=True):
            storage.begin_parts(key, content_type="film")
        for wrong_key, wrong_id in (("../a", upload_id), (key, ""), (key, "a b"), (key, "a\nb")):
            for operation, call in (
                ("sign_part", lambda k, i: storage.sign_part(k, i, 1, size=10)),
                ("parts", storage.parts),
                ("finish_parts", lambda k, i: storage.finish_parts(k, i, [Part(1, 10, "0")])),
                ("abort_parts", storage.abort_parts),
            ):
                doing = f"given the key {wrong_key[-9:]!r} and the id {wrong_id[:9]!r}"
                with expect.refuses(operation, doing, permanent=True):
                    call(wrong_key, wrong_id)
        storage.abort_parts(key, upload_id)


def _bodies(count: int, size: int) -> Sequence[bytes]:
    """Parts that differ, the last one short."""
    stream = Pattern((count - 1) * size + LAST)
    return [stream.read(size) for _ in range(count)]


def _send(storage: FileStorage, key: str, upload_id: str, number: int, body: bytes) -> Answer:
    answer = perform(storage.sign_part(key, upload_id, number, size=len(body)), body)
    reason = f"leads to {answer.status} for the part that was signed: {answer.body[:200]!r}"
    Expectations(storage).that(answer.ok, "sign_part", reason)
    return answer


def _is_refused(storage: FileStorage, key: str, upload_id: str, answer: Answer, what: str) -> None:
    expect = Expectations(storage)
    expect.that(answer.refused, "sign_part", f"answers {answer.status} to a part {what}")
    expect.that(not storage.parts(key, upload_id), "sign_part", f"stored a part {what}")


def _holds(storage: FileStorage, key: str, content: bytes | None, operation: str, when: str) -> None:
    found: bytes | None = None
    try:
        with storage.read(key) as chunks:
            found = b"".join(chunks)
    except NotFound:
        pass
    Expectations(storage).that(found == content, operation, f"has changed what the key holds {when}")
