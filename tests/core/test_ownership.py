"""Models that no migration would reach are told so; tables that a plugin claims are its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from pegboard.board import Plan, assemble
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources

Planned = Callable[..., Plan]
_NUMBERS = itertools.count(1)
PLUGIN = "from pegboard import Plugin\n\n\nclass Own(Plugin):\n    name = {name!r}\n    tables = {tables!r}\n"
SHARED = """
from pegboard.db import db


class Note(db.Model):
    __tablename__ = "note_of_{name}"
    id = db.Column(db.Integer, primary_key=True)
"""
FOREIGN = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
BARE = """
import sqlalchemy as sa
from pegboard.db import metadata

links = sa.Table("{name}_links", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
WITHOUT_NAME = FOREIGN.replace("(DeclarativeBase)", "(ModelBase, DeclarativeBase)").replace(
    "from sqlalchemy.orm", "from pegboard.db import ModelBase\nfrom sqlalchemy.orm"
)


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """The plan of a plugin with these models, the tables it claims, and further modules; `{name}` stands for its name."""

    def make(models: str, *tables: str, **others: str) -> Plan:
        name = f"owner{next(_NUMBERS)}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        claimed = tuple(table.replace("{name}", name) for table in tables)
        (tmp_path / name / "plugin.py").write_text(PLUGIN.format(name=name, tables=claimed), encoding="utf-8")
        for file, text in {"models": models, **others}.items():
            (tmp_path / name / f"{file}.py").write_text(text.replace("{name}", name), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        settings = BoardSettings(env="test", builtins=())
        return assemble(given_sources({}), settings=settings, plugins=[f"{name}.plugin:Own"])

    return make


def test_models_on_a_metadata_of_their_own_are_told_what_to_take(planned: Planned) -> None:
    (problem,) = planned(FOREIGN).problems
    assert problem.key == "models"
    assert problem.message == "Note is on a MetaData of its own: no migration would make the table 'note'"
    assert "take `db` from pegboard.db" in problem.remedy


def test_models_of_another_database_may_be_in_another_module(planned: Planned) -> None:
    assert planned("from . import legacy\n", legacy=FOREIGN).problems == []


def test_a_table_that_nobody_owns_is_told_and_one_that_the_plugin_claims_is_its_own(planned: Planned) -> None:
    (problem,) = planned(SHARED).problems
    assert "which no plugin owns" in problem.message
    plan = planned(SHARED, "note_of_{name}")
    assert plan.problems == []
    (entry,) = plan.entries
    assert [table.name for table in entry.tables] == [f"note_of_{entry.name}"]


def test_models_that_come_from_elsewhere_in_the_package_count(planned: Planned) -> None:
    assert "which no plugin owns" in planned("from .stored import Note\n", stored=SHARED).problems[0].message


def test_a_bare_table_counts_as_a_model_does(planned: Planned) -> None:
    assert "links has the table" in planned(BARE).problems[0].message
    assert planned(BARE, "{name}_links").problems == []


def test_a_model_of_another_plugin_is_that_one_s(planned: Planned) -> None:
    assert planned("from pegboard.builtin.accounts.models import User\n").problems == []


def test_a_table_that_another_base_has_stamped_is_not_taken_over(planned: Planned) -> None:
    plan = planned("from pegboard.builtin.accounts.models import User\n", "users")
    assert plan.entries[0].tables == ()


def test_a_base_that_does_not_say_whose_it_is_is_told_what_to_write(planned: Planned) -> None:
    (problem,) = planned(WITHOUT_NAME).problems
    assert 'the base of note does not say whose tables these are: write plugin = "<name>" in it' in problem.message
