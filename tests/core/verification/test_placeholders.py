"""Values that a settings class accepts are made from its schema."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

import pytest
from pydantic import BaseModel, EmailStr, Field, HttpUrl, SecretStr, field_validator, model_validator

from pegboard import PluginSettings
from pegboard.verification.overlap import Rule, overlapping
from pegboard.verification.patterns import matching
from pegboard.verification.placeholders import placeholders


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", r"^sk_(test|live)_[A-Za-z0-9]+$", r"^https?://[^/\s?#@]+(/[^\s?#]*)?$",
        r"^G-[A-Z0-9]{10}$", r"^(/[A-Za-z0-9_.~-]+)*$", r"\d{3}-\w+", r"^#[0-9a-fA-F]{6}$", r"[^\W_]+.\S", "[ä]+", "a(?>b)c++",
    ],
)  # fmt: skip
def test_a_text_is_made_for_a_pattern(pattern: str) -> None:
    text = matching(pattern, "planted-key-7f3a")
    assert text is not None
    assert re.search(pattern, text)


def test_two_wishes_give_two_texts() -> None:
    assert matching("^[A-Z0-9]{12}$", "planted-one") != matching("^[A-Z0-9]{12}$", "planted-two")


def test_no_text_is_made_for_what_cannot_be_spelt() -> None:
    assert matching("(", "x") is None
    assert matching(r"(a)\1", "x") is None


class Everything(PluginSettings):
    kind: Literal["one", "two"]
    address: EmailStr
    site: HttpUrl
    measure: Annotated[str, Field(pattern="^G-[A-Z0-9]{10}$")] | None
    prefix: str = Field(pattern="^re_")
    share: float = Field(gt=3, le=4)
    names: tuple[str, ...] = Field(min_length=2)
    table: dict[str, int]
    example: SecretStr = Field(examples=["acme_0123456789"])
    long: SecretStr = Field(min_length=50, max_length=60)
    several: tuple[SecretStr, ...] = ()
    plain: str = "given"

    @field_validator("example")
    @classmethod
    def _is_acme(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("acme_"):
            raise ValueError("not of Acme")
        return value


def test_what_is_required_gets_a_value_and_nothing_else_does() -> None:
    filled = placeholders(Everything)
    assert filled.unfilled == []
    Everything.model_validate(filled.values)
    assert {"several", "plain"}.isdisjoint(filled.values)


def test_each_secret_gets_a_text_of_its_own() -> None:
    planted = placeholders(Everything, secrets=True).planted
    assert planted.keys() == {"example", "long", "several"}
    assert planted["example"] == "acme_0123456789"
    assert len(set(planted.values())) == 3
    Everything.model_validate(placeholders(Everything, secrets=True).values)


class Pair(PluginSettings):
    name: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.name is None) is not (self.password is None):
            raise ValueError("they come in pairs")
        return self


def test_a_secret_that_needs_a_companion_gets_it() -> None:
    assert placeholders(Pair, secrets=True).values.keys() == {"name", "password"}


class Server(BaseModel):
    host: str
    pin: SecretStr


class Tables(PluginSettings):
    servers: tuple[Server, ...] = ()
    keys: dict[str, SecretStr] = Field(default_factory=dict)


def test_a_secret_in_a_table_is_planted_and_what_stands_beside_it_is_no_secret() -> None:
    filled = placeholders(Tables, secrets=True)
    (server,) = filled.values["servers"]
    assert filled.unfilled == []
    assert filled.planted == {"servers": server["pin"], "keys": next(iter(filled.values["keys"].values()))}
    assert filled.planted["servers"] not in server["host"]
    Tables.model_validate(filled.values)


class Impossible(PluginSettings):
    never: str
    shut: SecretStr | None = None

    @field_validator("never", "shut")
    @classmethod
    def _never(cls, value: object) -> object:
        raise ValueError("never")


def test_what_finds_no_value_is_said() -> None:
    assert placeholders(Impossible).unfilled == ["never"]
    assert placeholders(Impossible, secrets=True).unfilled == ["never"]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("/a/<int:x>", "/a/<y>", True),
        ("/a/new", "/a/<y>", True),
        ("/a/new", "/a/<int:y>", False),
        ("/<path:all>", "/a/<int:y>", True),
        ("/a/<int:x>", "/a/<uuid:y>", False),
        ("/a/<int:x>", "/a/<int:y>", False),
        ("/a/<x>", "/b/<x>", False),
        ("/a/<any(b, c):x>", "/a/<y>", True),
        ("/a/<acme:x>", "/a/<acme:y>/z", False),
    ],
)
def test_rules_overlap_when_the_router_finds_one_address_in_both(one: str, other: str, overlap: bool) -> None:
    get = frozenset({"GET"})
    assert overlapping(Rule(one, get), Rule(other, get)) is overlap
    assert overlapping(Rule(other, get), Rule(one, get)) is overlap


def test_rules_of_other_methods_or_hosts_do_not_overlap() -> None:
    get, post = frozenset({"GET"}), frozenset({"POST"})
    assert not overlapping(Rule("/a/<x>", get), Rule("/a/b", post))
    assert not overlapping(Rule("/a/<x>", get, "a.example|"), Rule("/a/b", get))
