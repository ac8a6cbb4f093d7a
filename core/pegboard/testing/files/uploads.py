"""The part of the suite about signed uploads: the one that was signed is taken, and no other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

from pegboard.contracts.files import FileStorage, SignedUpload
from pegboard.errors import NotFound

from .expectations import Expectations
from .http import Answer, fetch, perform, perform_half
from .links import altered
from .objects import TEN, NewKey

PICTURE = "image/png"


class UploadContract:
    """Tests that upload as a browser does."""

    def let_pass(self, seconds: float) -> None:
        raise NotImplementedError

    def test_a_signed_upload_is_stored(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        for body in (TEN, b"x", b"y" * 3_000_000):
            key = new_key()
            upload = storage.sign_upload(key, size=len(body), content_type=PICTURE)
            answer = perform(upload, body)
            expect.that(
                answer.ok,
                "sign_upload",
                f"leads to {answer.status} for the upload that was signed: {answer.body[:200]!r}",
            )
            with expect.works("stat", "a browser has uploaded the object"):
                stat = storage.stat(key)
            expect.that(
                (stat.size, stat.content_type) == (len(body), PICTURE),
                "sign_upload",
                f"stored another size or type: {stat}",
            )
            with storage.read(key) as chunks:
                expect.that(b"".join(chunks) == body, "sign_upload", "stored other content than the browser sent")

    def test_an_uploaded_file_is_private(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, public = Expectations(storage), new_key(), new_key("public/")
        perform(storage.sign_upload(key, size=10, content_type=PICTURE), TEN)
        answer = fetch(storage.public_url(public).replace(public, key))
        expect.that(
            answer.refused, "sign_upload", f"stores what everyone can read: {answer.status} without a signature"
        )

    def test_an_upload_of_another_size_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        for body in (TEN[:9], TEN + b"!", b"", b"z" * 2_000_000):
            key = new_key()
            upload = storage.sign_upload(key, size=10, content_type=PICTURE)
            self._is_refused(
                storage, key, perform(upload, body), f"of {len(body)} bytes where 10 were signed: wrong size"
            )

    def test_an_upload_of_another_type_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        for content_type in ("text/html", "image/svg+xml", "image/png; charset=utf-8"):
            key = new_key()
            upload = storage.sign_upload(key, size=10, content_type=PICTURE)
            self._is_refused(
                storage, key, perform(upload, TEN, content_type=content_type), f"of the wrong type {content_type}"
            )

    def test_an_upload_to_another_key_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        for prefix in ("contract/", "public/"):
            key, other = new_key(), new_key(prefix)
            forged = _replaced(storage.sign_upload(key, size=10, content_type=PICTURE), key, other)
            if forged is not None:
                self._is_refused(storage, other, perform(forged, TEN), "to another key than the signed one")

    def test_an_upload_expires(self, storage: FileStorage, new_key: NewKey) -> None:
        key = new_key()
        upload = storage.sign_upload(key, size=10, content_type=PICTURE, expires=1)
        self.let_pass(2.5)
        self._is_refused(storage, key, perform(upload, TEN), "after it expired")

    def test_an_altered_upload_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        key = new_key()
        for forged in _forgeries(storage.sign_upload(key, size=10, content_type=PICTURE)):
            self._is_refused(storage, key, perform(forged, TEN), "with an altered signature")

    def test_an_upload_that_breaks_off_leaves_nothing(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, body = Expectations(storage), new_key(), b"x" * 1_000_000
        answer = perform_half(storage.sign_upload(key, size=len(body), content_type=PICTURE), body)
        expect.that(answer is None or not answer.ok, "sign_upload", "answers that half an upload was stored: truncated")
        self._is_not_there(storage, key, "that broke off half way: truncated")

    def test_an_uploaded_public_page_is_not_shown(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key("public/")
        answer = perform(storage.sign_upload(key, size=10, content_type="text/html"), TEN)
        expect.that(answer.ok, "sign_upload", f"leads to {answer.status} for a public page")
        disposition = fetch(storage.public_url(key)).headers.get("content-disposition", "")
        expect.that(
            disposition.startswith("attachment"), "sign_upload", "lets a browser upload a public page that is shown"
        )

    def test_an_upload_may_be_copied_to_its_place(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, incoming, key = Expectations(storage), new_key(), new_key()
        perform(storage.sign_upload(incoming, size=10, content_type=PICTURE), TEN)
        with expect.works("copy", "the source was uploaded by a browser"):
            stat = storage.copy(incoming, key)
        expect.that((stat.size, stat.content_type) == (10, PICTURE), "copy", f"lost size or type of an upload: {stat}")

    def test_a_link_to_read_is_none_to_write(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10, content_type=PICTURE)
        for method in ("PUT", "POST", "DELETE"):
            answer = fetch(storage.url(key), method, headers={"Content-Type": PICTURE}, body=b"9876543210")
            expect.that(not answer.ok, "url", f"lets a {method} through")
        with storage.read(key) as chunks:
            expect.that(b"".join(chunks) == TEN, "url", "let the object be changed")

    def _is_refused(self, storage: FileStorage, key: str, answer: Answer, what: str) -> None:
        expect = Expectations(storage)
        expect.that(answer.refused, "sign_upload", f"answers {answer.status} to an upload {what}")
        self._is_not_there(storage, key, what)

    def _is_not_there(self, storage: FileStorage, key: str, what: str) -> None:
        try:
            storage.stat(key)
        except NotFound:
            return
        Expectations(storage).fail("sign_upload", f"stored an upload {what}")


def _replaced(upload: SignedUpload, old: str, new: str) -> SignedUpload | None:
    """The upload with one key written for the other wherever it shows; None where it does not show."""
    fields = {name: value.replace(old, new) for name, value in upload.fields.items()}
    forged = replace(upload, url=upload.url.replace(old, new), fields=fields)
    return None if forged == upload else forged


def _forgeries(upload: SignedUpload) -> Iterator[SignedUpload]:
    if upload.method == "PUT":
        yield replace(upload, url=altered(upload.url))
        return
    for name, value in upload.fields.items():
        if "signature" in name.lower() or name.lower() == "policy":
            yield replace(upload, fields={**upload.fields, name: altered(value)})
            yield replace(upload, fields={key: kept for key, kept in upload.fields.items() if key != name})
