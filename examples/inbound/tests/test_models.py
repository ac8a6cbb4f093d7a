"""The migrations make the table that the model describes, and can be undone."""

from __future__ import annotations

from flask import Flask

from pegboard.live import board_of
from pegboard.migrations import differences, downgrade, pending, upgrade


def test_the_migrations_make_what_the_models_describe(board: Flask) -> None:
    plan = board_of(board).plan
    assert differences(board, plan, plan.database_url) == {}


def test_the_migrations_can_be_undone_and_done_again(board: Flask) -> None:
    plan = board_of(board).plan
    downgrade(board, plan, plan.database_url, "inbound", "base")
    assert pending(plan, plan.database_url) == ["inbound"]
    upgrade(board, plan, plan.database_url)
    assert pending(plan, plan.database_url) == []
