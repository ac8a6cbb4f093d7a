"""Each call of the SDK is told once, as `pegboard.observability.calls` wants it: by the events that the SDK has for that."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

from pegboard.observability.calls import Outcome, outcome_of, told

from .failures import PROVIDER

_BEGAN = "pegboard.began"


def tell_of_calls(client: Any) -> None:
    """From now on, of every call that this client makes."""
    client.meta.events.register("before-call.s3", _begin)
    client.meta.events.register("after-call.s3", _end)
    client.meta.events.register("after-call-error.s3", _break)


def _begin(context: dict[str, Any], **rest: Any) -> None:
    context[_BEGAN] = monotonic()


def _end(parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **rest: Any) -> None:
    metadata = parsed.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    outcome: Outcome = "failed" if status < 300 and "Error" in parsed else outcome_of(status)
    told(
        PROVIDER,
        model.name,
        outcome,
        _milliseconds(context),
        status=status,
        request_id=metadata.get("RequestId"),
        tries=1 + int(metadata.get("RetryAttempts", 0)),
    )


def _break(exception: Exception, context: Mapping[str, Any], event_name: str, **rest: Any) -> None:
    """There was no answer, after all tries; how many the SDK does not say."""
    told(PROVIDER, event_name.rpartition(".")[2], _outcome(exception), _milliseconds(context))


def _outcome(exception: Exception) -> Outcome:
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import ConnectTimeoutError, HTTPClientError, ReadTimeoutError

    if isinstance(exception, (ConnectTimeoutError, ReadTimeoutError)):
        return "timeout"
    return "unreachable" if isinstance(exception, (HTTPClientError, NoConnection)) else "failed"


def _milliseconds(context: Mapping[str, Any]) -> float:
    began: float = context.get(_BEGAN, monotonic())
    return 1000 * (monotonic() - began)
