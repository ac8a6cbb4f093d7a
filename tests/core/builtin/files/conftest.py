"""Fixtures for the tests of files."""

from __future__ import annotations

from tests.core.builtin.files.boards import board, make_board, moody_board
from tests.postgres import new_database, postgres

__all__ = ["board", "make_board", "moody_board", "new_database", "postgres"]
