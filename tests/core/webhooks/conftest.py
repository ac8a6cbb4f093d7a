"""Boards that are told things by Acme, on SQLite and on PostgreSQL."""

from __future__ import annotations

from tests.core.work.conftest import new_database, postgres, url

__all__ = ["new_database", "postgres", "url"]
