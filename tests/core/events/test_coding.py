"""Events are stored as JSON by the types of their fields, and read by code that is older or newer than what wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

import pytest

from pegboard.events import Event, NewerEvent, UnreadableEvent
from pegboard.events.coding import decoded, encoded
from pegboard.money import Money


@dataclass(frozen=True, slots=True)
class Everything(Event):
    """All that a field may be."""

    word: str
    number: int
    sure: bool
    key: UUID
    then: datetime
    price: Money
    tags: tuple[str, ...]
    prices: list[Money]
    maybe: Money | None
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, slots=True)
class Renamed(Event):
    """Called `name` what was called `title` in version 1."""

    version: ClassVar[int] = 2
    name: str

    @classmethod
    def upgrade(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        data["name"] = data.pop("title")
        return data


@dataclass(frozen=True, slots=True)
class Weight(Event):
    """Has a field that nobody can store."""

    kilograms: float


def everything(**values: Any) -> Everything:
    full: dict[str, Any] = {
        "word": "größe", "number": -1, "sure": False, "key": uuid4(), "then": datetime.now(UTC), "price": Money(0, "JPY"),
        "tags": ("a", "b"), "prices": [Money(1, "EUR")], "maybe": None,
    }  # fmt: skip
    return Everything(**full | values)


def test_every_type_of_field_comes_back_as_it_was() -> None:
    event = everything()
    again = decoded(Everything, 1, encoded(event))
    assert again == event
    assert type(again.tags) is tuple
    assert again.then.tzinfo is not None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"word": 1}, "Everything.word: int in place of str"),
        ({"number": True}, "Everything.number: bool in place of int"),
        ({"then": datetime(2026, 1, 1)}, "Everything.then: a time needs a time zone"),  # noqa: DTZ001
        ({"price": 5}, "Everything.price: int in place of Money"),
    ],
)
def test_a_value_of_another_type_is_refused_when_it_is_recorded(values: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        encoded(everything(**values))


def test_a_field_that_cannot_be_stored_is_refused_with_what_can() -> None:
    with pytest.raises(TypeError, match=r"Weight.kilograms: .*float.* cannot be stored: use str, int"):
        encoded(Weight(kilograms=1.5))


def test_what_an_older_version_stored_is_upgraded() -> None:
    event = Renamed(name="x")
    stored = json.loads(encoded(event))
    stored["title"] = stored.pop("name")
    assert decoded(Renamed, 1, json.dumps(stored)) == event


def test_what_a_newer_version_stored_waits_for_newer_code() -> None:
    with pytest.raises(NewerEvent, match="stored as version 3, this code knows 2"):
        decoded(Renamed, 3, "{}")


def test_a_class_that_changed_without_a_version_says_what_to_write() -> None:
    stored = json.loads(encoded(Renamed(name="x"))) | {"colour": "red"}
    del stored["name"]
    with pytest.raises(UnreadableEvent, match="differs from the class in colour, name: raise its version, and write"):
        decoded(Renamed, 2, json.dumps(stored))


def test_what_is_no_json_is_unreadable() -> None:
    with pytest.raises(UnreadableEvent, match="is no JSON"):
        decoded(Everything, 1, '{"word": ')


def test_a_value_that_cannot_be_read_is_named() -> None:
    stored = json.loads(encoded(everything())) | {"key": "nonsense"}
    with pytest.raises(UnreadableEvent, match="cannot be read"):
        decoded(Everything, 1, json.dumps(stored))


def test_money_is_whole_and_has_a_currency() -> None:
    assert str(Money(1050, "EUR").decimal) == "10.50"
    assert str(Money(1050, "JPY").decimal) == "1050"
    assert str(Money(1050, "KWD").decimal) == "1.050"
    for amount, currency, error in ((10.5, "EUR", TypeError), (True, "EUR", TypeError), (1, "eur", ValueError)):
        with pytest.raises(error):
            Money(amount, currency)  # type: ignore[arg-type]
