"""Reading an object, or one range of it: opened within a limit, and never taken for whole when it was cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from pegboard.contracts.files import CHUNK

from .client import Clients, ClientSource, translated
from .failures import code_of, cut_short


@contextmanager
def opened(source: ClientSource, asked: dict[str, Any], start: int, end: int | None) -> Iterator[Iterator[bytes]]:
    """The bytes from `start` up to `end`, which lies beyond it, of the object that `asked` names."""
    if start or end is not None:
        asked = {**asked, "Range": f"bytes={start}-{'' if end is None else end - 1}"}
    little = end is not None and end - start <= CHUNK

    def get(clients: Clients) -> dict[str, Any] | None:
        return _get(clients.quick if little else clients.bulk, asked)

    answer = source.call("read", get, unwanted=_close)
    if answer is None:
        yield iter(())
        return
    with closing(answer["Body"]) as body:
        if "ContentLength" not in answer:
            raise cut_short("read")  # a body without a length looks whole wherever it ends
        yield _chunks(body)


def _get(client: Any, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The answer, or None where the range lies past the end."""
    try:
        answer: dict[str, Any] = client.get_object(**asked)
    except client.exceptions.ClientError as error:
        if code_of(error) == "InvalidRange":
            return None
        raise
    return answer


def _chunks(body: Any) -> Iterator[bytes]:
    with translated("read"):
        yield from body.iter_chunks(CHUNK)


def _close(answer: dict[str, Any] | None) -> None:
    if answer is not None:
        answer["Body"].close()
