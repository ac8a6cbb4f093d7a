"""The board's log: one line a record, as text or as JSON, with the ids that tie records together and without secrets.

Everything logs through the standard library, below the logger `pegboard`; structlog puts the lines together, and is
imported with the first of them. One handler serves all boards of a process: a deployment that has set up logging of its
own is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal

from .ids import current_ids

if TYPE_CHECKING:
    from .redaction import Redactor

Event = MutableMapping[str, Any]
_SAID = ("call",)
"""Fields of which the message says everything: only lines of JSON have them too."""


def init_logs(style: Literal["text", "json"], level: str, secrets: Iterable[str]) -> None:
    """Write the board's messages to standard error, unless somebody handles them already. `secrets` are left out of every line."""
    log = logging.getLogger("pegboard")
    handler = next((one for one in log.handlers if isinstance(one.formatter, Lines)), None)
    if handler is None:
        if log.hasHandlers():
            return
        handler = logging.StreamHandler()
        log.addHandler(handler)
    previous = handler.formatter if isinstance(handler.formatter, Lines) else None
    handler.setFormatter(Lines(style, {*secrets, *(previous.secrets if previous else ())}))
    log.setLevel(level)


class Lines(logging.Formatter):
    """Formats with structlog, from the first record on."""

    def __init__(self, style: Literal["text", "json"], secrets: Iterable[str]) -> None:
        super().__init__()
        self.secrets = frozenset(secrets)
        self._kind = style
        self._made: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self._made is None:
            self._made = _formatter(self._kind, self.secrets)
        return self._made.format(record)


def _formatter(style: str, secrets: Iterable[str]) -> logging.Formatter:
    from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
    from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

    from .redaction import Redactor

    return ProcessorFormatter(
        foreign_pre_chain=[add_log_level, add_logger_name, ExtraAdder(), _add_ids],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            TimeStamper(fmt="%Y-%m-%dT%H:%M:%S.%fZ", utc=True),
            format_exc_info,
            _redacting(Redactor(secrets)),
            JSONRenderer(ensure_ascii=False) if style == "json" else _as_text,
        ],
    )


def _add_ids(logger: Any, method: str, event: Event) -> Event:
    for name, value in current_ids().items():
        event.setdefault(name, value)
    return event


def _redacting(redactor: Redactor) -> Callable[[Any, str, Event], Event]:
    from .redaction import MASK, NAME_OF_SECRET

    def clean(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                str(name): MASK if NAME_OF_SECRET.search(str(name)) else clean(item) for name, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [clean(item) for item in value]
        return value if value is None or isinstance(value, bool | int | float) else redactor.named(str(value))

    def redact(logger: Any, method: str, event: Event) -> Event:
        cleaned: Event = clean(event)
        return cleaned

    return redact


def _as_text(logger: Any, method: str, event: Event) -> str:
    when, level, name = event.pop("timestamp"), event.pop("level").upper(), event.pop("logger")
    message, exception = event.pop("event"), event.pop("exception", "")
    more = "".join(f" {key}={value}" for key, value in sorted(event.items()) if key not in _SAID)
    return f"{when[:23]}Z {level} {name}: {message}{more}" + (f"\n{exception}" if exception else "")
