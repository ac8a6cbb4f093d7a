"""What a check answers, and how it is asked: whatever it raises is its answer, and it has so much time and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Generic, Literal, TypeVar

from ...errors import PegboardError

State = Literal["ok", "warning", "failed", "skipped"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `check` is `<group>.<what>` and does not change between versions; `remedy` is what to do, or nothing."""

    check: str
    state: State
    message: str
    remedy: str = ""

    @property
    def group(self) -> str:
        return self.check.partition(".")[0]


class TooSlow(PegboardError):
    """There was no answer in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


def asked(check: str, question: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The answers to a question; one that raises has failed."""
    try:
        return list(question())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        message, remedy = words(error)
        return [Finding(check, "failed", f"cannot be told: {message}", remedy or "mend what it names, then ask again")]


def words(error: Exception) -> tuple[str, str]:
    """An error in one line, after its kind where its own words may say little; and what it says to do, if it does."""
    said, _, remedy = " ".join(str(error).split()).partition(" → ")
    if not isinstance(error, PegboardError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return said, remedy


class Asking(Generic[T]):
    """A question that is being answered in a thread of its own. One that hangs is left behind when the process ends."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._answer: list[T] = []
        self._error: Exception | None = None
        self._began = monotonic()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def answer(self, seconds: float) -> T:
        """The answer, waited for until `seconds` after the question. Raises TooSlow, or what the question raised."""
        self._thread.join(max(0.0, self._began + seconds - monotonic()))
        if self._error is not None:
            raise self._error
        if not self._answer:
            raise TooSlow(seconds)
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._question())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            self._error = error
        except BaseException as error:  # noqa: BLE001 - an exit is meant for this thread, not for who asked
            self._error = RuntimeError(f"it raised {type(error).__name__}")
