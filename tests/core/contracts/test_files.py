"""What every provider shares: which keys, sizes and types there are, and streams of exactly one size."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.contracts.files import INLINE_TYPES, check_arguments, exactly, is_public, shown_inline
from pegboard.errors import ProviderError


@pytest.mark.parametrize("key", ["a", "0", "a/b", "public/a.png", "a-b_c.d/e", "a" * 200, "a..b", "con/0"])
def test_a_key_is_small_letters_in_segments(key: str) -> None:
    check_arguments("p", "put", key=key)


@given(st.text(max_size=20))
def test_no_key_leaves_its_folder(key: str) -> None:
    try:
        check_arguments("p", "put", key=key)
    except ProviderError:
        return
    assert key == key.lower()
    assert all(segment and not segment.startswith(".") for segment in key.split("/"))


def test_a_refusal_is_final_and_says_where_it_comes_from() -> None:
    with pytest.raises(ProviderError) as caught:
        check_arguments("p", "put", key="../a")
    assert caught.value.permanent
    assert (caught.value.provider, caught.value.operation) == ("p", "put")


def test_a_refused_key_is_named_without_filling_the_log() -> None:
    with pytest.raises(ProviderError) as caught:
        check_arguments("p", "put", key="A" * 100_000)
    assert len(str(caught.value)) < 300


def test_nothing_that_runs_is_shown() -> None:
    for content_type in ("text/html", "image/svg+xml", "text/xml", "application/javascript", "text/css", "", None):
        assert not shown_inline(content_type)
    assert shown_inline("text/plain; charset=utf-8")
    assert all(shown_inline(content_type) for content_type in INLINE_TYPES)


def test_only_what_is_below_public_is_public() -> None:
    assert is_public("public/a")
    assert not is_public("public")
    assert not is_public("publicity/a")
    assert not is_public("a/public/a")


class Trickle(io.BytesIO):
    """A stream that gives fewer bytes than it is asked for, as sockets do."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 3))


@pytest.mark.parametrize("size", [7, None])
def test_a_stream_of_its_size_passes(size: int | None) -> None:
    assert b"".join(exactly(Trickle(b"1234567"), size, provider="p")) == b"1234567"


@pytest.mark.parametrize(("size", "message"), [(8, "ended after 7 of 8"), (6, "goes on after the 6"), (0, "goes on")])
def test_a_stream_of_another_size_raises(size: int, message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        list(exactly(Trickle(b"1234567"), size, provider="p"))


def test_no_more_is_asked_of_a_stream_than_shows_that_it_is_too_long() -> None:
    stream = io.BytesIO(bytes(1000))
    with pytest.raises(ProviderError, match="goes on"):
        list(exactly(stream, 10, provider="p"))
    assert stream.tell() == 11
