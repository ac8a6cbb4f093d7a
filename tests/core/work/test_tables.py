"""The core's tables come with the database, and are what its models describe."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import inspect

from pegboard.db import db
from pegboard.live import board_of
from pegboard.migrations import differences, downgrade
from pegboard.testing.boards import MakeBoard


def test_the_migration_makes_what_the_models_describe(app: Flask, url: str) -> None:
    assert differences(app, board_of(app).plan, board_of(app).plan.database_url) == {}


def test_they_can_be_taken_back(app: Flask) -> None:
    plan = board_of(app).plan
    downgrade(app, plan, plan.database_url, "core", "base")
    with app.app_context():
        assert not {"work", "work_gates", "work_replays"} & set(inspect(db.engine).get_table_names())


def test_a_board_without_a_database_has_none(make_board: MakeBoard) -> None:
    assert "sqlalchemy" not in make_board().extensions
