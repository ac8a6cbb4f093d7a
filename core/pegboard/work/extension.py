"""Where an application keeps the driver of its work, and who hears what became of each item that it has tried."""

from __future__ import annotations

EXTENSION = "pegboard.work"
ATTEMPTS = "pegboard.work.attempts"
