"""One row per budget, and the table they are printed in."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from .measure import Estimate


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against its budget, if it has one. `unit` is `×`, `ms`, `µs` or `MiB`; without an estimate `note`
    says why."""

    name: str
    budget: float | None
    unit: str
    measured: Estimate | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`met` or `MISSED` where the whole interval says so; `unclear` where the budget lies inside it."""
        if self.measured is None:
            return "skipped"
        if self.budget is None:
            return "printed"
        if self.measured.high <= self.budget:
            return "met"
        if self.measured.low > self.budget:
            return "MISSED"
        return "met (unclear)" if self.measured.value <= self.budget else "MISSED (unclear)"


def table(rows: Iterable[Row]) -> str:
    """The rows as aligned text."""
    cells = [("what", "measured", "95 % interval", "budget", "verdict")]
    cells += [_cells(row) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def summary(row: Row) -> str:
    """The row alone, for those who do not wait for the table."""
    return "  " + "  ".join(cell for cell in _cells(row) if cell)


def announce(text: str) -> None:
    """Say what is being measured, apart from the table."""
    print(text, file=sys.stderr, flush=True)


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    budget = "" if row.budget is None else f"≤ {row.budget:g} {row.unit}"
    if row.measured is None:
        return row.name, "", "", budget, f"skipped: {row.note}"
    digits = 3 if row.unit == "×" else 2
    low, high = (f"{end:.{digits}f}" for end in (row.measured.low, row.measured.high))
    note = f" · {row.note}" if row.note else ""
    return row.name, f"{row.measured.value:.{digits}f} {row.unit}", f"{low} … {high}", budget, row.verdict + note
