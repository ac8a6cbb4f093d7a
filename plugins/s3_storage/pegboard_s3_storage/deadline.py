"""A limit on how long a call may take in all, which no timeout of a socket gives: names are looked up and addresses
tried one after the other, each with the whole timeout, and answers may come drop by drop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NoReturn, TypeVar

T = TypeVar("T")


class DeadlinePassed(Exception):
    """The call goes on in its thread; nobody waits for it."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns or raises, or `DeadlinePassed`."""
    answers: SimpleQueue[Callable[[], T]] = SimpleQueue()

    def work() -> None:
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            answers.put(partial(_raise, error))
        else:
            answers.put(lambda: value)

    Thread(target=work, name="s3-call", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise DeadlinePassed from None
    return answer()


def _raise(error: BaseException) -> NoReturn:
    raise error
