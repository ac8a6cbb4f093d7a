"""A board with a console, work that can fail, an administrator who may do everything and a person who may do nothing."""

from __future__ import annotations

import pytest
from flask import Flask

from pegboard.testing.boards import BoardClient, MakeBoard
from pegboard.testing.people import MakePerson, Person, SignIn
from tests.core.builtin.console.office import FAILING, Office


@pytest.fixture
def board(make_board: MakeBoard) -> Flask:
    FAILING["now"] = True
    return make_board("console", "accounts", Office)


@pytest.fixture
def admin(make_person: MakePerson) -> Person:
    return make_person("Ada", "admin")


@pytest.fixture
def client(sign_in: SignIn, admin: Person) -> BoardClient:
    """The browser of the administrator."""
    return sign_in(admin)
