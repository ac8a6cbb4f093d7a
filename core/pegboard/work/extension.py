"""Where an application keeps the driver of its work."""

from __future__ import annotations

EXTENSION = "pegboard.work"
