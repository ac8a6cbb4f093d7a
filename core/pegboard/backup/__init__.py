"""A deployment in one archive: its database, and the folders of this machine that plugins keep files in.

The database is copied first. What is stored afterwards may be in the archive and is then known to no row, which harms
nobody; the other way round a row would lack its file. Restoring goes the other way: first the files, then the database
in one transaction, so an interruption leaves the old rows with the old files still there.
"""

from __future__ import annotations

from .archive import Contents, examine
from .restoring import put_back
from .saving import Saved, save

__all__ = ["Contents", "Saved", "examine", "put_back", "save"]
