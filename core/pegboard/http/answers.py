"""An answer of a vendor, read whole, and what is made of its body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pegboard.errors import ProviderError

M = TypeVar("M", bound=BaseModel)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_NAMES_OF_CODES = ("code", "type", "error_code", "errorCode", "name", "error", "status")


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` are found in any case. `links` are those of the header `Link`, by their relation."""

    provider: str
    operation: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str = ""
    links: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> Any:
        """The body, read as JSON. ProviderError where it is none; None where there is no body."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.failure("answered with something that is no JSON", permanent=False) from None

    def parsed(self, model: type[M]) -> M:
        """The body as an object of `model`. ProviderError says which fields are not as they should be."""
        return self.made(model, self.json())

    def made(self, model: type[M], value: Any) -> M:
        """A part of the body as an object of `model`."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            fields = _fields(error)
        raise self.another_form(value, fields)

    def another_form(self, value: Any, difference: str) -> ProviderError:
        """What to raise where a part of the body is not what it should be: often there is an error in its place."""
        code = error_key(value)
        return self.failure(
            f"answered with an error inside ({code})" if code else f"answered in another form: {difference}"
        )

    def failure(self, message: str, *, permanent: bool = True) -> ProviderError:
        """What to raise where this answer is not what was asked for. The vendor's own words are not for the message."""
        named = f" (request {self.request_id})" if self.request_id else ""
        return ProviderError(
            f"{message}{named}",
            provider=self.provider,
            operation=self.operation,
            permanent=permanent,
            status=self.status,
        )


def error_key(value: Any) -> str | None:
    """The vendor's code for an error that stands in `error` or `errors` of a JSON body; None where there is no error.

    Only a word that looks like a code is taken: sentences of vendors repeat what they were sent.
    """
    if not isinstance(value, Mapping):
        return None
    found = value.get("error") or value.get("errors")
    return (_code(found) or "unnamed") if found else None


def code_of(body: bytes) -> str:
    """The vendor's code in the body of a refusal; empty where none is found."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return _code(value) if isinstance(value, Mapping) else ""


def _code(value: Any, depth: int = 3) -> str:
    if isinstance(value, str):
        return value if _CODE.fullmatch(value) else ""
    if isinstance(value, list) and value and depth:
        return _code(value[0], depth - 1)
    if isinstance(value, Mapping) and depth:
        inside = ("error", "errors", *_NAMES_OF_CODES)
        return next((code for name in inside if (code := _code(value.get(name), depth - 1))), "")
    return ""


def _fields(error: ValidationError) -> str:
    """Where it differs, never what stands there."""
    wrong = [
        f"{'.'.join(map(str, one['loc'])) or 'the whole'} ({one['type']})" for one in error.errors(include_input=False)
    ]
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return ", ".join(wrong[:5]) + more
