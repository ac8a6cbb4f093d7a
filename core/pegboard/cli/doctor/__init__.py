"""`pegboard doctor`: every check in words, with what to do. One module for each group of checks."""

from __future__ import annotations

from .command import doctor
from .examination import examine
from .findings import Finding

__all__ = ["Finding", "doctor", "examine"]
