"""A limit on how long a call may take in all, which no timeout of a socket gives: names are looked up and addresses
tried one after the other, each with the whole timeout, and answers may come drop by drop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import NoReturn, TypeVar

T = TypeVar("T")


class DeadlinePassed(Exception):
    """The call goes on in its thread; nobody waits for it."""


def within(seconds: float, call: Callable[[], T], *, unwanted: Callable[[T], None] | None = None) -> T:
    """What `call` returns or raises, or `DeadlinePassed`; what it returns after that is given to `unwanted`."""
    context = copy_context()  # who asked, for what is told of the call
    answers: SimpleQueue[Callable[[], T]] = SimpleQueue()
    given_up = Event()

    def work() -> None:
        try:
            value = context.run(call)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            answers.put(partial(_raise, error))
        else:
            answers.put(lambda: value)
        # Whoever takes the answer out has it: the caller, who looks once more after giving up, or we.
        with suppress(Exception):
            if given_up.is_set() and unwanted is not None:
                unwanted(answers.get_nowait()())

    Thread(target=work, name="s3-call", daemon=True).start()
    try:
        return answers.get(timeout=seconds)()
    except Empty:
        given_up.set()
    try:
        return answers.get_nowait()()
    except Empty:
        raise DeadlinePassed from None


def _raise(error: BaseException) -> NoReturn:
    raise error
