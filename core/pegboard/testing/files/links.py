"""The part of the suite about URLs for reading: signed ones, public ones, and the absence of any other way in."""

from __future__ import annotations

import io
import json
from urllib.parse import urlsplit

from werkzeug.http import parse_options_header

from pegboard.contracts.filenames import clean_filename
from pegboard.contracts.files import FileStorage

from .expectations import Expectations
from .http import Answer, fetch
from .objects import TEN, NewKey

PLAIN_NAMES = (
    "report.pdf",
    "a b (1).txt",
    "naïve ü.pdf",
    "日本語.txt",
    'with "quotes".txt',
    "100%41.txt",
    "a;b=c,d.txt",
    "it's.md",
)
EVIL_NAMES = (
    "../../etc/passwd",
    "C:\\secret\\a.txt",
    "a\r\nSet-Cookie: x=1\r\n\r\n.txt",
    "\x00\x1b[31m.txt",
    "\u202egnp.exe",
    "<script>alert(1)</script>.html",
    "x" * 10_000 + ".png",
    "\u2028line.txt",
    "...",
)
PAGE = b"<script>document.title='run'</script>"


class LinkContract:
    """Tests that fetch URLs as a browser without a session does."""

    own_origin: str | None = None
    """The origin of the board itself, for providers that serve from there."""

    def let_pass(self, seconds: float) -> None:
        raise NotImplementedError

    def test_a_signed_url_gives_the_file_as_an_attachment(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10, content_type="image/png")
        answer = _get(expect, "url", storage.url(key))
        expect.that(answer.body == TEN, "url", f"leads to {len(answer.body)} bytes that are not the object's")
        expect.that(
            answer.headers["content-type"] == "image/png", "url", f"gives the type {answer.headers['content-type']!r}"
        )
        expect.that(_kind(answer) == "attachment", "url", "shows the file in the browser though nobody asked for it")

    def test_a_signed_url_gives_ranges(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        for asked, content in (("2-4", b"234"), ("7-", b"789"), ("-2", b"89"), ("5-500", b"56789")):
            answer = fetch(storage.url(key), headers={"Range": f"bytes={asked}"})
            expect.that(
                answer.status == 206 and answer.body == content,
                "url",
                f"gives {answer.status} {answer.body!r} for bytes={asked}",
            )
            expect.that(
                answer.headers.get("content-range", "").endswith("/10"),
                "url",
                "gives a range without its Content-Range",
            )
        answer = fetch(storage.url(key), headers={"Range": "bytes=10-"})
        expect.that(answer.status == 416, "url", f"answers {answer.status}, not 416, to a range past the end")

    def test_a_file_name_reaches_the_browser(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        for name in PLAIN_NAMES:
            answer = _get(expect, "url", storage.url(key, filename=name), f"the file name is {name!r}")
            got = _options(answer).get("filename")
            expect.that(got == name, "url", f"gives the disposition name {got!r} for {name!r}")

    def test_a_file_name_cannot_deceive(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        for name in EVIL_NAMES:
            answer = _get(expect, "url", storage.url(key, filename=name), f"the file name is {name[:40]!r}")
            expect.that(
                "set-cookie" not in answer.headers, "url", f"lets the disposition name {name[:40]!r} add a header"
            )
            expect.that(
                _kind(answer) == "attachment", "url", f"gives the disposition {_kind(answer)!r} for {name[:40]!r}"
            )
            got = _options(answer).get("filename", "")
            expect.that(
                got == clean_filename(got), "url", f"gives the disposition name {got[:60]!r}, which was not cleaned"
            )

    def test_only_safe_types_are_shown_in_the_browser(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(PAGE), size=len(PAGE), content_type="text/html")
        shown = _get(expect, "url", storage.url(key, inline=True, content_type="image/png", filename="ü.png"))
        expect.that(_kind(shown) == "inline", "url", "sends an image as an attachment though it was to be shown inline")
        expect.that(shown.headers["content-type"] == "image/png", "url", "does not send the type that was asked for")
        expect.that(_options(shown).get("filename") == "ü.png", "url", "loses the file name of what is shown inline")
        for content_type in ("text/html", "image/svg+xml", "application/xhtml+xml", "text/html; charset=utf-8", None):
            url = storage.url(key, inline=True, content_type=content_type, filename="page.html")
            expect.that(_kind(_get(expect, "url", url)) == "attachment", "url", f"shows inline what is {content_type}")

    def test_a_signed_url_expires(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key = Expectations(storage), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        url = storage.url(key, expires=1)
        self.let_pass(2.5)
        answer = fetch(url)
        expect.that(answer.refused, "url", f"answers {answer.status} after it expired")

    def test_an_altered_url_is_refused(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, other = Expectations(storage), new_key(), new_key()
        storage.put(key, io.BytesIO(TEN), size=10)
        storage.put(other, io.BytesIO(TEN), size=10)
        url = storage.url(key, filename="name.txt")
        for forged in {altered(url), url[:-8], url.replace(key, other), url.replace("name.txt", "evil.txt")} - {url}:
            answer = fetch(forged)
            expect.that(answer.refused, "url", f"answers {answer.status} to a signed URL that was altered")

    def test_what_is_not_there_has_no_content_at_its_url(self, storage: FileStorage, new_key: NewKey) -> None:
        expect = Expectations(storage)
        with expect.works("url", "the object is not there"):
            answer = fetch(storage.url(new_key()))
        expect.that(answer.refused, "url", f"answers {answer.status} where nothing is stored")

    def test_files_are_private(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, public = Expectations(storage), new_key(), new_key("public/")
        storage.put(key, io.BytesIO(TEN), size=10)
        unsigned, query, _ = storage.url(key).partition("?")
        guessed = storage.public_url(public).replace(public, key)
        for url in (guessed, unsigned) if query else (guessed,):
            answer = fetch(url)
            expect.that(
                answer.refused, "put", f"stores files that everyone can read: {answer.status} without a signature"
            )
        with expect.refuses("public_url", "the key is private", permanent=True):
            storage.public_url(key)

    def test_a_public_file_has_a_stable_url(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, key, private = Expectations(storage), new_key("public/"), new_key()
        storage.put(key, io.BytesIO(TEN), size=10, content_type="image/png")
        url = storage.public_url(key)
        expect.that(
            url == storage.public_url(key), "public_url", "gives a URL that is not stable: another one at each call"
        )
        answer = _get(expect, "public_url", url)
        expect.that(answer.body == TEN, "public_url", "leads to other content")
        expect.that(answer.headers["content-type"] == "image/png", "public_url", "gives another type than the one put")
        storage.put(private, io.BytesIO(b"copied"), size=6, content_type="text/plain")
        storage.copy(private, key)
        expect.that(fetch(url).body == b"copied", "public_url", "does not lead to what was copied there")

    def test_a_public_page_is_not_shown(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, put, copied, private = Expectations(storage), new_key("public/"), new_key("public/"), new_key()
        for key in (put, private):
            storage.put(key, io.BytesIO(PAGE), size=len(PAGE), content_type="text/html")
        storage.copy(private, copied)
        for key in (put, copied):
            answer = _get(expect, "public_url", storage.public_url(key))
            expect.that(_kind(answer) == "attachment", "public_url", "shows a page that anyone may have uploaded")

    def test_a_public_picture_is_shown(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, page, picture = Expectations(storage), new_key("public/"), new_key("public/")
        storage.put(page, io.BytesIO(PAGE), size=len(PAGE), content_type="text/html")
        storage.put(picture, io.BytesIO(TEN), size=10, content_type="image/png")
        storage.copy(picture, page)
        for key in (picture, page):
            answer = _get(expect, "public_url", storage.public_url(key))
            expect.that(_kind(answer) in ("", "inline"), "public_url", "sends a public picture as an attachment")

    def test_the_origins_of_all_urls_are_named(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, public = Expectations(storage), new_key("public/")
        upload = storage.sign_upload(public, size=1, content_type="image/png").url
        named = storage.origins()
        for operation, url in (
            ("url", storage.url(public)),
            ("public_url", storage.public_url(public)),
            ("sign_upload", upload),
        ):
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
            expect.that(
                origin in named or origin == self.own_origin,
                "origins",
                f"does not name {origin}, where {operation} leads",
            )

    def test_browsers_elsewhere_can_be_let_in(self, storage: FileStorage, new_key: NewKey) -> None:
        expect, origins = Expectations(storage), ["https://board.example", "http://127.0.0.1:5000"]
        with expect.works("browser_access", "two origins are given"):
            asked = storage.browser_access(origins)
        url = urlsplit(storage.sign_upload(new_key(), size=1, content_type="image/png").url)
        if asked is None:
            own = f"{url.scheme}://{url.netloc}" == self.own_origin
            expect.that(own, "browser_access", f"has nothing to configure, though uploads go to {url.netloc}")
            return
        with expect.works("browser_access", "the answer is made JSON"):
            text = json.dumps(asked)
        for needed in (*origins, "ETag"):
            expect.that(needed in text, "browser_access", f"does not say {needed}")


def altered(url: str) -> str:
    """The same with one character near the end, in the signature, replaced."""
    return f"{url[:-6]}{'0' if url[-6] != '0' else '1'}{url[-5:]}"


def _get(expect: Expectations, operation: str, url: str, doing: str = "") -> Answer:
    answer = fetch(url)
    expect.that(
        answer.ok,
        operation,
        f"answers {answer.status} to a GET{doing and ' when '}{doing}: disposition or signature is wrong",
    )
    return answer


def _kind(answer: Answer) -> str:
    return parse_options_header(answer.headers.get("content-disposition", ""))[0]


def _options(answer: Answer) -> dict[str, str]:
    return parse_options_header(answer.headers.get("content-disposition", ""))[1]
