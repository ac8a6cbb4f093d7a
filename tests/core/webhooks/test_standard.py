"""Standard Webhooks pass with any of the secrets and now, whatever else stands in the header; the rest is refused."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook as Sender
from werkzeug.datastructures import Headers

from pegboard.contracts.webhooks import Label, Posted
from pegboard.errors import BadSignature
from pegboard.testing.webhooks import standard_headers
from pegboard.webhooks import StandardWebhooks, standard_label

BODY = b'{"type": "order.paid", "data": {"id": "o1"}}'
NEW, OLD = (f"whsec_{base64.b64encode(key * 24).decode()}" for key in (b"n", b"o"))


def verifier(*secrets: str) -> StandardWebhooks:
    return StandardWebhooks([SecretStr(one) for one in secrets], setting="secrets")


def posted(headers: dict[str, str], body: bytes = BODY) -> Posted:
    found: Any = Headers(headers)
    return Posted(headers=found, body=body)


def signed(*secrets: str, body: bytes = BODY, at: float | None = None) -> dict[str, str]:
    return standard_headers(body, *secrets, id="msg_1", at=at)


def refused(headers: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(BadSignature) as caught:
        verifier(NEW, OLD).verify(posted(headers, body))
    return caught.value.reason


@pytest.mark.parametrize(("secret", "number"), [(NEW, 0), (OLD, 1)])
def test_each_secret_verifies_and_is_told(secret: str, number: int) -> None:
    assert verifier(NEW, OLD).verify(posted(signed(secret))) == number


@pytest.mark.parametrize(
    "secret", [NEW, NEW.removeprefix("whsec_"), f"whsec_{base64.b64encode(b'n' * 25).decode().rstrip('=')}"]
)
def test_a_secret_may_lack_prefix_and_padding(secret: str) -> None:
    assert verifier(secret).verify(posted(signed(secret))) == 0


def test_what_the_library_of_the_specification_signs_passes() -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    signature = Sender(NEW).sign("msg_1", now, BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    assert verifier(NEW).verify(posted(headers)) == 0


@pytest.mark.parametrize(
    "other", ["v1", "v1,", "v1,@@@@", "v1,a,b", "v1a,c2lnbmVk", "nonsense", "\xff\xfe", "", "v1,\u00e9"]
)
def test_whatever_stands_beside_a_good_signature_does_no_harm(other: str) -> None:
    good = signed(NEW)
    for both in (f"{other} {good['webhook-signature']}", f"{good['webhook-signature']} {other}"):
        assert verifier(NEW).verify(posted({**good, "webhook-signature": both})) == 0


@pytest.mark.parametrize("signature", ["v1", "v1,", "v1,@@@@", "v1a,c2lnbmVk", "nonsense", "\xff\xfe", " "])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    assert refused({**signed(NEW), "webhook-signature": signature}) == "malformed"


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(missing: str) -> None:
    assert refused({name: value for name, value in signed(NEW).items() if name != missing}) == "missing"


def test_id_and_time_are_signed() -> None:
    now = time.time()
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(now) - 1)}):
        assert refused({**signed(NEW, at=now), **changed}) == "wrong"


def test_another_body_or_secret_is_refused() -> None:
    assert refused(signed(NEW), BODY + b" ") == "wrong"
    assert refused(signed(f"whsec_{base64.b64encode(b'somebody else').decode()}")) == "wrong"


@pytest.mark.parametrize(("ago", "reason"), [(310, "too_old"), (-310, "too_new")])
def test_a_signature_of_another_time_is_refused(ago: float, reason: str) -> None:
    assert refused(signed(NEW, at=time.time() - ago)) == reason


@pytest.mark.parametrize("stamp", ["nan", "inf", "1e9", "now", "-1", "9" * 400, "\xff"])
def test_what_is_no_time_is_refused(stamp: str) -> None:
    assert refused({**signed(NEW), "webhook-timestamp": stamp}) == "malformed"


def test_a_body_that_is_no_text_is_refused() -> None:
    body = b"\xff\xfe"
    assert refused(signed(NEW, body=body), body) == "malformed"


def test_the_label_is_the_id_of_the_header_and_the_type_of_the_body() -> None:
    assert standard_label(posted(signed(NEW)), "o1") == Label(id="msg_1", type="order.paid", subject="o1")
