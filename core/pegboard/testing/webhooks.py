"""Signs webhooks in tests, as senders do: `client.post("/webhooks/acme", data=body, headers=…)`.

from pegboard.testing.webhooks import standard_headers, timestamped

client.post("/webhooks/acme", data=body, headers={"Acme-Signature": timestamped(body, SECRET)})
client.post("/webhooks/acme", data=body, headers=standard_headers(body, SECRET, id="msg_1"))
"""

from __future__ import annotations

import base64
import hmac
import time


def timestamped(body: bytes, *secrets: str, at: float | None = None, scheme: str = "v1") -> str:
    """The value of the header that `TimestampedHmac` reads, with a signature by each secret. `at`: seconds since 1970."""
    signed = _seconds(at)
    digests = (hmac.digest(secret.encode(), signed.encode() + b"." + body, "sha256").hex() for secret in secrets)
    return ",".join([f"t={signed}", *(f"{scheme}={digest}" for digest in digests)])


def standard_headers(body: bytes, *secrets: str, id: str, at: float | None = None) -> dict[str, str]:  # noqa: A002 - the sender's own word
    """The headers that `StandardWebhooks` reads, with a signature by each secret. `at`: seconds since 1970."""
    signed = _seconds(at)
    content = f"{id}.{signed}.".encode() + body
    digests = (hmac.digest(_key(secret), content, "sha256") for secret in secrets)
    signatures = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return {"webhook-id": id, "webhook-timestamp": signed, "webhook-signature": signatures}


def _seconds(at: float | None) -> str:
    return str(int(time.time() if at is None else at))


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4))
