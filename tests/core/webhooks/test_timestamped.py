"""A timestamped signature passes with any of the secrets and now; whatever else is posted is refused, with a reason."""

from __future__ import annotations

import time

import pytest
from pydantic import SecretStr
from werkzeug.datastructures import Headers

from pegboard.contracts.webhooks import Posted
from pegboard.errors import BadSignature
from pegboard.testing.webhooks import timestamped
from pegboard.webhooks import TimestampedHmac

BODY = b'{"id": "evt_1"}'
NEW, OLD = "the newest secret", "the one before"


def verifier(*secrets: str, **options: float) -> TimestampedHmac:
    return TimestampedHmac([SecretStr(one) for one in secrets], header="X-Signature", setting="secrets", **options)  # type: ignore[arg-type]


def posted(signature: str | None, body: bytes = BODY) -> Posted:
    return Posted(headers=Headers({} if signature is None else {"x-signature": signature}), body=body)  # type: ignore[arg-type]


def refused(signature: str | None, body: bytes = BODY, **options: float) -> str:
    with pytest.raises(BadSignature) as caught:
        verifier(NEW, OLD, **options).verify(posted(signature, body))
    return caught.value.reason


@pytest.mark.parametrize(("secret", "number"), [(NEW, 0), (OLD, 1)])
def test_each_secret_verifies_and_is_told(secret: str, number: int) -> None:
    assert verifier(NEW, OLD).verify(posted(timestamped(BODY, secret))) == number


def test_one_of_several_signatures_is_enough() -> None:
    assert verifier(OLD).verify(posted(timestamped(BODY, NEW, "another", OLD))) == 0


def test_a_signature_of_the_published_algorithm_passes() -> None:
    """Computed with another tool: printf '1767225600.{"id": "evt_1"}' | openssl dgst -sha256 -hmac 'the newest secret'."""
    known = "t=1767225600,v0=ignored,v1=9e060c288e97e749c41949a6876f74b2f0c19f025203c71b8ecc09ffaaf091ad"
    years = 1e9
    assert verifier(NEW, tolerance=years).verify(posted(known)) == 0


def test_bytes_that_are_no_text_are_verified_as_they_are() -> None:
    body = b"\xff\xfe\x00"
    assert verifier(NEW).verify(posted(timestamped(body, NEW), body)) == 0


@pytest.mark.parametrize("ago", [-290, 290])
def test_clocks_may_differ_by_five_minutes_in_both_directions(ago: float) -> None:
    assert verifier(NEW).verify(posted(timestamped(BODY, NEW, at=time.time() - ago))) == 0


@pytest.mark.parametrize(("ago", "reason"), [(310, "too_old"), (-310, "too_new")])
def test_a_signature_of_another_time_is_refused(ago: float, reason: str) -> None:
    assert refused(timestamped(BODY, NEW, at=time.time() - ago)) == reason


def test_another_body_is_refused() -> None:
    assert refused(timestamped(BODY, NEW), BODY + b" ") == "wrong"


def test_another_time_under_the_same_signature_is_refused() -> None:
    now = int(time.time())
    assert refused(timestamped(BODY, NEW, at=now).replace(f"t={now}", f"t={now - 1}")) == "wrong"


def test_another_secret_is_refused() -> None:
    assert refused(timestamped(BODY, "somebody else's")) == "wrong"


def test_another_scheme_is_refused() -> None:
    assert refused(timestamped(BODY, NEW, scheme="v0")) == "malformed"


@pytest.mark.parametrize("signature", [None, ""])
def test_no_signature_is_refused(signature: str | None) -> None:
    assert refused(signature) == "missing"


@pytest.mark.parametrize(
    "signature",
    [
        "v1=00", "t=,v1=00", "t=now,v1=00", "t=1,t=2,v1=00", "t=-1,v1=00", "t=1e9,v1=00", "t=1_0,v1=00", "t=nan,v1=00", "t=\u0661,v1=00",
        f"t={'9' * 400},v1=00", "t=1", "=", ",,,", "\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_signature_is_refused(signature: str) -> None:
    assert refused(signature) == "malformed"


@pytest.mark.parametrize("digest", ["\xff\xfe", "é" * 64, "\ud800", "", "0" * 10_000])
def test_a_signature_that_is_no_text_is_wrong(digest: str) -> None:
    assert refused(f"t={int(time.time())},v1={digest}") == "wrong"


def test_there_is_always_a_tolerance() -> None:
    with pytest.raises(ValueError, match="sent again"):
        verifier(NEW, tolerance=0)
