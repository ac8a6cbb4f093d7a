"""The database: one Flask-SQLAlchemy extension, one MetaData, and a model base for each plugin."""

from __future__ import annotations

from .models import ModelBase, UtcDateTime, metadata, utc_now
from .session import db, has_written, outside_transaction

__all__ = ["ModelBase", "UtcDateTime", "db", "has_written", "metadata", "outside_transaction", "utc_now"]
